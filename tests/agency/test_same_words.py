"""The same words told about another child: what a node says of that to who tells. Domain R02."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from candour_agency import store
from candour_agency.api.gate import SCOPES

from tests.agency.gateway_double import Says
from tests.agency.partnership import (
    CSC,
    GP,
    POLICE,
    Office,
    a_concern,
    a_request,
    a_subject,
)
from tests.agency.places import ON_BOTH
from tests.agency.prompted import (
    ANOTHER_FACT,
    BRYN,
    BRYN_UNDER_ROWANS_NUMBER,
    OTHER_FACT,
    imprints_kept,
    of_same_number,
    of_same_words,
    reply,
    tell,
    try_out,
)


@ON_BOTH
async def test_the_same_words_about_another_child_are_pointed_out_and_sent_all_the_same(
    school: Office, csc: Office
) -> None:
    before = await school.tell()

    tried = await try_out(school, subject=BRYN)
    told = await tell(school, subject=BRYN)

    (prompt,) = of_same_words(told)
    assert of_same_words(tried) == [prompt]
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

    (prompt,) = of_same_words(asked)
    assert before in prompt


async def test_the_same_words_about_the_same_child_are_nobodys_mistake(school: Office, csc: Office) -> None:
    await school.tell()

    again = await tell(school, recipients=[POLICE])
    better_known = await tell(school, subject=a_subject(upn="N999400015001"))

    assert (of_same_words(again), of_same_words(better_known)) == ([], [])


@ON_BOTH
async def test_the_same_words_in_a_reply_are_pointed_out_whichever_came_first(
    school: Office, csc: Office, police: Office
) -> None:
    rowans = await school.tell()
    bryns = await school.tell(subject=BRYN, facts=[OTHER_FACT])

    pasted = await reply(school, bryns, a_concern()["facts"])
    added = await reply(school, rowans, [ANOTHER_FACT])
    told = await tell(school, subject=BRYN, facts=[ANOTHER_FACT])

    (first,), (second,) = of_same_words(pasted), of_same_words(told)
    assert rowans in first
    assert added["messages"][0]["id"] in second
    assert of_same_words(added) == []
    assert (await school.until(pasted["messages"][0]["id"], "delivered"))["verdict"]["outcome"] == "passed"


async def test_a_reply_that_says_again_what_was_told_of_the_same_child_is_nobodys_mistake(
    school: Office, csc: Office
) -> None:
    told = await school.tell()

    assert of_same_words(await reply(school, told, a_concern()["facts"])) == []


@pytest.mark.parametrize(
    "subject", [a_subject(nhs_number=None), {"name": "Rowan"}, {"name": "ASHBYTE, Rowan"}, {}]
)
async def test_a_child_without_a_number_or_a_whole_name_is_not_called_another(
    school: Office, subject: dict[str, Any]
) -> None:
    await tell(school, subject=subject)

    in_another_thread, numbered = await tell(school, subject=subject), await tell(school)

    assert (of_same_words(in_another_thread), of_same_words(numbered)) == ([], [])


async def test_a_twin_is_another_child_also_where_neither_has_a_number(school: Office) -> None:
    await school.tell(subject=a_subject(nhs_number=None))

    told = await tell(school, subject=a_subject(nhs_number=None, name="Wren Ashbyte"))

    assert len(of_same_words(told)) == 1


async def test_children_of_one_call_are_told_of_together_then_and_later(school: Office, csc: Office) -> None:
    together = await tell(school, subject=None, subjects=[a_subject(), BRYN])

    later = await tell(school, subject=BRYN, recipients=[POLICE])

    assert (of_same_words(together), of_same_words(later)) == ([], [])


@pytest.mark.parametrize("named", ["then", "now"])
async def test_a_sibling_whom_either_concern_names_in_the_household_is_no_mistake(
    school: Office, csc: Office, named: str
) -> None:
    def household(of: dict[str, Any], when: str) -> list[dict[str, Any]]:
        return [of | {"role": "SIBLING_SAME_HH"}] if named == when else []

    await school.tell(household=household(BRYN, "then"))

    told = await tell(school, subject=BRYN, household=household(a_subject(), "now"))

    assert of_same_words(told) == []


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

    told = await tell(school, subject=BRYN)

    assert of_same_words(told) == []


@ON_BOTH
@pytest.mark.parametrize(("days", "prompts"), [(89, 1), (91, 0)])
async def test_words_of_three_months_ago_are_forgotten(school: Office, days: int, prompts: int) -> None:
    await school.tell()
    school.partnership.clock.forward(timedelta(days=days))
    school.token = school.with_scopes(*SCOPES, may_assert=True)

    told = await tell(school, subject=BRYN)

    assert len(of_same_words(told)) == prompts


async def test_words_that_were_taken_back_are_pointed_out_to_nobody(school: Office, csc: Office) -> None:
    pasted = await school.tell()
    await school.until(pasted, "delivered")
    wrong = {"correction_kind": "WRONG_CHILD", "what_is_right": "It was said of another child."}
    corrected = await school.post(f"/v1/messages/{pasted}/correction", wrong)
    await school.until(corrected["messages"][0]["id"], "delivered")

    told = await tell(school, subject=BRYN)

    assert of_same_words(told) == []


@ON_BOTH
async def test_what_was_said_again_is_known_by_the_message_that_they_have(
    school: Office, csc: Office
) -> None:
    ahead = [Says("refused", ("clock",))]
    school.partnership.gateway.judge = lambda draft: ahead.pop() if ahead else Says()
    first = await school.tell()
    await school.until(first, "delivered")
    again = (await school.message(first))["reissued_as"]

    (prompt,) = of_same_words(await tell(school, subject=BRYN))

    assert again in prompt


async def test_a_text_that_is_too_short_to_be_a_fact_is_everybodys(school: Office) -> None:
    short = [{"what": "No change since last week.", "when": "2026-11-20", "basis": "OBSERVED"}]
    await school.tell(facts=short)

    assert of_same_words(await tell(school, subject=BRYN, facts=short)) == []


async def test_what_is_told_to_several_is_kept_once_and_a_dry_run_keeps_nothing(school: Office) -> None:
    await try_out(school)
    tried = await imprints_kept(school)

    await tell(school, recipients=[CSC, POLICE, GP])

    assert (tried, await imprints_kept(school)) == (0, 2)  # the text, and the number


@ON_BOTH
async def test_the_largest_call_that_there_may_be_is_looked_back_on_as_well(school: Office) -> None:
    before = await school.tell()
    facts = [OTHER_FACT | {"what": f"{OTHER_FACT['what']} This is number {place}."} for place in range(60)]
    numbers = {"hcn": "9990001022", "upn": "N999400015001"}
    children = [BRYN_UNDER_ROWANS_NUMBER | numbers | {"name": f"Bryn {place} Morrow"} for place in range(20)]

    tried = await try_out(school, subject=None, subjects=children, facts=[*a_concern()["facts"], *facts])

    assert [before in prompt for prompt in (*of_same_words(tried), *of_same_number(tried))] == [True]


async def test_a_long_thread_is_read_once_for_however_many_children_of_a_call(
    school: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await school.message(await school.tell())
    children = [{"name": f"Bryn {place} Morrow", "birth_date": BRYN["birth_date"]} for place in range(20)]
    thread = Mock(side_effect=store.messages.thread)
    monkeypatch.setattr(store.messages, "thread", thread)

    tried = await try_out(school, subject=None, subjects=children)

    assert [before["id"] in prompt for prompt in of_same_words(tried)] == [True]
    assert [call.args[1] for call in thread.call_args_list] == [before["thread"]]
