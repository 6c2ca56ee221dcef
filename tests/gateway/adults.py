"""A partnership that names adults by tokens, and what its gateway says of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from candour_gateway.effects import Notified
from candour_protocol.ids import AgencyId, StatementHash, Txn, sha256_text
from candour_protocol.kinds import NoticeCodes, Pattern
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import load_policy
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway import postgres
from tests.gateway.partnership import CSC, GP, POLICY, SCHOOL, a_txn, an_actor, attested
from tests.gateway.world import World, found, open_world

NAMING = POLICY.replace(b"adults = false", b"adults = true")


@asynccontextmanager
async def opened(
    engine: str, folder: Path, request: pytest.FixtureRequest, policy: bytes
) -> AsyncIterator[World]:
    """A partnership of a test's own by this policy, its gateway running on this engine."""
    server = request.getfixturevalue("server") if engine == "postgresql" else ""
    url = await postgres.create(server) if server else ""
    try:
        async with open_world(await found(folder, url, policy)) as world:
            yield world
    finally:
        if server:
            await postgres.drop(server, url)


def child(name: str) -> JsonValue:
    """The tokens of a child that nothing else names."""
    return ["v1." + sha256_text(name.encode())]


def adult(*numbers: str) -> JsonValue:
    """The tokens of adults, one for each number."""
    return [*sorted("a1." + sha256_text(number.encode()) for number in numbers)]


DEZ = adult("dez")


def alleged(world: World, about: str, frm: AgencyId = GP, to: AgencyId = CSC, **codes: JsonValue) -> Issued:
    """A concern about a child to whom an adult is alleged to be a risk."""
    own: dict[str, JsonValue] = {"child": child(about), "adults": DEZ, **codes}
    return world.partnership.concern(frm, to, **own)


async def asked(world: World, about: str, frm: AgencyId = GP, to: AgencyId = SCHOOL, **codes: Any) -> Issued:
    """A request about a child, and about an adult; its concern, which ``told`` changes, names nobody."""
    txn = codes.pop("txn", a_txn())
    checks = attested("R02", "R03", "R13", ruleset=_rules(world))
    about_it = {"child": child(about), "txn": txn, "checks": checks, **codes.pop("told", {})}
    told = world.partnership.concern(frm, to, **about_it)
    await world.arrive(told)
    request = asking(world, about, told.statement.hash, txn, frm, to, **codes)
    await world.submit(request)
    return request


def asking(
    world: World, about: str, concern: StatementHash, txn: Txn, frm: AgencyId, to: AgencyId, **codes: Any
) -> Issued:
    """The request alone."""
    checks = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13", ruleset=_rules(world))
    own: dict[str, Any] = {"child": child(about), "txn": txn, "adults": DEZ, "checks": checks, **codes}
    return world.partnership.request([concern], frm, to, **own)


def _rules(world: World) -> str:
    return load_policy(world.partnership.policy).id


def shown(world: World, agency: AgencyId) -> list[dict[str, Any]]:
    """The patterns of concerns that an agency was shown."""
    codes = [world.codes(each.body) for each in world.deliveries(agency)]
    found = [each["about"] for each in codes if each.get("notice") == "pattern"]
    return [each for each in found if isinstance(each, dict)]


async def said_as_judged_again(world: World) -> None:
    """Judging the log again finds the very patterns that were given notice of (INV-6)."""
    said: list[tuple[str, object]] = []
    for agency in world.partnership.parties:
        told = [each.body for each in world.deliveries(agency)]
        codes = [world.codes(body) for body in {body.jwt: body for body in told}.values()]
        said += [(agency, _about(each)) for each in codes if each.get("notice") == "pattern"]
    again = [(each.to, each.about) for each in (await world.replay()).told if _is_pattern(each)]
    assert sorted(map(repr, said)) == sorted(map(repr, again))


def _about(codes: Any) -> object:
    return NoticeCodes.model_validate(codes).about


def _is_pattern(told: Notified) -> bool:
    return told.notice == "pattern" and isinstance(told.about, str | Pattern)


def link(world: World, frm: AgencyId, to: AgencyId, *joins: JsonValue) -> Issued:
    """A person joins children or threads."""
    return world.partnership.say(Kind.LINK, frm, to, {"actor": an_actor(), "joins": [*joins]})
