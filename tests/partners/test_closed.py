"""An agency on the queue tells a closed inbox, and its cover: node and gateway see the same owed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from candour_protocol import profiles, registry_facts
from candour_protocol.ids import sha256_text
from candour_protocol.profiles import Day, Hours

from tests.gateway.partnership import CSC, SCHOOL
from tests.partners.bodies import a_concern
from tests.partners.district import District, open_district
from tests.services.pair import AMQP_URL

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shut(
    tmp_path_factory: pytest.TempPathFactory, services: Mapping[str, str]
) -> AsyncIterator[District]:
    """A district whose school is read on one day of the week, days from now; social care looks meanwhile."""
    async with open_district(tmp_path_factory.mktemp("shut"), services[AMQP_URL]) as opened:
        await _close_school(opened)
        await opened.surgery.listen()
        yield opened


async def _close_school(district: District) -> None:
    party = district.partnership.parties[SCHOOL]
    profile = profiles.parse(party.profile)
    day = tuple(Day)[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    hours = (Hours(days=(day,), opens="09:00", closes="15:00"),)
    inboxes = tuple(
        each.model_copy(update={"hours": hours, "cover": f"{CSC}/{each.name}"}) for each in profile.inboxes
    )
    raw = profiles.dump(profile.model_copy(update={"inboxes": inboxes}))
    fact = registry_facts.profile(party.voice, SCHOOL, sha256_text(raw), district.partnership.clock())
    await district.gateway.admit_registry(fact, raw)
    await district.school.desk.registering.refresh()


async def _told(district: District, concern: dict[str, Any], *more: str) -> tuple[str, str]:
    """A concern, and what its author is told beside its id."""
    file = district.surgery.write(concern)
    status, jti, said = await district.surgery.attempt("tell", file, *more)
    assert status == 0, said
    return jti, said


def _due(owed: list[dict[str, Any]]) -> dict[str, datetime]:
    """When what people owe is due, by what it is."""
    people = (one for one in owed if one["kind"] != "delivery")
    return {one["kind"]: datetime.fromisoformat(one["due_at"]) for one in people}


async def _listed(district: District, jti: str) -> dict[str, datetime]:
    """The same, as the gateway has it."""
    return _due([one for one in await district.obligations() if one["id"] == jti])


async def test_a_closed_inboxs_cover_gets_a_copy_and_owes_until_it_opens(shut: District) -> None:
    told, said = await _told(shut, a_concern(urgency="RED"))
    copy = said.split()[-1]

    await shut.surgery.has(told, "opened")
    of_copy = await shut.surgery.has(copy)
    at_school = (await shut.arrived(told))["obligations"]

    shown = await shut.surgery.show(told)
    assert f"{CSC} looks while it is, and gets a copy: {copy}" in said
    assert (of_copy["party"], of_copy["verdict"], of_copy["thread"]) == (CSC, "passed", shown["thread"])
    assert (of_copy["content"], of_copy["codes"]["child"]) == (shown["content"], shown["codes"]["child"])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    listed, of_cover = await _listed(shut, told), await _listed(shut, copy)
    assert listed == _due(at_school)
    assert set(listed) == set(of_cover) == {"acknowledgement", "decision"}
    assert max(of_cover.values()) < tomorrow < min(listed.values())


async def test_what_its_author_keeps_to_whom_they_named_is_not_copied_and_they_are_told_to_ring(
    shut: District,
) -> None:
    told, said = await _told(shut, a_concern(urgency="RED", marks=["NO_ONWARD"]))

    await shut.surgery.has(told, "opened")
    at_school = (await shut.arrived(told))["obligations"]
    assert "Ring them if this cannot wait." in said
    assert await _told_in(shut, told) == 1
    assert await _listed(shut, told) == _due(at_school)


async def test_what_is_repeated_under_one_key_is_copied_once(shut: District) -> None:
    first, said = await _told(shut, a_concern(urgency="RED"), "--once", "case 12")
    again, silent = await _told(shut, a_concern(urgency="RED"), "--once", "case 12")

    assert first == again
    assert (CSC in said, silent) == (True, "")
    assert await _told_in(shut, first) == 2


async def _told_in(district: District, jti: str) -> int:
    """How many concerns are in its thread."""
    thread = str((await district.surgery.show(jti))["thread"])
    told = "SELECT count(*) FROM message WHERE kind = 'concern' AND txn = ?"
    return int(district.surgery.look_up(told, thread))
