"""``GET /v1/protocol``: the rules, code lists, clocks and matrix by which everybody is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

from candour_protocol.codes import CODE_LISTS, Coded, CodeList
from candour_protocol.kinds.lists import IN_FORCE
from candour_protocol.rules.examples import Example
from candour_protocol.rules.fixes import FIXES
from candour_protocol.rules.table import RULES
from fastapi import APIRouter
from pydantic import BaseModel

from candour_gateway.api.desk import AtDesk

_OF_THEIR_OWN = ("clocks", "deadlines", "matrix", "nations")

router = APIRouter(prefix="/v1", tags=["partnership"])


@router.get("/protocol")
async def protocol(desk: AtDesk) -> dict[str, Any]:
    """One rule set for everybody; ``policy`` is the SHA-256 of the file at ``/v1/policies/{policy}``."""
    await desk.admission.catch_up()
    policy = desk.policy
    settled = policy.model_dump(mode="json", exclude={"id", "phrases"})
    return {
        "version": 1,
        "net": policy.net,
        "policy": policy.id,
        "policies": list(desk.directory.registry.policy_digests),
        "log": {"origin": desk.keys.log.name, "vkey": desk.keys.log.verifier.vkey},
        "kinds": sorted(kind.value for kind in IN_FORCE),
        "rules": [_plain(rule) | {"fixes": _plain(FIXES[rule.id])} for rule in RULES],
        "codes": {name: _codes(listed) for name, listed in CODE_LISTS.items()},
        "clocks": settled["clocks"] | {"deadlines": settled["deadlines"], "speed": policy.clock_speed},
        "matrix": settled["matrix"],
        "nations": settled["nations"],
        "numbers": {name: settled[name] for name in settled if name not in _OF_THEIR_OWN},
    }


def _codes(listed: CodeList) -> dict[str, Any]:
    return {
        "title": listed.title,
        "source": listed.source,
        "maps_to": listed.maps_to,
        "codes": [_code(code) for code in listed.codes],
    }


def _code(code: Coded) -> dict[str, Any]:
    return {
        "code": code.value,
        "display": code.display,
        "definition": code.definition,
        "maps_to": code.maps_to,
        "active_from": code.active_from.isoformat() if code.active_from else None,
        "active_to": code.active_to.isoformat() if code.active_to else None,
    }


def _plain(value: Any) -> Any:
    """Rules and their examples as JSON; functions are left out."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Example):
        return value.as_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return {name: _plain(each) for name, each in fields.items() if not callable(each)}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value
