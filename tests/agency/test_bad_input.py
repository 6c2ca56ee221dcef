"""What people and systems send by mistake: a clear refusal, never a 500, and nothing is sent."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from candour_agency.api.limits import MAX_BODY

from tests.agency.partnership import CSC, Office, Partnership, a_concern, a_request, a_subject


async def _raw(office: Office, body: bytes, path: str = "/v1/concerns", **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {office.token}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await office.http.post(path, content=body, headers=sent)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"recipients": NaN}',
        b'{"recipients": 1e400}',
        b'{"recipients": 1.5}',
        b'{"recipients": ' + b"1" * 5000 + b"}",
        b'{"recipients": ' + b"[" * 100_000,
        b'{"recipients": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"recipients": [], "recipients": []}',
        b'{"recipients": ["\\ud800"]}',
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    school: Office, partnership: Partnership, body: bytes
) -> None:
    answer = await _raw(school, body)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert partnership.courier.submitted == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"recipients": "shire-csc"}, "/recipients"),
        ({"recipients": []}, "/recipients"),
        ({"recipients": [7]}, "/recipients/0"),
        ({"facts": "He fell"}, "/facts"),
        ({"facts": [{"what": 5}]}, "/facts/0/what"),
        ({"facts": [{"what": "x", "who": "y"}]}, "/facts/0/who"),
        ({"subject": {"name": ["x"]}}, "/subject/name"),
        ({"subject": {"surname": "x"}}, "/subject/surname"),
        ({"onward_to": ["No Such!"]}, "/onward_to/0"),
        ({"withheld": {"from": "??"}}, "/withheld/from"),
        ({"withheld": {"review_on": "soon"}}, "/withheld/review_on"),
        ({"pays_back": "nothing"}, "/pays_back"),
        ({"thread": "nothing"}, "/thread"),
        ({"what_is_this": 1}, "/what_is_this"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"categories": [1]}, "/categories/0"),
    ],
)
async def test_a_member_that_cannot_be_used_is_pointed_at(
    school: Office, partnership: Partnership, changes: dict[str, Any], pointer: str
) -> None:
    answer = await school.call("POST", "/v1/concerns", a_concern(**changes))

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert partnership.courier.submitted == []


@pytest.mark.parametrize(
    "recipient", ["nobody-here", "shire-csc/none", "UPPER CASE", "hill-school", "a/b/c", ""]
)
async def test_an_unknown_recipient_is_named_by_its_place(school: Office, recipient: str) -> None:
    answer = await school.call("POST", "/v1/concerns", a_concern(recipients=[CSC, recipient]))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unknown-recipient")
    assert problem["errors"][0]["pointer"] == "/recipients/1"


async def test_only_a_recipient_is_needed_everything_else_is_for_the_rules(
    school: Office, csc: Office
) -> None:
    told = await school.post("/v1/concerns", {"recipients": [CSC]})
    asked = await school.post("/v1/requests", {"recipients": [CSC]})

    assert (await school.until(told["messages"][0]["id"], "delivered"))["opened"] == "thin"
    assert (await school.until(asked["messages"][0]["id"], "delivered"))["state"] == "delivered"


async def test_null_blank_and_absent_are_the_same(school: Office) -> None:
    body = a_concern(impact=None, safe_tonight="", whereabouts="  ", need_level=None, author={"name": ""})

    shown = await school.message((await school.post("/v1/concerns", body))["messages"][0]["id"])

    assert not {"impact", "safe_tonight", "whereabouts"} & set(shown["content"])
    assert shown["codes"]["need_level"] is None


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(school: Office) -> None:
    answers = [
        await _raw(school, b'{"impact": "' + b"x" * MAX_BODY + b'"}'),
        await _raw(school, b"x" * (8 * 1024 * 1024)),
        await _raw(school, b"{}", Content_Length="9" * 30),
    ]

    assert {answer.status_code for answer in answers} == {413}
    assert answers[0].json()["code"] == "body-too-large"


async def test_31_kib_of_story_go_through_and_33_do_not(school: Office, csc: Office) -> None:
    words = " ".join(f"gair{number}" for number in range(10_000))
    story = [{"what": words[: 31 * 1024], "when": "2026-11-20", "basis": "RECORD"}]
    longer = [{"what": words[: 33 * 1024], "when": "2026-11-20", "basis": "RECORD"}]

    short = await school.post("/v1/concerns", a_concern(facts=story, impact=None))
    long = await school.call("POST", "/v1/concerns", a_concern(facts=longer))

    assert (await csc.until(short["messages"][0]["id"], "delivered"))["opened"] == "sound"
    assert (long.status_code, long.json()["code"]) == (413, "story-too-long")
    assert "reply" in long.json()["detail"]


async def test_a_story_too_long_to_be_passed_on_is_to_be_told_in_own_words(
    school: Office, csc: Office, police: Office
) -> None:
    words = " ".join(f"gair{number}" for number in range(10_000))
    told = await school.tell(facts=[{"what": words[: 30 * 1024], "when": "2026-11-20", "basis": "RECORD"}])
    await csc.until(told, "delivered")

    answer = await csc.call("POST", "/v1/requests", a_request("shire-police", concern_ids=[told]))

    assert (answer.status_code, answer.json()["code"]) == (413, "story-too-long")
    assert "own words" in answer.json()["detail"]


async def test_the_framework_speaks_in_problems_too(school: Office) -> None:
    answers = {
        404: await school.http.get("/v2/nothing"),
        405: await school.http.delete("/v1/concerns"),
        415: await _raw(school, b"<x/>", Content_Type="text/xml"),
        422: await school.call("GET", "/v1/inbox?limit=many"),
    }

    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].startswith("urn:candour:problem:")
    assert "POST" in answers[405].headers["allow"]


@pytest.mark.parametrize("cursor", ["x", "....", "MA", "%00", "MCAtNQ", "A" * 64])
async def test_a_cursor_that_is_none_is_refused(school: Office, cursor: str) -> None:
    answer = await school.call("GET", f"/v1/inbox?after={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")


@pytest.mark.parametrize("key", ["", "x" * 256, "two words"])
async def test_an_idempotency_key_that_is_none_is_refused(school: Office, key: str) -> None:
    answer = await school.call("POST", "/v1/concerns", a_concern(), Idempotency_Key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")


async def test_no_problem_repeats_what_was_typed(school: Office) -> None:
    secret = "Rowan-Ashbyte-9990001014"
    bodies: list[dict[str, Any]] = [
        a_concern(facts=[{"what": 5, "when": secret, secret: 1}]),
        a_concern(recipients=[secret]),
        a_concern(onward_to=[secret]),
        a_concern(subject=a_subject(nhs_number=[secret])),
        a_request(CSC, concern_ids=[secret]),
    ]

    answers = [await school.call("POST", "/v1/concerns", body) for body in bodies[:4]]
    answers.append(await school.call("POST", "/v1/requests", bodies[4]))

    for answer in answers:
        assert answer.status_code == 422
        told = {**answer.json(), "errors": [one["detail"] for one in answer.json()["errors"]]}
        assert secret not in json.dumps(told)


async def test_too_much_of_anything_is_refused(school: Office) -> None:
    line = a_request(CSC)["lines"][0]
    answers = [
        await school.call("POST", "/v1/requests", a_request(CSC, lines=[line] * 41)),
        await school.call("POST", "/v1/requests", a_request(CSC, concern_ids=["x"] * 11)),
        await school.call("POST", "/v1/concerns", a_concern(facts=[{"what": "x"}] * 65)),
        await school.call("POST", "/v1/concerns", a_concern(recipients=[CSC] * 41)),
        await school.call("POST", "/v1/concerns", a_concern(subjects=[a_subject()] * 21)),
    ]

    assert {answer.status_code for answer in answers} == {422}


ODDITIES: list[Any] = [
    None,
    "",
    0,
    -1,
    2**53 - 1,
    2**60,
    1.5,
    True,
    [],
    {},
    [None],
    [[]],
    {"a": 1},
    "x" * 5000,
    "\u202e\u0000",
    "ÄÖ",
    "shire-csc",
    "EMERGENCY",
]


def _twisted(value: Any, dice: random.Random) -> Any:
    """A body with some of its members left out, added, or replaced by something odd."""
    if dice.random() < 0.12:
        return dice.choice(ODDITIES)
    if isinstance(value, dict):
        kept = {name: _twisted(member, dice) for name, member in value.items() if dice.random() > 0.07}
        return kept | (
            {dice.choice(["x", "role", "key"]): dice.choice(ODDITIES)} if dice.random() < 0.05 else {}
        )
    return [_twisted(item, dice) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_sent_is_taken_or_refused_and_never_fails(
    school: Office, csc: Office, partnership: Partnership, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same bodies in each run
    concern = a_concern(
        CSC,
        household=[a_subject(role="PARENT_PR")],
        child_view={"code": "SOUGHT", "text": "t"},
        handling=["NOT_FAMILY", "NOT_NAMED_PERSON:x"],
        onward_to=["shire-police"],
        withheld={"from": "shire-csc", "reason": "COURT", "second_signer": {"staff_id": "b"}},
        attachments=[{"name": "x", "size": 3}],
    )
    request = a_request(CSC, concern=concern, countersigned_by={"staff_id": "z"}, danger_line="d")

    for path, body in (("/v1/concerns", concern), ("/v1/requests", request), ("/v1/requests/check", request)):
        answer = await school.call("POST", path, _twisted(body, dice))
        assert answer.status_code < 500, answer.text

    await partnership.courier.quiet()
    assert partnership.courier.parked == []
    assert {item["opened"] for item in await csc.inbox()} <= {"sound", "thin"}
