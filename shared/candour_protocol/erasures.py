"""``erasure``: what some statements said is to be deleted wherever the exchange keeps it. Protocol section 6.

Plain claims, so it stays in the log for good: it names statements by their hashes, and says nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from candour_protocol.ids import GATEWAY, Jti, StatementHash, new_uuid7
from candour_protocol.kinds.lists import Kind
from candour_protocol.registry_facts import LIFETIME, Voice
from candour_protocol.statement import Draft, issue


def erase(by: Voice, names: Sequence[StatementHash], now: datetime) -> str:
    """The JWT of an erasure of 1 to 10 statements, by their issuer or the registrar.

    Raises:
        MalformedError: ``claims``; not as many names, or one of them twice.
    """
    iat = int(now.timestamp())
    draft = Draft(
        net=by.net,
        iss=by.iss,
        aud=GATEWAY,
        jti=Jti(new_uuid7(now)),
        iat=iat,
        exp=iat + int(LIFETIME.total_seconds()),
        kind=Kind.ERASURE,
        erases=tuple(names),
    )
    return issue(draft, by.key, None).statement.jwt
