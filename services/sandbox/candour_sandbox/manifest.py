"""``sandbox.json``: where everything is and how to get in. There only while the sandbox is ready."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from candour_sandbox import durable
from candour_sandbox.estate import Estate


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


def write(estate: Estate, doors: Doors) -> None:
    """Say that all is ready. Source: protocol section 10."""
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
        "processes": {"sandbox": os.getpid()},
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
