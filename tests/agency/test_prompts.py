"""What a node's own history says to who tells, asks or reads: prompts, never rules. Domain R02 and R13."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from candour_agency import store
from candour_agency.api.gate import INBOX_RESTRICTED, SCOPES
from candour_agency.tables import imprints
from candour_protocol.ids import StatementHash
from candour_protocol.registry_facts import Voice
from sqlalchemy import func, select

from tests.agency.gateway_double import Says
from tests.agency.partnership import (
    CSC,
    GP,
    POLICE,
    SCHOOL,
    Office,
    a_concern,
    a_request,
    a_subject,
)
from tests.agency.places import ON_BOTH

BRYN = {"name": "Bryn Morrow", "birth_date": "2016-01-02", "nhs_number": "9990001022"}
BRYN_UNDER_ROWANS_NUMBER = BRYN | {"nhs_number": a_subject()["nhs_number"]}
OTHER_FACT = {"what": "Told me that nobody had been at home since Friday evening.", "when": "2026-11-22"}
ANOTHER_FACT = {"what": "Seen alone at the bus station again at half past nine.", "when": "2026-11-22"}
PLAIN = tuple(scope for scope in SCOPES if scope != INBOX_RESTRICTED)


def _about(prompts: list[str], words: str) -> list[str]:
    return [prompt for prompt in prompts if words in prompt]


def _same_words(answer: dict[str, Any]) -> list[str]:
    return _about(answer.get("notices", []), "same words")


def _same_number(answer: dict[str, Any]) -> list[str]:
    return _about(answer.get("notices", []), "number of this child")


async def _told(office: Office, **changes: Any) -> dict[str, Any]:
    return await office.post("/v1/concerns", a_concern(**changes))


async def _tried(office: Office, **changes: Any) -> dict[str, Any]:
    answer = await office.call("POST", "/v1/concerns/check", a_concern(**changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _replied(office: Office, jti: str, facts: list[dict[str, Any]]) -> dict[str, Any]:
    thread = (await office.message(jti))["thread"]
    return await office.post(f"/v1/threads/{thread}/replies", {"in_reply_to": jti, "facts": facts})


async def _kept(office: Office) -> int:
    query = select(func.count()).select_from(imprints)
    found: int = await office.node.desk.database.read(
        lambda connection: connection.execute(query).scalar_one()
    )
    return found


# -- the same words (R02) ----------------------------------------------------------------------------------


@ON_BOTH
async def test_the_same_words_about_another_child_are_pointed_out_and_sent_all_the_same(
    school: Office, csc: Office
) -> None:
    before = await school.tell()

    tried = await _tried(school, subject=BRYN)
    told = await _told(school, subject=BRYN)

    (prompt,) = _same_words(told)
    assert _same_words(tried) == [prompt]
    assert before in prompt
    assert "2026-11-23" in prompt
    assert not [secret for secret in ("Rowan", "Ashbyte", "9990001014", "bruise") if secret in prompt]
    shown = await school.until(told["messages"][0]["id"], "delivered")
    assert (shown["verdict"]["outcome"], shown["opened"]) == ("passed", "sound")
    assert shown["codes"]["checks"]["R02"] == "pass"


async def test_a_concern_told_within_a_request_is_looked_at_too(school: Office, csc: Office) -> None:
    before = await school.tell()
    inline = {name: value for name, value in a_concern().items() if name not in ("recipients", "subject")}

    asked = await school.post("/v1/requests", a_request(CSC, concern=inline, subject=BRYN))

    (prompt,) = _same_words(asked)
    assert before in prompt


async def test_the_same_words_about_the_same_child_are_nobodys_mistake(school: Office, csc: Office) -> None:
    await school.tell()

    again = await _told(school, recipients=[POLICE])
    better_known = await _told(school, subject=a_subject(upn="N999400015001"))

    assert (_same_words(again), _same_words(better_known)) == ([], [])


@ON_BOTH
async def test_the_same_words_in_a_reply_are_pointed_out_whichever_came_first(
    school: Office, csc: Office, police: Office
) -> None:
    rowans = await school.tell()
    bryns = await school.tell(subject=BRYN, facts=[OTHER_FACT])

    pasted = await _replied(school, bryns, a_concern()["facts"])
    added = await _replied(school, rowans, [ANOTHER_FACT])
    told = await _told(school, subject=BRYN, facts=[ANOTHER_FACT])

    (first,), (second,) = _same_words(pasted), _same_words(told)
    assert rowans in first
    assert added["messages"][0]["id"] in second
    assert _same_words(added) == []
    assert (await school.until(pasted["messages"][0]["id"], "delivered"))["verdict"]["outcome"] == "passed"


async def test_a_reply_that_says_again_what_was_told_of_the_same_child_is_nobodys_mistake(
    school: Office, csc: Office
) -> None:
    told = await school.tell()

    assert _same_words(await _replied(school, told, a_concern()["facts"])) == []


@pytest.mark.parametrize(
    "subject", [a_subject(nhs_number=None), {"name": "Rowan"}, {"name": "ASHBYTE, Rowan"}, {}]
)
async def test_a_child_without_a_number_or_a_whole_name_is_not_called_another(
    school: Office, subject: dict[str, Any]
) -> None:
    await _told(school, subject=subject)

    in_another_thread, numbered = await _told(school, subject=subject), await _told(school)

    assert (_same_words(in_another_thread), _same_words(numbered)) == ([], [])


async def test_a_twin_is_another_child_also_where_neither_has_a_number(school: Office) -> None:
    await school.tell(subject=a_subject(nhs_number=None))

    told = await _told(school, subject=a_subject(nhs_number=None, name="Wren Ashbyte"))

    assert len(_same_words(told)) == 1


async def test_children_of_one_call_are_told_of_together_then_and_later(school: Office, csc: Office) -> None:
    together = await _told(school, subject=None, subjects=[a_subject(), BRYN])

    later = await _told(school, subject=BRYN, recipients=[POLICE])

    assert (_same_words(together), _same_words(later)) == ([], [])


@pytest.mark.parametrize("named", ["then", "now"])
async def test_a_sibling_whom_either_concern_names_in_the_household_is_no_mistake(
    school: Office, csc: Office, named: str
) -> None:
    def household(of: dict[str, Any], when: str) -> list[dict[str, Any]]:
        return [of | {"role": "SIBLING_SAME_HH"}] if named == when else []

    await school.tell(household=household(BRYN, "then"))

    told = await _told(school, subject=BRYN, household=household(a_subject(), "now"))

    assert _same_words(told) == []


async def test_children_whom_a_person_has_joined_are_no_mistake(school: Office, csc: Office) -> None:
    first = await school.until(await school.tell(), "delivered")
    second = await school.until(await school.tell(subject=BRYN, facts=[OTHER_FACT]), "delivered")
    link = {
        "joins": [second["thread"]],
        "why": "One child, known by two names.",
        "recipients": [CSC],
        "author": a_concern()["author"],
    }
    joined = await school.post(f"/v1/threads/{first['thread']}/links", link)
    await school.until(joined["messages"][0]["id"], "delivered")

    told = await _told(school, subject=BRYN)

    assert _same_words(told) == []


@ON_BOTH
@pytest.mark.parametrize(("days", "prompts"), [(89, 1), (91, 0)])
async def test_words_of_three_months_ago_are_forgotten(school: Office, days: int, prompts: int) -> None:
    await school.tell()
    school.partnership.clock.forward(timedelta(days=days))
    school.token = school.with_scopes(*SCOPES, may_assert=True)

    told = await _told(school, subject=BRYN)

    assert len(_same_words(told)) == prompts


async def test_words_that_were_taken_back_are_pointed_out_to_nobody(school: Office, csc: Office) -> None:
    pasted = await school.tell()
    await school.until(pasted, "delivered")
    wrong = {"correction_kind": "WRONG_CHILD", "what_is_right": "It was said of another child."}
    corrected = await school.post(f"/v1/messages/{pasted}/correction", wrong)
    await school.until(corrected["messages"][0]["id"], "delivered")

    told = await _told(school, subject=BRYN)

    assert _same_words(told) == []


@ON_BOTH
async def test_what_was_said_again_is_known_by_the_message_that_they_have(
    school: Office, csc: Office
) -> None:
    ahead = [Says("refused", ("clock",))]
    school.partnership.gateway.judge = lambda draft: ahead.pop() if ahead else Says()
    first = await school.tell()
    await school.until(first, "delivered")
    again = (await school.message(first))["reissued_as"]

    (prompt,) = _same_words(await _told(school, subject=BRYN))

    assert again in prompt


async def test_a_text_that_is_too_short_to_be_a_fact_is_everybodys(school: Office) -> None:
    short = [{"what": "No change since last week.", "when": "2026-11-20", "basis": "OBSERVED"}]
    await school.tell(facts=short)

    assert _same_words(await _told(school, subject=BRYN, facts=short)) == []


async def test_what_is_told_to_several_is_kept_once_and_a_dry_run_keeps_nothing(school: Office) -> None:
    await _tried(school)
    tried = await _kept(school)

    await _told(school, recipients=[CSC, POLICE, GP])

    assert (tried, await _kept(school)) == (0, 2)  # the text, and the number


@ON_BOTH
async def test_the_largest_call_that_there_may_be_is_looked_back_on_as_well(school: Office) -> None:
    before = await school.tell()
    facts = [OTHER_FACT | {"what": f"{OTHER_FACT['what']} This is number {place}."} for place in range(60)]
    numbers = {"hcn": "9990001022", "upn": "N999400015001"}
    children = [BRYN_UNDER_ROWANS_NUMBER | numbers | {"name": f"Bryn {place} Morrow"} for place in range(20)]

    tried = await _tried(school, subject=None, subjects=children, facts=[*a_concern()["facts"], *facts])

    assert [before in prompt for prompt in (*_same_words(tried), *_same_number(tried))] == [True]


async def test_a_long_thread_is_read_once_for_however_many_children_of_a_call(
    school: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await school.message(await school.tell())
    children = [{"name": f"Bryn {place} Morrow", "birth_date": BRYN["birth_date"]} for place in range(20)]
    thread = Mock(side_effect=store.messages.thread)
    monkeypatch.setattr(store.messages, "thread", thread)

    tried = await _tried(school, subject=None, subjects=children)

    assert [before["id"] in prompt for prompt in _same_words(tried)] == [True]
    assert [call.args[1] for call in thread.call_args_list] == [before["thread"]]


# -- the same number (R13) ---------------------------------------------------------------------------------


@ON_BOTH
async def test_a_number_with_another_surname_and_birth_date_is_pointed_out_to_its_sender(
    school: Office, csc: Office
) -> None:
    before = await school.tell()

    tried = await _tried(school, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])
    told = await _told(school, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])
    asked = await school.post("/v1/requests", a_request(CSC, subject=BRYN_UNDER_ROWANS_NUMBER))

    for answer in (tried, told, asked):
        (prompt,) = _same_number(answer)
        assert before in prompt
        assert "twins" in prompt
        assert not [secret for secret in ("Rowan", "Ashbyte", "9990001014", "2017") if secret in prompt]
    assert (await school.until(told["messages"][0]["id"], "delivered"))["verdict"]["rules"] == []


async def test_what_an_agency_was_told_by_others_counts_as_well(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    tried = await _tried(csc, subject=BRYN_UNDER_ROWANS_NUMBER, recipients=[POLICE])

    (prompt,) = _same_number(tried)
    assert told in prompt


@pytest.mark.parametrize("changes", [{"birth_date": "2017-03-15"}, {"name": "Rowan Morrow"}])
async def test_where_only_birth_date_or_surname_differs_nobody_is_disturbed(
    school: Office, changes: dict[str, str]
) -> None:
    await school.tell()

    told = await _told(school, subject=a_subject(**changes))

    assert _same_number(told) == []


@ON_BOTH
async def test_the_holder_is_prompted_where_the_request_is_read(
    school: Office, csc: Office, police: Office
) -> None:
    known = await police.tell()
    concern = await csc.tell(POLICE, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])
    asked = await csc.ask(POLICE, concern_ids=[concern], subject=BRYN_UNDER_ROWANS_NUMBER)

    request, told = [await police.until(each, "delivered") for each in (asked, concern)]

    (step,) = request["next_steps"]
    thread = await police.get(f"/v1/threads/{request['thread']}")
    shown = {each["id"]: each["next_steps"] for each in thread["messages"]}
    assert (shown[asked], shown[concern]) == (request["next_steps"], told["next_steps"])
    assert (step["step"], step["href"]) == ("check-identity", f"/v1/messages/{known}")
    assert known in step["text"]
    assert "IDENTITY_UNCERTAIN" in step["text"]
    assert [step["step"] for step in told["next_steps"]] == ["check-identity"]
    assert (await csc.message(asked))["next_steps"] == []


async def test_nothing_of_the_restricted_inbox_shows_to_who_may_not_see_it(
    school: Office, csc: Office
) -> None:
    hidden = await school.tell(f"{CSC}/restricted")
    await csc.until(hidden, "delivered")
    general = csc.with_scopes(*PLAIN, may_assert=True)
    body = a_concern(POLICE, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])

    plain = await csc.call("POST", "/v1/concerns/check", body, token=general)
    full = await csc.call("POST", "/v1/concerns/check", body)

    assert _same_number(plain.json()) == []
    (prompt,) = _same_number(full.json())
    assert hidden in prompt


async def test_whoever_only_sends_cannot_try_whether_a_number_is_known(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    sender = csc.with_scopes("concerns.send", may_assert=True)
    reader = csc.with_scopes("concerns.send", "messages.read", may_assert=True)
    body = a_concern(POLICE, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])

    tried = [await csc.call("POST", "/v1/concerns/check", body, token=token) for token in (sender, reader)]

    assert [len(_same_number(each.json())) for each in tried] == [0, 1]


async def test_nothing_shows_to_whom_a_mark_keeps_out_by_name(school: Office, csc: Office) -> None:
    hidden = await school.tell(handling=["NOT_NAMED_PERSON:okri"])
    await csc.until(hidden, "delivered")
    other = await school.tell(subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])
    await csc.until(other, "delivered")

    steps = {
        person: await csc.get(f"/v1/messages/{other}", token=csc.with_scopes(*SCOPES, acts_as=person))
        for person in ("okri", "mbeki")
    }

    assert steps["okri"]["next_steps"] == []
    assert [step["step"] for step in steps["mbeki"]["next_steps"]] == ["check-identity"]


@ON_BOTH
async def test_what_was_erased_is_known_again_by_nothing(school: Office, csc: Office) -> None:
    told = await school.tell()
    shown = await school.until(told, "delivered")
    await csc.until(told, "delivered")
    partnership = school.partnership
    partnership.clock.forward(timedelta(days=730))
    for office in (school, csc):
        office.token = office.with_scopes(*SCOPES, may_assert=True)
    own = Voice(partnership.gateway.net, SCHOOL, school.keys.sign)
    name = StatementHash(shown["hash"])
    erasure = partnership.gateway.erase(own, [name])
    kept = [await _kept(office) for office in (school, csc)]

    for office in (school, csc):
        partnership.gateway.notify(office.agency, "erased", name, shown["thread"], because=erasure)
    await partnership.courier.quiet()

    assert kept == [2, 1]
    assert [await _kept(office) for office in (school, csc)] == [0, 0]
    assert _same_number(await _tried(csc, subject=BRYN_UNDER_ROWANS_NUMBER, recipients=[POLICE])) == []
