"""``erasure``: what some statements said is to be deleted wherever the exchange keeps it. Protocol section 6.

Plain claims, so it stays in the log for good: it names statements by their hashes, and says nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from candour_protocol.errors import MismatchError, ProofError
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Notice
from candour_protocol.kinds.lists import Kind
from candour_protocol.registry_facts import Voice
from candour_protocol.statement import Body, Statement, issue, match


def erase(by: Voice, names: Sequence[StatementHash], now: datetime) -> str:
    """The JWT of an erasure of 1 to 10 statements, by their issuer or the registrar.

    Raises:
        MalformedError: ``claims``; not as many names, or one of them twice.
    """
    draft = replace(by.draft(Kind.ERASURE, now), erases=tuple(names))
    return issue(draft, by.key, None).statement.jwt


def is_spoken_of(statement: Statement, body: Body) -> bool:
    """Whether it is the gateway's word that something is to be deleted, or is; its proof comes with it."""
    if statement.claims.kind is not Kind.NOTICE:
        return False
    notice = (match(statement, body) or {}).get("notice")
    return notice in (Notice.ERASURE, Notice.ERASED)


def check(erasure: Statement, verdict: str, notice: Statement, body: Body) -> None:
    """That what came with a notice is an erasure of what that is about, and was not returned.

    Args:
        verdict: that of the erasure's entry.

    Raises:
        MismatchError, ProofError: it is not.
    """
    about = (match(notice, body) or {}).get("about")
    named = erasure.claims.kind is Kind.ERASURE and about in erasure.claims.erases
    if not named or notice.claims.irt != erasure.hash:
        raise MismatchError("mismatch", "the erasure is of something else", pointer="/approval")
    if verdict not in ("passed", "flagged", "held"):
        raise ProofError("not-passed", "the log holds the erasure with a verdict that lets nothing through")
