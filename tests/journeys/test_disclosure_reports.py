"""Accounting for one person: who was told, who asked, what was disclosed and refused, with the receipts."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.receipt import verify

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_request_for
from tests.journeys.personal import IDRIS, MERLE, RUFUS, TAMSIN
from tests.journeys.saying import INSPECTOR, NOTHING, SENDERS_LEAD, WORKER, Asked, ask, problem, say, tell
from tests.journeys.town import EVERYTHING, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWAN = {"name": "Rowan Tallis", "birth_date": "2017-06-05", "nhs_number": "9990002045"}
UNKNOWN_NUMBER = {"name": "Wren Sorrel", "birth_date": "2018-11-30"}


async def report(town: Town, who: AgencyId, person: dict[str, Any], **more: Any) -> dict[str, Any]:
    scopes = more.pop("scopes", EVERYTHING)
    answer = await town.call(
        who,
        "POST",
        "/v1/disclosure-reports",
        json={"person": person} | more,
        token=town.token(who, scopes),
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kinds(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["kind"], one["direction"]) for one in found["items"]]


def row(found: dict[str, Any], agency: AgencyId) -> dict[str, int]:
    """What is counted of one agency, noughts left out."""
    (one,) = [each for each in found["summary"] if each["agency"] == agency]
    return {name: count for name, count in one.items() if name != "agency" and count}


async def answered(town: Town, asked: Asked) -> None:
    """The police disclose the first line, and refuse the second."""
    outcomes = [
        {"line": 1, "outcome": "DISCLOSED_FULL", "text": NOTHING},
        {
            "line": 2,
            "outcome": "REFUSED",
            "reason": "OUT_OF_SCOPE",
            "text": "The second question goes far beyond what was told to us about this child.",
            "would_change_if": "a concern that speaks of this",
        },
    ]
    body = {"outcomes": outcomes, "decider": INSPECTOR}
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", body)


async def test_both_sides_account_for_what_was_told_asked_disclosed_and_refused(town: Town) -> None:
    await tell(town, SCHOOL, CSC, subject=IDRIS)
    asked = await ask(town, lines=2, child=ROWAN)
    await answered(town, asked)

    asker, holder = await report(town, CSC, ROWAN), await report(town, POLICE, ROWAN)

    assert kinds(asker)[:4] == [
        ("concern", "in"),
        ("concern", "out"),
        ("request", "out"),
        ("answer", "in"),
    ]
    assert row(asker, SCHOOL) == {"they_told": 1}
    assert row(asker, POLICE) == {
        "we_told": 1,
        "we_asked": 1,
        "they_disclosed": 1,
        "they_refused": 1,
    }
    assert row(holder, CSC) == {"they_told": 1, "they_asked": 1, "we_disclosed": 1, "we_refused": 1}
    assert {one["thread"] for one in asker["items"]} == {asked.thread}


async def test_every_line_has_what_was_said_and_a_receipt_that_verifies(town: Town) -> None:
    told = await tell(town, SCHOOL, CSC, subject=MERLE)

    (line,) = (await report(town, SCHOOL, {"nhs_number": "999 000 1049"}))["items"]

    assert line["id"] == told
    assert line["content"]["subject"]["name"] == MERLE["name"]
    assert verify(line["receipt"], town.verifier).index == line["log_index"]
    assert (line["match"], line["not_for_family"]) == ("sure", False)


async def test_what_was_passed_on_is_found_by_name_in_its_originators_words(town: Town) -> None:
    asked = await ask(town, child=UNKNOWN_NUMBER | {"address": "9 Sample Rise"})

    found = await report(town, POLICE, {"name": "wren  SORREL", "birth_date": "2018-11-30"})

    assert [one["id"] for one in found["items"]] == [asked.relay, asked.request]
    assert {one["match"] for one in found["items"]} == {"sure"}


async def test_a_grown_up_of_the_household_is_found_and_a_name_alone_is_marked(town: Town) -> None:
    bryn = {"name": "Bryn Calloway", "role": "PARTNER_OF_PARENT"}
    told = await tell(town, SCHOOL, CSC, subject=IDRIS, household=[bryn, RUFUS])

    by_name = await report(town, SCHOOL, {"name": "Bryn Calloway", "birth_date": "1988-01-02"})
    by_number = await report(town, SCHOOL, {"nhs_number": RUFUS["nhs_number"]})

    assert [(one["id"], one["match"]) for one in by_name["items"]] == [(told, "by-name")]
    assert (told, "sure") in [(one["id"], one["match"]) for one in by_number["items"]]


async def test_another_birth_date_is_somebody_else(town: Town) -> None:
    namesake = {"name": TAMSIN["name"], "birth_date": "2011-01-01"}
    await tell(town, SCHOOL, CSC, subject=TAMSIN)

    assert (await report(town, SCHOOL, namesake))["items"] == []


async def test_what_the_family_must_not_see_says_so_with_all_that_follows_from_it(town: Town) -> None:
    child = {"name": "Isla Fenwick", "birth_date": "2015-12-24"}
    told = await tell(town, SCHOOL, CSC, subject=child, handling=["NOT_FAMILY"])
    who = {"name": "B. Okri", "role": "Social worker"}
    await say(town, CSC, f"/v1/inbox/{told}/acknowledgement", who, method="PUT")

    items = (await report(town, SCHOOL, child))["items"]

    assert [one["kind"] for one in items] == ["concern", "acknowledgement"]
    assert [one["not_for_family"] for one in items] == [True, True]
    assert items[1]["about"] == told


async def test_what_speaks_of_a_whole_thread_is_kept_from_the_family_with_it(
    town: Town,
) -> None:
    child = {"name": "Orla Penhale", "birth_date": "2015-10-02"}
    told = await tell(town, SCHOOL, CSC, subject=child, handling=["NOT_FAMILY"])
    thread = (await town.message(SCHOOL, told))["thread"]
    link = {
        "joins": ["r1." + "A" * 43],
        "recipients": [CSC],
        "why": "The same injuries, told under another name.",
        "author": SENDERS_LEAD,
    }
    await say(town, SCHOOL, f"/v1/threads/{thread}/links", link)

    for who in (SCHOOL, CSC):
        items = (await report(town, who, child))["items"]
        assert [(one["kind"], one["not_for_family"], one["marks"]) for one in items] == [
            ("concern", True, ["NOT_FAMILY"]),
            ("link", True, ["NOT_FAMILY"]),
        ]


async def test_a_request_has_the_marks_of_what_it_rests_on_in_another_thread_too(town: Town) -> None:
    child = {"name": "Corin Blythe", "birth_date": "2014-05-30", "address": "4 Sample Rise"}
    ordinary = await tell(town, CSC, POLICE, subject=child)
    marked = await tell(town, CSC, POLICE, subject=child, handling=["NOT_FAMILY"])
    asking = a_request_for(POLICE, ordinary, subject=child, author=WORKER)
    lines = [asking["lines"][0] | {"person": child | {"role": "SUBJECT_CHILD"}}]
    await say(town, CSC, "/v1/requests", asking | {"concern_ids": [ordinary, marked], "lines": lines})

    for who in (CSC, POLICE):
        items = (await report(town, who, child))["items"]
        assert [(one["kind"], one["not_for_family"]) for one in items] == [
            ("concern", False),
            ("concern", True),
            ("request", True),
        ]


async def test_a_suspicion_of_made_up_illness_is_reviewed_with_no_mark_either(town: Town) -> None:
    child = {"name": "Lowen Tregear", "birth_date": "2018-08-08"}
    told = {"position": "INFORMED_AGREED"}  # so that the node adds none
    await tell(town, SCHOOL, CSC, subject=child, categories=["PERPLEXING_FII"], openness=told)

    (line,) = (await report(town, CSC, child))["items"]

    assert (line["not_for_family"], line["marks"]) == (True, [])


async def test_what_is_restricted_is_there_only_for_who_may_see_it(town: Town) -> None:
    child = {"name": "Noor Hale", "birth_date": "2014-03-09"}
    await tell(town, SCHOOL, recipients=[f"{CSC}/restricted"], subject=child)

    ordinary = await report(town, CSC, child, scopes=["audit.read"])
    cleared = await report(town, CSC, child, scopes=["audit.read", "inbox.restricted"])

    assert (ordinary["count"], ordinary["items"], ordinary["summary"]) == (0, [], [])
    assert cleared["count"] == 1


async def test_pages_go_on_where_the_last_one_ended(town: Town) -> None:
    child = {"name": "Piers Lunt", "birth_date": "2013-02-02"}
    told = [await tell(town, SCHOOL, CSC, subject=child) for _ in range(3)]

    first = await report(town, SCHOOL, child, limit=2)
    second = await report(town, SCHOOL, child, limit=2, after=first["next"])

    assert [one["id"] for one in (*first["items"], *second["items"])] == told
    assert (first["count"], second["count"], second["next"]) == (3, 3, None)


async def test_only_the_days_that_are_wanted(town: Town) -> None:
    child = {"name": "Una Marsh", "birth_date": "2012-07-07"}
    await tell(town, SCHOOL, CSC, subject=child)
    today = town.clock().date().isoformat()

    assert (await report(town, SCHOOL, child, since=today, until=today))["count"] == 1
    assert (await report(town, SCHOOL, child, until="2020-01-01"))["count"] == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"person": {"name": "Jayden"}}, "/person"),
        ({"person": {}}, "/person"),
        ({"person": ROWAN, "since": "2026-02-30"}, "/since"),
        ({"person": ROWAN, "after": "bm8"}, "/after"),
        ({"person": ROWAN, "limit": 201}, "/limit"),
        ({}, "/person"),
    ],
)
async def test_a_report_that_cannot_be_made_says_what_to_give(
    town: Town, body: dict[str, Any], pointer: str
) -> None:
    status, code, found = await problem(town, SCHOOL, "/v1/disclosure-reports", body)

    assert (status, code) == (422, "invalid-body")
    assert [place["pointer"] for place in found["errors"]] == [pointer]
