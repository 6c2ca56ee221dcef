"""What rests on an allegation against staff: no ordinary inbox learns of it by what is asked, or why."""

from __future__ import annotations

from typing import Any

import pytest
from candour_agency import asking
from candour_agency.directing import Directed
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject

from tests.agency.gateway_double import Seen
from tests.agency.partnership import CSC, LADO, POLICE, SCHOOL, Office, Partnership, a_request
from tests.agency.protected import ALLEGATION, withheld_from_school

SECRET = f"{SCHOOL}/restricted"
LODGED = withheld_from_school(reason="STAFF_ALLEGATION", lodged_with=LADO)


async def _asked(office: Office, to: str, told: str) -> tuple[list[str], list[str]]:
    sent = await office.post("/v1/requests", a_request(to, concern_ids=[told]))
    return [one["recipient"] for one in sent["messages"]], sent.get("notices", [])


def _request(partnership: Partnership) -> StatementHash:
    return partnership.gateway.of_kind(Kind.REQUEST)[-1].statement.hash


@pytest.mark.parametrize(
    ("to", "members", "asked"),
    [
        (SCHOOL, ALLEGATION, SECRET),
        (LADO, ALLEGATION | {"withheld": LODGED}, SECRET),
        (LADO, {"withheld": LODGED}, SECRET),
        (LADO, {"withheld": LODGED | {"reason": "POLICE_PREJUDICE"}}, SCHOOL),
        (LADO, ALLEGATION | {"withheld": LODGED | {"from": SECRET}}, SCHOOL),  # its reader is not to know
    ],
)
async def test_what_rests_on_an_allegation_is_asked_in_the_restricted_inbox(
    police: Office, to: str, members: dict[str, Any], asked: str
) -> None:
    told = await police.tell(to, **members)

    reached, notices = await _asked(police, SCHOOL, told)
    checked = await police.call("POST", "/v1/requests/check", a_request(SCHOOL, concern_ids=[told]))

    assert reached == [asked]
    assert any("asked in the restricted inbox" in one for one in notices) is (asked == SECRET)
    assert checked.json()["notices"] == notices


async def test_an_allegation_is_passed_on_where_what_rests_on_it_is_asked(gp: Office, csc: Office) -> None:
    told = await gp.tell(CSC, **ALLEGATION)
    await csc.until(told, "delivered")

    reached, _ = await _asked(csc, POLICE, told)

    assert reached == [f"{POLICE}/restricted"] * 2


async def test_whoever_has_an_allegation_in_an_ordinary_inbox_is_asked_there(
    csc: Office, lado: Office, police: Office
) -> None:
    told = await csc.tell(LADO, **ALLEGATION)
    await lado.until(told, "delivered")

    back, _ = await _asked(lado, CSC, told)
    to_officer, _ = await _asked(csc, LADO, told)

    assert (back, to_officer) == ([CSC], [LADO])


@pytest.mark.parametrize(
    ("members", "inbox"),
    [
        (ALLEGATION | {"withheld": LODGED}, "restricted"),
        ({"withheld": LODGED | {"reason": "POLICE_PREJUDICE"}}, "general"),
        (ALLEGATION | {"withheld": LODGED | {"from": SECRET}}, "general"),
    ],
)
async def test_a_lodgees_word_is_sealed_to_the_inbox_that_is_asked(
    police: Office, lado: Office, partnership: Partnership, members: dict[str, Any], inbox: str
) -> None:
    told = await police.tell(LADO, **members)
    await lado.until(told, "delivered")
    await police.until(await police.ask(SCHOOL, concern_ids=[told]))
    txn = (await police.message(told))["thread"]
    notice = partnership.gateway.notify(LADO, "lodged", _request(partnership), txn)
    await partnership.courier.quiet()

    who = {"who": {"staff_id": "ames", "name": "T. Ames"}, "why": "The nurse is on shift on Friday."}
    given = await lado.post(f"/v1/inbox/{notice.statement.claims.jti}/word", who)

    assert (await lado.message(given["messages"][0]["id"]))["inbox"] == inbox


async def test_what_is_asked_of_an_ordinary_inbox_all_the_same_is_shown_in_the_restricted_one(
    police: Office, school: Office, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "set_apart", lambda _directory, named, _cited: Directed(tuple(named)))
    told = await police.tell(LADO, **(ALLEGATION | {"withheld": LODGED}))
    await police.until(told)
    concern = next(one for one in partnership.gateway.of_kind(Kind.CONCERN))
    txn = (await police.message(told))["thread"]
    partnership.gateway.notify(SCHOOL, "lodged", _stub(concern), txn)

    asked = await police.ask(SCHOOL, concern_ids=[told])
    shown = await school.until(asked, "delivered")

    ordinary = school.with_scopes("inbox.read", "messages.read")
    assert shown["inbox"] == "restricted"
    assert (await school.call("GET", f"/v1/messages/{asked}", token=ordinary)).status_code == 404
    assert (await school.get("/v1/inbox", token=ordinary))["items"] == []


def _stub(concern: Seen) -> JsonObject:
    return {
        "statement": concern.statement.hash,
        "classes": ["physical", "staff_allegation"],
        "urgency": "RED",
        "need_level": "L4",
        "lodged_with": LADO,
    }
