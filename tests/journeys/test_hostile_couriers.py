"""What a courier can do who holds no key: hold back, mutilate, misroute, repeat and swap.

A node takes in what is proven, once, and parks the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from candour_protocol.ids import sha256_text
from candour_protocol.strict_json import JsonValue
from candour_protocol.transport.port import Ack, Outbound, PublishResult
from candour_protocol.transport.topology import DELIVER, Lane
from candour_protocol.wire import (
    Answered,
    ApprovalPart,
    Delivered,
    Problem,
    parse_inbound,
    render_answered,
    render_delivered,
    render_problem,
)

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.hostile import Signed, Surgery
from tests.journeys.personal import SEEN
from tests.journeys.spoiled import HOSTILE, Spoil
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def caught(surgery: Surgery, statement: Signed) -> Delivered:
    """A passed concern that the courier keeps to itself: its proper message to the school."""
    (first, *_) = await held_back(surgery, statement)
    return first


async def held_back(surgery: Surgery, *statements: Signed) -> list[Delivered]:
    courier = surgery.town.courier
    courier.keep_from(SCHOOL)
    for statement in statements:
        assert (await surgery.judge(statement))[0] in ("passed", "flagged")
    courier.let_through()
    return [_sent(surgery.town, statement) for statement in statements]


def _sent(town: Town, statement: Signed) -> Delivered:
    """The message that the gateway made of a statement."""
    name = statement.body.jwt.encode()
    sent = [each for each in town.courier.published if name in each.body and each.exchange == DELIVER]
    found = [parse_inbound(each.body) for each in sent]
    return next(each for each in found if isinstance(each, Delivered))


# -- bytes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "json"),
        (b"not json", "json"),
        (b"{}", "body"),
        (b"[" * 100_000, "json"),
        (b'{"statement":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json"),
        (b" " * (8 * 1024 * 1024), "size"),
        (b'{"problem":NaN,"digest":""}', "json"),
        (b'{"problem":"x","digest":""}', "hash"),
        (b'{"jti":"1","receipt":"","violations":[]}', "uuid7"),
        (b'{"statement":"x~","sealed":"","receipt":""}', "header"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
async def test_bytes_that_no_gateway_sends(town: Town, raw: bytes, reason: str) -> None:
    assert await town.parked(SCHOOL, raw) == reason


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_json_around_a_true_message(surgery: Surgery, town: Town, spoil: Spoil) -> None:
    true = render_delivered(await caught(surgery, surgery.concern().signed()))

    assert await town.parked(SCHOOL, spoil(true[:-1] + b',"v":1}')) == "json"


# -- a true message, mutilated and then whole ----------------------------------------------------------


def _body(true: Delivered, **parts: Any) -> bytes:
    return render_delivered(replace(true, body=replace(true.body, **parts)))


def _other(text: str, place: int = 30) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


@pytest.mark.parametrize(
    ("part", "reasons"),
    [
        ("statement", {"other-statement", "claims", "json", "header"}),
        ("disclosure", {"body-mismatch"}),
        ("no disclosure", {"body-mismatch"}),
        ("a decoy", {"body-mismatch"}),
        ("sealed", {"body-mismatch"}),
        ("no sealed", {"body-mismatch"}),
        ("no receipt", {"receipt"}),
        ("half a receipt", {"receipt", "base64", "note", "signature", "checkpoint"}),
        ("another receipt", {"other-statement"}),
        ("another index", {"inclusion"}),
        ("another entry", {"inclusion", "entry", "base64"}),
        ("another signature", {"signature", "note", "base64"}),
    ],
)
async def test_a_mutilated_copy_is_parked_and_the_true_message_after_it_arrives(
    surgery: Surgery, town: Town, part: str, reasons: set[str]
) -> None:
    concern, other = surgery.concern().signed(), surgery.concern().signed()
    true, second = await held_back(surgery, concern, other)
    (shown,) = true.body.disclosures
    receipt = true.receipt.split("\n")
    copies = {
        "statement": _body(true, jwt=_other(true.body.jwt, 200)),
        "disclosure": _body(true, disclosures=(_other(shown),)),
        "no disclosure": _body(true, disclosures=()),
        "a decoy": _body(true, disclosures=(shown, *second.body.disclosures)),
        "sealed": _body(true, sealed=_other(true.body.sealed, 900)),
        "no sealed": _body(true, sealed=""),
        "no receipt": render_delivered(replace(true, receipt="")),
        "half a receipt": render_delivered(replace(true, receipt=true.receipt[:-40])),
        "another receipt": render_delivered(replace(true, receipt=second.receipt)),
        "another index": render_delivered(
            replace(true, receipt="\n".join([*receipt[:2], "index 3", *receipt[3:]]))
        ),
        "another entry": render_delivered(
            replace(true, receipt="\n".join([receipt[0], _other(receipt[1], 60), *receipt[2:]]))
        ),
        "another signature": render_delivered(
            replace(true, receipt="\n".join([*receipt[:-2], _other(receipt[-2], 70), ""]))
        ),
    }

    reason = await town.parked(SCHOOL, copies[part])
    settlement = await town.courier.drop_in(SCHOOL, render_delivered(true))

    assert reason in reasons
    assert settlement == Ack()
    assert (await surgery.reached(concern))["opened"] == "sound"


# -- misrouted, repeated, swapped ----------------------------------------------------------------------


async def test_a_message_for_somebody_else(surgery: Surgery, town: Town) -> None:
    true = render_delivered(await caught(surgery, surgery.concern().signed()))

    assert await town.parked(CSC, true) == "not-for-us"
    assert await town.parked(POLICE, true) == "not-for-us"


async def test_a_restricted_concern_in_the_ordinary_lane_stays_restricted(
    surgery: Surgery, town: Town
) -> None:
    town.courier.keep_from(SCHOOL)
    concern = surgery.concern(inbox="restricted").signed()
    await surgery.judge(concern)
    town.courier.let_through()
    (sent,) = [each for each in town.courier.published if concern.body.jwt.encode() in each.body][-1:]

    await town.courier.drop_in(SCHOOL, sent.body, Lane.ORDINARY)

    plain = town.token(SCHOOL, {"inbox.read", "messages.read"})
    assert sent.routing_key == f"{SCHOOL}.restricted"
    assert (await town.call(SCHOOL, "GET", f"/v1/messages/{concern.jti}", token=plain)).status_code == 404
    assert (await town.message(SCHOOL, concern.jti))["inbox"] == "restricted"


async def test_the_same_message_many_times_is_taken_in_once(surgery: Surgery, town: Town) -> None:
    concern = surgery.concern().signed()
    true = render_delivered(await caught(surgery, concern))
    settlements = [await town.courier.drop_in(SCHOOL, true) for _ in range(4)]
    await surgery.town.courier.until(lambda: bool(surgery.opened(concern)))
    size = await town.log_size()

    settlements += [await town.courier.drop_in(SCHOOL, true) for _ in range(4)]
    await town.courier.settle()

    assert settlements == [Ack()] * 8
    assert await town.log_size() == size
    assert (await surgery.reached(concern))["opened"] == "sound"


async def test_a_statement_that_the_log_refused_or_holds_is_not_taken_in(
    surgery: Surgery, town: Town
) -> None:
    """However it came out of the gateway, with however good a receipt."""
    refused = surgery.request([]).signed()
    assert await surgery.refused(refused) == ("R01",)
    held = await _held(surgery)

    for statement in (refused, held):
        receipt = surgery.told(statement).receipt
        raw = render_delivered(Delivered(statement.body, receipt))
        assert await town.parked(SCHOOL, raw) == "not-passed"


async def _held(surgery: Surgery) -> Signed:
    line: JsonValue = {"line": 1, "role": "PARENT_PR", "category": "HEALTH_SEXUAL", "months": 12}
    concern = surgery.concern(categories=["SEXUAL_ADULT"]).signed()
    await surgery.judge(concern)
    request = surgery.request([concern], asked=[line]).signed()
    assert await surgery.judge(request) == ("held", ("R05",))
    return request


async def test_a_held_request_is_not_freed_by_another_requests_approval(surgery: Surgery, town: Town) -> None:
    wanted, other = await _held(surgery), await _held(surgery)
    approval = surgery.approval(other).signed()
    town.courier.keep_from(SCHOOL)
    assert await surgery.judge(approval) == ("passed", ())
    town.courier.let_through()

    part = ApprovalPart(approval.body, surgery.told(approval).receipt)
    swapped = Delivered(wanted.body, surgery.told(wanted).receipt, part)
    altered = replace(part, body=replace(part.body, sealed=_other(part.body.sealed, 900)))
    mutilated = Delivered(other.body, surgery.told(other).receipt, altered)

    assert await town.parked(SCHOOL, render_delivered(swapped)) == "mismatch"
    assert await town.parked(SCHOOL, render_delivered(mutilated)) == "body-mismatch"
    true = Delivered(other.body, surgery.told(other).receipt, part)
    assert await town.courier.drop_in(SCHOOL, render_delivered(true)) == Ack()
    assert (await surgery.reached(other))["verdict"]["outcome"] == "passed"


# -- what comes back to a sender -----------------------------------------------------------------------


async def _unanswered(town: Town) -> dict[str, Any]:
    """A concern of the school's whose receipt the courier keeps to itself."""
    town.courier.keep_from(SCHOOL)
    sent = await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC), wait=0)
    jti = sent.json()["messages"][0]["id"]
    await town.courier.until(lambda: bool(_answers_to(town, jti)))
    found = await town.message(SCHOOL, jti)
    assert found["verdict"] is None
    return found


def _answers_to(town: Town, jti: str) -> list[Answered]:
    sent = [each for each in town.courier.published if jti.encode() in each.body and each.exchange == DELIVER]
    found = [parse_inbound(each.body) for each in sent]
    return [each for each in found if isinstance(each, Answered) and each.jti == jti]


async def test_a_receipt_for_another_statement_says_nothing_about_this_one(
    surgery: Surgery, town: Town
) -> None:
    refused = surgery.request([]).signed()
    await surgery.judge(refused)
    mine = await _unanswered(town)
    incidents = len(town.overheard.named("incident"))
    town.courier.let_through()

    swapped = replace(surgery.told(refused), jti=mine["id"])
    settlement = await town.courier.drop_in(SCHOOL, render_answered(swapped))

    noted = [each["code"] for each in town.overheard.named("incident")[incidents:]]
    assert (settlement, noted[:1]) == (Ack(), ["foreign-receipt"])
    assert (await town.message(SCHOOL, mine["id"]))["state"] != "refused"


async def test_reasons_that_the_receipt_does_not_bear_out_are_not_shown(town: Town) -> None:
    """The list beside a receipt is the courier's word; the rules in the receipt are the log's."""
    mine = await _unanswered(town)
    (true, *_) = _answers_to(town, mine["id"])
    town.courier.let_through()

    lies = (("R01", ""), (SEEN, "/facts"), ("mismatch", f"/{SEEN}"))
    await town.courier.drop_in(SCHOOL, render_answered(replace(true, violations=lies)))

    found = (await town.message(SCHOOL, mine["id"]))["verdict"]
    assert (found["outcome"], found["rules"], found["violations"]) == ("passed", [], [])


async def test_a_problem_is_noted_by_its_code_and_changes_nothing(town: Town) -> None:
    mine = await _unanswered(town)
    town.courier.let_through()

    settlement = await town.courier.drop_in(
        SCHOOL, render_problem(Problem("body-mismatch", sha256_text(b"x")))
    )

    assert settlement == Ack()
    assert town.overheard.named("incident")[-1]["code"] == "body-mismatch"
    assert (await town.message(SCHOOL, mine["id"]))["state"] in ("sent", "passed", "delivered")


@pytest.mark.parametrize(
    "code", [SEEN, "", "a" * 100_000, 'x"} 1\ncandour_agency_incidents{code="y', "UPPER"]
)
async def test_a_problem_that_is_no_code_gets_into_no_log_and_no_metric(town: Town, code: str) -> None:
    raw = render_problem(Problem(code, sha256_text(b"x")))

    assert await town.parked(SCHOOL, raw) == "body"


async def test_a_courier_cannot_deliver_as_an_agency(surgery: Surgery, town: Town) -> None:
    concern = surgery.concern().signed()
    own = Outbound("candour.deliver", f"{SCHOOL}.ordinary", concern.raw, surgery.id)

    (result,) = await town.courier.publish([own])

    assert result is PublishResult.REJECTED


async def test_something_else_in_place_of_an_approval(surgery: Surgery, town: Town) -> None:
    true = await caught(surgery, surgery.concern().signed())
    itself = ApprovalPart(true.body, true.receipt)

    assert await town.parked(SCHOOL, render_delivered(replace(true, approval=itself))) == "body"
