"""An agency on the queue names adults by the same tokens as a node, where the policy wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.gateway.adults import NAMING
from tests.gateway.partnership import SCHOOL
from tests.journeys.personal import RUFUS
from tests.partners.bodies import a_concern, a_request
from tests.partners.district import District, open_district
from tests.services.pair import AMQP_URL

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def naming(
    tmp_path_factory: pytest.TempPathFactory, services: Mapping[str, str]
) -> AsyncIterator[District]:
    """A district whose policy names adults."""
    async with open_district(tmp_path_factory.mktemp("naming"), services[AMQP_URL], NAMING) as opened:
        await opened.surgery.listen()
        yield opened


async def test_a_partner_names_an_adult_in_concern_and_request_and_the_node_finds_the_same(
    naming: District,
) -> None:
    told = await naming.surgery.tell(_with(a_concern(), household=[RUFUS]))
    await naming.surgery.has(told, "opened")
    asked = await naming.surgery.ask(_with(a_request(told), persons=[*_persons(a_request(told)), RUFUS]))

    found = [await naming.surgery.has(each, "opened") for each in (told, asked)]
    codes = [(await naming.arrived(each))["codes"] for each in (told, asked)]
    assert [each["opened"] for each in found] == ["sound", "sound"]
    assert codes[0]["adults"] == codes[1]["adults"]
    assert len(codes[0]["adults"]) == 1


async def test_in_a_restricted_inbox_it_names_nobody(naming: District) -> None:
    told = await naming.surgery.tell(_with(a_concern(), household=[RUFUS]) | {"to": f"{SCHOOL}/restricted"})

    shown = await naming.surgery.has(told, "opened")
    assert shown["opened"] == "sound"
    assert "adults" not in (await naming.message(told))["codes"]


def _with(given: dict[str, Any], **content: Any) -> dict[str, Any]:
    return given | {"content": given["content"] | content}


def _persons(given: dict[str, Any]) -> list[Any]:
    found: list[Any] = given["content"]["persons"]
    return found
