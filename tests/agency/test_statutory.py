"""A known case of FGM is reported to the police as well: whoever tells somebody else of it is reminded."""

from __future__ import annotations

from typing import Any

import pytest
from candour_agency import statutory
from candour_agency.directory import Directory
from candour_agency.schemas.concern import ConcernBody
from candour_protocol.codes import AgencyKind
from candour_protocol.profiles import Nation

from tests.agency.partnership import CSC, POLICE, Office, a_concern, a_request

CUT = {"categories": ["FGM"]}


@pytest.mark.parametrize(
    ("members", "reminded"),
    [
        (CUT, True),
        ({"categories": ["neglect", "fgm"]}, True),
        (CUT | {"recipients": [CSC, POLICE]}, False),
        ({"categories": ["PHYSICAL_ADULT"]}, False),
    ],
)
async def test_whoever_tells_of_fgm_and_not_the_police_is_reminded_of_their_duty(
    school: Office, csc: Office, members: dict[str, Any], reminded: bool
) -> None:
    body = a_concern(CSC) | members

    answer = await school.post("/v1/concerns", body)
    checked = (await school.call("POST", "/v1/concerns/check", body)).json()

    for notices in (answer.get("notices", []), checked["notices"]):
        assert any("section 5B" in each for each in notices) is reminded
    assert (await csc.until(answer["messages"][0]["id"], "delivered"))["verdict"]["outcome"] == "passed"


async def test_it_is_so_of_a_concern_that_is_told_with_a_question(csc: Office) -> None:
    told = {name: value for name, value in a_concern(CSC, **CUT).items() if name != "recipients"}

    asked = [
        await csc.post("/v1/requests", a_request(to, concern_ids=[], concern=told))
        for to in ("hill-school", POLICE)
    ]

    said = [any("section 5B" in each for each in one.get("notices", [])) for one in asked]
    assert said == [True, False]


@pytest.mark.parametrize(
    ("kind", "nation", "reminded"),
    [
        (AgencyKind.SCHOOL, Nation.WALES, True),
        (AgencyKind.SCHOOL, Nation.SCOTLAND, False),
        (AgencyKind.SCHOOL, Nation.NORTHERN_IRELAND, False),
        (AgencyKind.POLICE, Nation.ENGLAND, False),
    ],
)
async def test_the_duty_is_of_england_and_wales_and_the_police_have_nobody_to_report_to(
    school: Office, monkeypatch: pytest.MonkeyPatch, kind: AgencyKind, nation: Nation, reminded: bool
) -> None:
    directory = school.node.desk.office.directory
    own = directory.profile(directory.agency)
    assert own is not None
    changed = own.model_copy(update={"kind": kind, "nation": nation})
    others = Directory.profile
    monkeypatch.setattr(
        Directory, "profile", lambda self, agency: changed if agency == own.id else others(self, agency)
    )
    body = ConcernBody.model_validate(a_concern(CSC, **CUT))

    found = list(statutory.notices(directory, body, [directory.recipient(CSC, "/recipients/0")]))

    assert bool(found) is reminded
