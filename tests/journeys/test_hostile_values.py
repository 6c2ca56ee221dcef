"""Every field of every kind, filled by its author with what nobody expects.

It is judged, answered and shown, and never a message that no handler survives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from candour_protocol import disclosures
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import IN_FORCE, OPTIONAL_T1, PLAIN, T1, T2, Kind
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.transport.port import Ack, Outbound
from candour_protocol.transport.topology import SUBMIT, submit_key
from candour_protocol.wire import Answered

from tests.gateway.partnership import CSC, GP, SCHOOL
from tests.journeys.asked import asked
from tests.journeys.bodies import a_concern_for
from tests.journeys.hostile import Parts, Signed, Surgery, disclose
from tests.journeys.personal import AUTHOR, TAMSIN
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD: tuple[JsonValue, ...] = (
    None,
    True,
    2**53 - 1,
    "",
    "x" * 20_000,
    "A" * 43,
    [],
    {},
    [{}],
    [{"line": 1}, {"line": 1}],
    {"ruleset": "x"},
    {"a~/b": {"c": [[[[[[]]]]]]}},
)
ODD_TEXTS = (
    "٣٣٣٣",
    "²",
    "1e5",
    "\n",
    "-",
    "0000-00-00",
    "9999-99-99",
    "2016-02-30",
    "9" * 5_000,
    "😀",
    "Ⅻ",
    "'; --",
    "9990001014 9990001014",
    "~" * 50,
)
KINDS = sorted(IN_FORCE - PLAIN)


async def a_proper(kind: Kind, surgery: Surgery, town: Town) -> Parts:
    """A statement of any kind by the surgery, of which only one field will be odd."""
    if kind is Kind.CONCERN:
        return surgery.concern()
    concern = surgery.concern().signed()
    await surgery.judge(concern)
    match kind:
        case Kind.REQUEST:
            return surgery.request([concern])
        case Kind.ANSWER:
            return surgery.answer(await asked(town, surgery), SCHOOL)
        case Kind.APPROVAL:
            return surgery.approval(surgery.request([concern]).signed())
        case Kind.OUTCOME:
            return _about(surgery, kind, concern, {"outcome": "x"})
        case _:
            told = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(GP))).json()
            theirs = await town.message(SCHOOL, told["messages"][0]["id"])
            return _about(surgery, kind, theirs["hash"], dict(_CODES.get(kind, {})))


_CODES: dict[Kind, JsonObject] = {
    Kind.DECISION: {"decision": "ADVICE_NFA", "final": True},
    Kind.DELIVERY: {"opened": "sound", "rules": {}},
    Kind.NOTICE: {"notice": "clock", "about": None},
}


def _about(surgery: Surgery, kind: Kind, parent: Any, codes: JsonObject) -> Parts:
    name = StatementHash(parent.hash if isinstance(parent, Signed) else parent)
    return replace(surgery.parts(kind, SCHOOL, codes), irt=name)


def _fresh(surgery: Surgery, parts: Parts) -> Parts:
    """The same under an id of its own."""
    return replace(parts, jti=surgery.concern().jti)


async def all_survived(surgery: Surgery, statements: Sequence[Signed]) -> None:
    """The gateway has answered each, both ends are as they were, and what arrived can be looked at."""
    town, answered = surgery.town, len([each for each in surgery.post if isinstance(each, Answered)])
    key = submit_key(surgery.id, "concern", False)
    sent = [Outbound(SUBMIT, key, each.raw, surgery.id) for each in statements]

    await town.courier.publish(sent)
    await town.courier.settle()

    bodies = {message.body for message in sent}
    handled = [each.settlement for each in town.courier.handled if each.delivery.body in bodies]
    assert handled == [Ack()] * len(sent)
    assert len([each for each in surgery.post if isinstance(each, Answered)]) - answered == len(sent)
    for each in statements[::7]:
        shown = await town.call(SCHOOL, "GET", f"/v1/messages/{each.jti}")
        assert shown.status_code in (200, 404)
    assert (await town.call(SCHOOL, "GET", "/v1/inbox", params={"limit": "200"})).status_code == 200
    town.assert_quiet()


@pytest.mark.parametrize("kind", KINDS)
async def test_every_code_of_a_kind(surgery: Surgery, town: Town, kind: Kind) -> None:
    proper = await a_proper(kind, surgery, town)

    names = (*T1[kind], *OPTIONAL_T1.get(kind, ()))
    odd = [_fresh(surgery, proper).with_codes(**{name: value}) for name in names for value in ODD]

    await all_survived(surgery, [each.signed() for each in odd])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if T2[kind]])
async def test_every_sealed_field_of_a_kind(surgery: Surgery, town: Town, kind: Kind) -> None:
    proper = await a_proper(kind, surgery, town)
    values = [value for value in ODD if value is not None]

    odd = [
        _fresh(surgery, proper).with_content(name, disclose(name, value, bytes(16)))
        for name in T2[kind]
        for value in values
    ]

    await all_survived(surgery, [each.signed() for each in odd])


def _children(member: str, text: str) -> tuple[JsonObject, ...]:
    """A child whom we know but for one thing, and one of whom that is all that is known."""
    return TAMSIN | {member: text}, {member: text}


_PERSON = (
    "name",
    "role",
    "birth_date",
    "nhs_number",
    "upn",
    "chi",
    "hcn",
    "mother_nhs_number",
    "edd",
    "identifier_absent_reason",
    "address",
)


@pytest.mark.parametrize("member", _PERSON)
async def test_every_number_and_name_of_a_child(surgery: Surgery, member: str) -> None:
    concern, request = surgery.concern(), surgery.request([surgery.concern().signed()])

    odd = [
        _fresh(surgery, parts).with_content("subject", disclose("subject", subject, bytes(16)))
        for parts in (concern, request)
        for text in ODD_TEXTS
        for subject in _children(member, text)
    ]

    await all_survived(surgery, [each.signed() for each in odd])


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: text[:12])
async def test_odd_words_about_people_go_through_rest(town: Town, text: str) -> None:
    """A person's system may send them; the concern arrives, marked with what it lacks."""
    text = text[:150]
    person = dict.fromkeys(_PERSON, text)
    facts = [{"what": text, "when": text, "basis": text}]
    body = a_concern_for(
        CSC, subject=person, household=[person] * 3, facts=facts, author=AUTHOR | {"role": text}
    )
    changes = {
        "categories": [text],
        "need_level": text,
        "urgency": text,
        "handling": [text, f"{text}:{text}"],
    }

    answer = await town.post(SCHOOL, "/v1/concerns", body | changes)

    assert answer.status_code == 202, answer.text
    read = await town.arrived(CSC, answer.json()["messages"][0]["id"])
    assert read["verdict"]["outcome"] == "flagged"
    assert read["opened"] == "thin"


async def test_a_relay_of_odd_originals(surgery: Surgery) -> None:
    """What claims to be the originator's statement is read as carefully as any."""
    true = surgery.concern().signed()
    disclosed: list[JsonValue] = [*true.parts.hidden]
    named = disclosures.read(true.parts.hidden[0]).name
    originals: list[JsonValue] = [
        {"statement": true.body.jwt, "disclosures": disclosed},
        {"statement": true.body.jwt, "disclosures": [*disclosed, *disclosed]},
        {"statement": true.body.jwt, "disclosures": [disclose(named, "other")]},
        {"statement": true.body.jwt, "disclosures": ["é", "=", ""]},
        {"statement": true.body.jwt[:-5], "disclosures": disclosed},
        {"statement": "a.b.c", "disclosures": []},
        {"statement": "é" * 100, "disclosures": []},
        {"statement": "a" * 20_000, "disclosures": []},
        {"statement": 5, "disclosures": []},
        {"statement": true.body.jwt},
    ]

    odd = [
        _fresh(surgery, surgery.concern(relays=relays)).with_content(
            "original", disclose("original", original, bytes(16))
        )
        for original in originals
        for relays in (None, true.hash, "A" * 43)
    ]

    await all_survived(surgery, [each.signed() for each in odd])
