"""``sandbox.json``: where everything is and how to get in. There only while the sandbox is ready."""

from __future__ import annotations

import json
from collections.abc import Mapping

from candour_sandbox import durable
from candour_sandbox.doors import AgencyDoor, Doors
from candour_sandbox.estate import Estate


def write(estate: Estate, doors: Doors, processes: Mapping[str, int]) -> None:
    """Say that all is ready, and by which processes. Source: protocol section 10."""
    content = {
        "ready": True,
        "dashboard": doors.dashboard,
        "gateway": {
            "url": doors.gateway,
            "token": doors.gateway_token,
            "log": {"origin": doors.log_origin, "vkey": doors.log_vkey},
            "registrar": dict(doors.registrar),
        },
        "witnesses": [],
        "agencies": {agency: _door(door) for agency, door in doors.agencies.items()},
        "processes": dict(processes),
    }
    durable.write(estate.manifest, json.dumps(content, indent=1) + "\n", mode=0o600)


def _door(door: AgencyDoor) -> dict[str, str]:
    return {
        "url": door.url,
        "kind": door.kind,
        "token": door.token,
        "restricted_token": door.restricted_token,
    }


def remove(estate: Estate) -> None:
    durable.remove(estate.manifest)
