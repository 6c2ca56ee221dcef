"""A bound port for every service, before any of them is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from candour_protocol.ids import GATEWAY

from candour_sandbox import cast
from candour_sandbox.listeners import Place, release, reserve

FIRST_AGENCY = 101
DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True)
class Places:
    """An agency keeps its port whoever else takes part."""

    dashboard: Place
    gateway: Place
    agencies: Mapping[str, Place]

    @classmethod
    def reserve(cls, base_port: int, agencies: Sequence[str]) -> Places:
        """Bind them all.

        Raises:
            PortTakenError: one is taken; none stays bound.
        """
        wanted = {DASHBOARD: base_port, GATEWAY: base_port + 1}
        ports = {agency: base_port + FIRST_AGENCY + n for n, agency in enumerate(cast.PARTS)}
        wanted |= {agency: port for agency, port in ports.items() if agency in agencies}
        bound: dict[str, Place] = {}
        try:
            for service, port in wanted.items():
                bound[service] = reserve(service, port)
        except Exception:
            release(tuple(bound.values()))
            raise
        return cls(bound.pop(DASHBOARD), bound.pop(GATEWAY), bound)

    @property
    def every(self) -> Sequence[Place]:
        """All of them."""
        return (self.dashboard, self.gateway, *self.agencies.values())
