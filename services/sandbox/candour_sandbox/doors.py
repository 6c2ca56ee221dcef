"""The ways into a running partnership: addresses, and tokens for whoever tries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from candour_protocol.ids import GATEWAY
from candour_protocol.tokens import access_token, audience_of

from candour_sandbox import cast
from candour_sandbox.estate import Estate, signing_key
from candour_sandbox.places import Places
from candour_sandbox.samples import samples

CLIENT = "sandbox"
TOKEN_LIFETIME = timedelta(days=30)
NODE_SCOPES = (
    "concerns.send",
    "requests.send",
    "requests.approve",
    "messages.read",
    "inbox.read",
    "inbox.answer",
    "audit.read",
)
RESTRICTED_SCOPE = "inbox.restricted"
GATEWAY_SCOPES = ("ops.read", "log.audit")


@dataclass(frozen=True, slots=True)
class AgencyDoor:
    """``token`` has every scope but ``inbox.restricted``, which ``restricted_token`` has too."""

    url: str
    kind: str
    token: str
    restricted_token: str


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses and tokens of a running partnership."""

    dashboard: str
    gateway: str
    gateway_token: str
    log_origin: str
    log_vkey: str
    registrar: Mapping[str, Any]
    agencies: Mapping[str, AgencyDoor]

    @property
    def nodes(self) -> Mapping[str, str]:
        """Each node's address."""
        return {agency: door.url for agency, door in self.agencies.items()}


def open_doors(estate: Estate, places: Places, clock: Callable[[], datetime]) -> Doors:
    """Addresses, and tokens made now."""
    verifier = estate.log_verifier()
    return Doors(
        dashboard=places.dashboard.url,
        gateway=places.gateway.url,
        gateway_token=_gateway_token(estate, clock()),
        log_origin=verifier.name,
        log_vkey=verifier.vkey,
        registrar=estate.registrar_key().jwk,
        agencies={
            agency: AgencyDoor(
                url=place.url,
                kind=samples().kinds[agency],
                token=_node_token(estate, agency, NODE_SCOPES, clock()),
                restricted_token=_node_token(estate, agency, (*NODE_SCOPES, RESTRICTED_SCOPE), clock()),
            )
            for agency, place in places.agencies.items()
        },
    )


def _gateway_token(estate: Estate, now: datetime) -> str:
    key = signing_key(estate.gateway / "token.jwk")
    party = audience_of(cast.NET, GATEWAY)
    return access_token(key, party, party, CLIENT, GATEWAY_SCOPES, now, TOKEN_LIFETIME)


def _node_token(estate: Estate, agency: str, scopes: tuple[str, ...], now: datetime) -> str:
    key = signing_key(estate.agency(agency).token_key)
    party = audience_of(cast.NET, agency)
    return access_token(key, party, party, CLIENT, scopes, now, TOKEN_LIFETIME, may_assert=True)
