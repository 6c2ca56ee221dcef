"""What a system that tells, asks and answers relies on: places to mend, keys that repeat, boards, pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.test_integration_keys import CONCERN, REQUEST
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

INLINE = {name: value for name, value in CONCERN.items() if name != "recipients"}
SECOND = {"staff_id": "brook", "name": "B. Brook", "role": "Deputy lead", "training_level": "DSL"}
LINE: dict[str, Any] = REQUEST["lines"][0]
EXCEPTION = "the child speaks of serious harm and nothing else would show it"


async def ask(town: Town, **changes: Any) -> dict[str, Any]:
    """A request with its concern; the request's own entry of the reply."""
    answer = await town.post(SCHOOL, "/v1/requests", REQUEST | {"concern": INLINE} | changes)
    assert answer.status_code == 202, answer.text
    return dict(answer.json()["messages"][-1])


async def returned(town: Town, **changes: Any) -> list[dict[str, Any]]:
    """The violations of a call whose every request came back."""
    answer = await town.post(SCHOOL, "/v1/requests", REQUEST | {"concern": INLINE} | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "returned"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return list(answer.json()["violations"])


def places(violations: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    return [(one["rule"], one["pointer"], one.get("hint")) for one in violations]


# -- returned, with the place ------------------------------------------------------------------------


async def test_an_unknown_code_is_returned_with_the_nearest_known_one(town: Town) -> None:
    found = await returned(town, lines=[LINE | {"category": "KNOWN_YNN"}])

    assert places(found) == [("R05", "/lines/0/category", "KNOWN_YN")]


async def test_a_mistyped_reason_of_openness_is_no_reason_in_words(town: Town) -> None:
    """A code that no list has is named; words of the author's own are sealed, and are a reason."""
    mistyped = {"position": "NOT_INFORMED", "reason": "RISK_TO_CHLD"}

    found = await returned(town, openness=mistyped)

    assert places(found) == [("R08", "/openness/reason", "RISK_TO_CHILD")]
    for words in ("he reads her telephone, and she asked us not to", "GRANDAD"):
        asked = await ask(town, openness=mistyped | {"reason": words}, countersigned_by=SECOND)
        shown = await town.message(SCHOOL, asked["id"])
        assert (shown["state"], shown["codes"]["openness"]["reason"]) == ("passed", "STATED")


async def test_a_rule_that_only_nodes_run_is_returned_with_its_place_as_a_dry_run_gives_it(
    town: Town,
) -> None:
    body = REQUEST | {"concern": INLINE, "lines": [LINE, LINE | {"because": "background"}]}

    checked = (await town.post(SCHOOL, "/v1/requests/check", body)).json()
    found = await returned(town, lines=body["lines"])

    assert places(found) == places(checked["violations"]) == [("R05", "/lines/1/because", None)]


async def test_whoever_declares_an_interest_asks_once_a_second_person_signs(town: Town) -> None:
    """Somebody else may sign beforehand, or approve while it waits."""
    author = REQUEST["author"] | {"interest": "the mother's employer"}
    child = {"name": "Ira Sallow", "birth_date": "2015-03-04", "nhs_number": "9990002037"}  # asked about once
    about = {
        "subject": child,
        "concern": INLINE | {"subject": child, "author": author},
        "lines": [LINE | {"person": child | {"role": "SUBJECT_CHILD"}}],
        "author": author,
    }

    checked = (await town.post(SCHOOL, "/v1/requests/check", REQUEST | about)).json()
    waiting = await ask(town, **about)
    held = await town.message(SCHOOL, waiting["id"])
    signed = await ask(town, **about, countersigned_by=SECOND)
    await town.post(
        SCHOOL, f"/v1/requests/{waiting['id']}/approval", {"who": SECOND, "why": "I have read it."}
    )

    (violation,) = held["verdict"]["violations"]
    assert (held["verdict"]["outcome"], checked["outcome"]) == ("held", "held")
    assert places(checked["violations"]) == places([violation]) == [("R07", "/author/interest", None)]
    assert violation["fix"].startswith("Have a colleague without that interest ask")
    assert (await town.message(SCHOOL, waiting["id"]))["verdict"]["outcome"] == "passed"
    shown = await town.message(SCHOOL, signed["id"])
    assert shown["verdict"]["outcome"] == "passed"
    assert shown["content"]["author"]["interest"] == "the mother's employer"


async def test_a_place_is_one_in_the_callers_body_whoever_the_line_is_for(town: Town) -> None:
    own, other = LINE | {"of": [CSC]}, LINE | {"of": [POLICE], "because": "background"}
    body = REQUEST | {"concern": INLINE, "recipients": [CSC, POLICE], "lines": [own, other]}

    checked = (await town.post(SCHOOL, "/v1/requests/check", body)).json()

    assert places(checked["violations"]) == [("R05", "/lines/1/because", None)]


async def test_a_line_for_somebody_who_is_not_asked_is_not_lost_in_silence(town: Town) -> None:
    body = REQUEST | {"concern": INLINE, "lines": [LINE, LINE | {"of": [CSC]}]}

    answer = await town.post(SCHOOL, "/v1/requests", body)

    assert answer.status_code == 422
    assert [place["pointer"] for place in answer.json()["errors"]] == ["/lines/1/of"]


async def test_a_place_is_named_once(town: Town) -> None:
    asked = await ask(town, lines=[LINE, LINE | {"question": "Any calls?"}])
    await town.courier.settle()

    sent = (await town.post(POLICE, f"/v1/requests/{asked['id']}/answer", {})).json()["messages"][0]

    shown = await town.message(POLICE, sent["id"])
    assert shown["state"] == "refused"
    assert len(shown["verdict"]["violations"]) == len(set(places(shown["verdict"]["violations"])))


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "/recipients", "This is needed."),
        ({"recipients": []}, "/recipients", "Give at least 1."),
        ({"recipients": CSC}, "/recipients", "This is a list: put it in [ ]."),
        ({"recipients": [CSC], "facts": "hungry"}, "/facts", "This is a list: put it in [ ]."),
        ({"recipients": [CSC], "facts": ["hungry"]}, "/facts/0", "This is an object with members: { }."),
        ({"recipients": [CSC], "impact": 7}, "/impact", "This is text: put it in quotation marks."),
    ],
)
async def test_a_member_of_the_wrong_type_is_named_in_plain_words(
    town: Town, body: Any, pointer: str, words: str
) -> None:
    answer = await town.post(SCHOOL, "/v1/concerns", body)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": pointer, "detail": words}]


async def test_a_parameter_out_of_bounds_is_named_in_plain_words(town: Town) -> None:
    answers = [await town.call(SCHOOL, "GET", f"/v1/inbox?limit={limit}") for limit in ("0", "201", "x")]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert [answer.json()["errors"] for answer in answers] == [
        [{"pointer": "/query/limit", "detail": words}]
        for words in ("At least 1.", "At most 200.", "This is a whole number.")
    ]


# -- a second person ---------------------------------------------------------------------------------


async def test_nobody_approves_what_they_asked_themselves_and_is_told_who_can(town: Town) -> None:
    held = await ask(town, lines=[LINE | {"category": "POLICE_INTEL", "exception": EXCEPTION}])
    path = f"/v1/requests/{held['id']}/approval"

    own = (await town.post(SCHOOL, path, {"who": REQUEST["author"]})).json()["messages"][0]
    refused = await town.message(SCHOOL, own["id"])
    second = (await town.post(SCHOOL, path, {"who": SECOND})).json()["messages"][0]

    assert held["state"] == "held"
    assert (own["state"], second["state"]) == ("refused", "passed")
    assert "somebody else than the author" in refused["verdict"]["violations"][0]["fix"]
    await town.courier.settle()
    assert (await town.message(SCHOOL, held["id"]))["state"] == "delivered"


async def test_nobody_is_a_second_person_by_typing_their_staff_id_otherwise(town: Town) -> None:
    lines = [LINE | {"category": "POLICE_INTEL", "exception": EXCEPTION}]
    author = REQUEST["author"]
    again = {"staff_id": f" {author['staff_id'].upper()} ", "name": "Somebody Else", "training_level": "DSL"}

    signed = await ask(town, lines=lines, countersigned_by=again)
    path = f"/v1/requests/{signed['id']}/approval"
    approved = (await town.post(SCHOOL, path, {"who": again, "why": "I have read it."})).json()

    assert signed["state"] == "held"
    assert [one["state"] for one in approved["messages"]] == ["refused"]


# -- the board ---------------------------------------------------------------------------------------


async def test_an_answer_that_came_back_does_not_stand_on_the_board(town: Town) -> None:
    asked = await ask(town)
    await town.courier.settle()
    thread = (await town.message(POLICE, asked["id"]))["thread"]
    path = f"/v1/requests/{asked['id']}/answer"

    await town.post(POLICE, path, {"outcomes": [{"line": 1, "outcome": "REFUSED"}]})
    returned_to = (await town.call(POLICE, "GET", f"/v1/threads/{thread}")).json()["board"]
    await town.post(
        POLICE, path, {"outcomes": [{"line": 1, "outcome": "NEED_MORE"}], "decider": REQUEST["author"]}
    )
    await town.courier.settle()

    boards = [
        (await town.call(who, "GET", f"/v1/threads/{thread}")).json()["board"] for who in (POLICE, SCHOOL)
    ]
    assert [line["outcome"] for line in returned_to] == [None]
    assert [line["outcome"] for board in boards for line in board] == ["NEED_MORE", "NEED_MORE"]
    assert {line["holder"] for board in boards for line in board} == {POLICE}


# -- the same key, the same answer -------------------------------------------------------------------


async def test_the_same_key_gives_the_same_answer_whatever_has_happened_since(town: Town) -> None:
    call: Any = {"json": CONCERN, "headers": {"Idempotency-Key": "morning-1", "Prefer": "wait=10"}}

    first = await town.call(SCHOOL, "POST", "/v1/concerns", **call)
    await town.courier.settle()
    again = await town.call(SCHOOL, "POST", "/v1/concerns", **call)

    assert first.status_code == again.status_code == 202
    assert first.content == again.content


async def test_what_was_returned_under_a_key_is_returned_alike(town: Town) -> None:
    call: Any = {"json": REQUEST, "headers": {"Idempotency-Key": "morning-2", "Prefer": "wait=10"}}

    first = await town.call(SCHOOL, "POST", "/v1/requests", **call)
    again = await town.call(SCHOOL, "POST", "/v1/requests", **call)

    assert first.status_code == again.status_code == 422
    assert first.json()["message"]["id"] == again.json()["message"]["id"]


# -- deciding ----------------------------------------------------------------------------------------


async def test_an_empty_decision_decides_nothing_and_words_for_one_are_kept(town: Town) -> None:
    told = (await town.post(SCHOOL, "/v1/concerns", CONCERN)).json()["messages"][0]["id"]
    await town.courier.settle()
    path = f"/v1/concerns/{told}/decision"

    await town.post(CSC, path, {})
    after_nothing = await town.arrived(SCHOOL, told)
    answer = (await town.post(CSC, path, {"decision": "we ring on Friday"})).json()
    said = answer["messages"][0]["id"]

    assert after_nothing["state"] == "delivered"
    assert "sent as not final" in answer["notices"][0]
    assert (await town.arrived(SCHOOL, told))["state"] == "delivered"
    assert (await town.message(SCHOOL, said))["content"]["feedback"] == "we ring on Friday"


# -- pages -------------------------------------------------------------------------------------------


async def test_pages_of_any_size_show_every_item_once(town: Town) -> None:
    whole = [item["id"] for item in await town.inbox(POLICE)]

    for limit in ("1", "2", "3"):
        seen: list[str] = []
        link: str | None = f"/v1/inbox?limit={limit}"
        while link is not None:
            page = await town.call(POLICE, "GET", link)
            seen += [item["id"] for item in page.json()["items"]]
            link = page.json()["links"]["next"]
            assert link is None or page.headers["link"] == f'<{link}>; rel="next"'
        assert seen == whole
    assert len(whole) > 3


async def test_a_slash_too_many_is_no_address_and_no_redirect(town: Town) -> None:
    answer = await town.call(SCHOOL, "GET", "/v1/inbox/", headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_the_token_call_is_documented_with_the_errors_that_oauth_libraries_read(town: Town) -> None:
    document = (await town.call(SCHOOL, "GET", "/openapi.json")).json()
    answers = document["paths"]["/oauth/token"]["post"]["responses"]

    answer = await town.call(SCHOOL, "POST", "/oauth/token", token="", content=b"grant_type=password")

    assert answer.status_code == 400
    assert list(answers["400"]["content"]) == list(answers["401"]["content"]) == ["application/json"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"] == "unsupported_grant_type"
