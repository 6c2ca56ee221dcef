"""What the gateway itself tells a party: statements of kind ``notice``, signed by its own key and logged."""

from __future__ import annotations

from datetime import datetime, timedelta

from candour_protocol.ids import GATEWAY, AgencyId, Jti, StatementHash, new_uuid7
from candour_protocol.keys import SigningKey
from candour_protocol.kinds import ConcernCodes
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Draft, issue

from candour_gateway.casebook import Casebook, Logged
from candour_gateway.screening import matched
from candour_gateway.verdict import Submission, Verdict

RELAY = "relay"
LIFETIME = timedelta(days=7)


class Herald:
    """Makes the notices that follow from a verdict."""

    def __init__(self, net: str, key: SigningKey) -> None:
        self._net = net
        self._key = key

    def after(self, logged: Logged, verdict: Verdict, at: datetime, book: Casebook) -> list[Submission]:
        """The originator of a concern hears that it was passed on. Source: protocol section 3.1."""
        codes = logged.codes
        if not verdict.passes or not isinstance(codes, ConcernCodes):
            return []
        original = book.find(codes.relays)
        if original is None or original.iss == logged.aud:
            return []
        return [self._notice(original.iss, codes.txn, original.hash, at)]

    def _notice(self, to: AgencyId, txn: str, about: StatementHash, at: datetime) -> Submission:
        iat = int(at.timestamp())
        draft = Draft(
            net=self._net,
            iss=GATEWAY,
            aud=to,
            jti=Jti(new_uuid7(at)),
            iat=iat,
            exp=iat + int(LIFETIME.total_seconds()),
            kind=Kind.NOTICE,
            codes={"txn": txn, "actor": None, "notice": RELAY, "about": about},
        )
        issued = issue(draft, self._key, None)
        return matched(issued.statement, issued.body)
