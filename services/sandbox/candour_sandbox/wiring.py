"""What each service is told: the same settings, whether it runs in this process or in one of its own."""

from __future__ import annotations

import json
from typing import Any

from candour_agency.settings import Settings as AgencySettings
from candour_dashboard.settings import Settings as DashboardSettings
from candour_gateway.settings import Settings as GatewaySettings
from candour_protocol.ids import GATEWAY, GENERAL, RESTRICTED
from pydantic import BaseModel, SecretStr

from candour_sandbox import cast
from candour_sandbox.doors import Doors
from candour_sandbox.estate import Estate
from candour_sandbox.places import Places
from candour_sandbox.premises import Premises


class Wiring:
    """Makes the settings of one sandbox's services."""

    def __init__(self, estate: Estate, places: Places, premises: Premises) -> None:
        self._estate = estate
        self._places = places
        self._premises = premises

    def gateway(self, **more: Any) -> GatewaySettings:
        """The gateway's; the same for each of its workers."""
        return GatewaySettings(
            database=self._premises.databases[GATEWAY],
            keys=self._estate.gateway,
            policy=self._estate.policy,
            registrar=self._estate.registrar,
            transport=self._premises.couriers[GATEWAY],
            public_url=self._places.gateway.url,
            **more,
        )

    def node(self, agency: str, **more: Any) -> AgencySettings:
        """One agency's node's."""
        own = self._estate.agency(agency)
        verifier = self._estate.log_verifier()
        return AgencySettings(
            agency=agency,
            net=cast.NET,
            database=self._premises.databases[agency],
            sign_key=own.sign_key,
            client_key=own.client_key,
            token_key=own.token_key,
            seal_keys={inbox: (own.seal_key(inbox),) for inbox in (GENERAL, RESTRICTED)},
            actor_key=own.actor_key,
            partnership_keys=(self._estate.partnership_key,),
            policy=self._estate.policy,
            transport=self._premises.couriers[agency],
            gateway_url=self._places.gateway.url,
            log_vkey=verifier.vkey,
            log_origin=verifier.name,
            registrar=self._estate.registrar,
            public_url=self._places.agencies[agency].url,
            **more,
        )

    def dashboard(self, doors: Doors, **more: Any) -> DashboardSettings:
        """The health page's."""
        return DashboardSettings(
            gateway_url=doors.gateway,
            token=SecretStr(doors.gateway_token),
            log_vkey=doors.log_vkey,
            services=doors.nodes,
            checkpoint_file=self._estate.root / "dashboard.checkpoint",
            **more,
        )


def environment(settings: BaseModel) -> dict[str, str]:
    """The variables that tell a process of its own these settings."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    given = settings.model_dump(mode="json", include=settings.model_fields_set)
    for name in given:
        if isinstance(secret := getattr(settings, name), SecretStr):
            given[name] = secret.get_secret_value()
    return {f"{prefix}{name}".upper(): _text(value) for name, value in given.items()}


def _text(value: Any) -> str:
    """As pydantic-settings reads it: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
