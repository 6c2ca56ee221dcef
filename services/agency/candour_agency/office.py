"""Whom this node speaks for.

Its agency, its keys, and whom it knows. Handed to everything that signs or opens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from candour_protocol.ids import GENERAL, Address, AgencyId
from candour_protocol.kinds import Reach
from candour_protocol.opening import Opener

from candour_agency.directory import Directory
from candour_agency.keyring import Keyring

Clock = Callable[[], datetime]
URGENT: Final = frozenset({"EMERGENCY", "RED"})


@dataclass(frozen=True, slots=True)
class Office:
    """One agency in one partnership. ``clock`` gives aware UTC instants."""

    net: str
    agency: AgencyId
    keys: Keyring
    directory: Directory
    clock: Clock

    @property
    def opener(self) -> Opener:
        """What opens statements for this agency, by the registry as it is now."""
        keys, directory = self.keys, self.directory
        return Opener(
            net=self.net,
            keys=keys.opening,
            inboxes=keys.inboxes,
            partnership=keys.partnership,
            registry=directory.registry,
            rule_set=directory.policies.get,
        )

    def own_reach(self) -> Reach | None:
        """How this agency is reached, by its own entry in the directory."""
        contact = self.directory.contact(Address(self.agency, GENERAL))
        return Reach(name=contact.name, phone=contact.phone) if contact.phone else None
