"""Which statement another one is about, as its codes or its claims say. Pure.

Source: protocol section 3.1.
"""

from __future__ import annotations

from typing import Final

from candour_protocol.errors import MismatchError
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.statement import Body, Statement, match
from candour_protocol.strict_json import JsonObject

# The member of T1 that names it, where the kind has one.
_MEMBERS: Final = {
    Kind.APPROVAL: "approves",
    Kind.CHALLENGE: "challenges",
    Kind.CORRECTION: "corrects",
    Kind.LINK: "undoes",
    Kind.NOTICE: "about",
}


def about(kind: Kind, irt: StatementHash | None, codes: JsonObject | None) -> StatementHash | None:
    """What it is about; a pattern that a notice shows is no statement."""
    named = (codes or {}).get(_MEMBERS[kind]) if kind in _MEMBERS else None
    return StatementHash(named) if isinstance(named, str) else irt


def about_unopened(statement: Statement, body: Body) -> StatementHash | None:
    """The same of what has just come; what does not fit its signature is found out later."""
    claims = statement.claims
    if claims.kind not in _MEMBERS:
        return claims.irt
    try:
        return about(claims.kind, claims.irt, match(statement, body))
    except MismatchError:
        return claims.irt
