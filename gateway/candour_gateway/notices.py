"""What the gateway itself tells a party: statements of kind ``notice``, signed by its own key and logged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from candour_protocol.ids import GATEWAY, Jti, StatementHash, new_uuid7
from candour_protocol.keys import SigningKey
from candour_protocol.kinds import Lodged, Pattern
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Draft, issue
from candour_protocol.strict_json import JsonObject

from candour_gateway.effects import Effect, Notified
from candour_gateway.screening import matched
from candour_gateway.verdict import Submission

LIFETIME = timedelta(days=7)


class Herald:
    """Puts into words what follows from a verdict."""

    def __init__(self, net: str, key: SigningKey) -> None:
        self._net = net
        self._key = key

    def after(self, effects: Iterable[Effect], at: datetime) -> Iterator[Submission]:
        """A notice for each thing that a party is to be told."""
        for effect in effects:
            if isinstance(effect, Notified):
                yield self._notice(effect, at)

    def _notice(self, told: Notified, at: datetime) -> Submission:
        """It answers what brought it about: mostly what it is about, whose lane it takes."""
        iat = int(at.timestamp())
        about, named = _about(told.about)
        draft = Draft(
            net=self._net,
            iss=GATEWAY,
            aud=told.to,
            jti=Jti(new_uuid7(at)),
            iat=iat,
            exp=iat + int(LIFETIME.total_seconds()),
            kind=Kind.NOTICE,
            irt=told.because or named,
            codes={"txn": told.txn, "actor": None, "notice": told.notice.value, "about": about},
        )
        issued = issue(draft, self._key, None)
        return matched(issued.statement, issued.body)


def _about(about: StatementHash | Pattern | Lodged) -> tuple[JsonObject | str, StatementHash | None]:
    if isinstance(about, Pattern):
        return about.model_dump(mode="json"), None
    if isinstance(about, Lodged):
        return about.model_dump(mode="json"), about.statement
    return about, about
