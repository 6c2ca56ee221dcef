"""The further steps of a case, said by an agency without a node to others with and without."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from candour_protocol import erasures
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Kind

from tests.gateway.partnership import CSC, GP, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.partners.bodies import a_concern, a_request, example, the_schools_answer
from tests.partners.district import District
from tests.partners.partner import PATIENCE, Partner
from tests.transport.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTICE = "SELECT jti FROM message WHERE kind = 'notice' AND json_extract(codes, '$.notice') = ?"
NURSE = {"staff_id": "abbott", "name": "R. Abbott", "role": "Practice nurse", "training_level": "IC3"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(district: District) -> AsyncIterator[Partner]:
    """Social care, on the queue itself like the surgery, and taking its post."""
    await district.hub.listen()
    yield district.hub


async def told_by_the_school(district: District, **changes: Any) -> str:
    """A concern of the school's that the surgery has; its id."""
    told = await district.call("POST", "/v1/concerns", a_concern_for(GP, **changes))
    concern = str(told["messages"][0]["id"])
    await district.reaches(concern, "delivered")
    return concern


async def told_to_the_school(district: District, **codes: Any) -> str:
    """A concern of the surgery's that the school has; its id."""
    concern = await district.surgery.tell(a_concern(**codes))
    await district.surgery.has(concern, "opened")
    return concern


async def answered_by_the_school(district: District) -> str:
    """An answer of the school's that the surgery has; its id."""
    asked = await district.surgery.ask(a_request(await told_to_the_school(district)))
    await district.arrived(asked)
    answered = await district.call("POST", f"/v1/requests/{asked}/answer", the_schools_answer())
    answer = str(answered["messages"][0]["id"])
    await district.surgery.has(answer)
    return answer


async def goes_through(partner: Partner, jti: str) -> dict[str, Any]:
    """A statement of a partner's, once its recipient has it."""
    shown = await partner.has(jti, "opened")
    assert (shown["verdict"], shown["opened"], shown["violations"]) == ("passed", "sound", [])
    return shown


# -- an erasure -------------------------------------------------------------------------------------------


async def test_word_of_an_erasure_is_proven_confirmed_and_left_to_people(district: District) -> None:
    concern = await told_by_the_school(district)
    name = StatementHash((await district.message(concern))["hash"])
    await district.gateway.admit_registry(
        erasures.erase(district.partnership.voice, [name], datetime.now(UTC))
    )

    await district.surgery.knows("SELECT code FROM incident WHERE code = 'erasure'")

    notice = await district.surgery.show(district.surgery.look_up(NOTICE, "erasure"))
    assert (notice["verdict"], notice["opened"]) == ("passed", "sound")

    async def confirmed() -> bool:
        return await district.deliveries(notice["hash"]) == 1

    await until(confirmed, PATIENCE)


# -- an emergency -----------------------------------------------------------------------------------------


async def owing(district: District, request: str) -> list[str]:
    """Who owes a concern for a request, by the log."""
    duties = await district.obligations()
    return [each["owed_by"] for each in duties if (each["id"], each["kind"]) == (request, "debt")]


async def test_in_an_emergency_it_asks_first_and_pays_back_with_a_concern(district: District) -> None:
    surgery = district.surgery
    asked = await surgery.ask(example("emergency") | {"to": SCHOOL})
    request = await surgery.has(asked, "opened")
    borrowed = await owing(district, asked)

    follows = await surgery.tell(example("paying-back") | {"to": SCHOOL, "pays_back": asked})

    shown = await goes_through(surgery, follows)
    assert (request["verdict"], borrowed) == ("flagged", [GP])
    assert (shown["thread"], shown["codes"]["pays_back"]) == (request["thread"], request["hash"])
    assert await owing(district, asked) == []


async def test_a_child_whom_no_number_names_is_the_same_in_what_pays_back(district: District) -> None:
    surgery, nobody = (
        district.surgery,
        {"name": "A boy of about four", "identifier_absent_reason": "UNKNOWN_DELAY"},
    )
    emergency, concern = example("emergency"), example("paying-back")
    emergency["content"] |= {"subject": nobody, "persons": [nobody | {"role": "SUBJECT_CHILD"}]}
    concern["content"]["subject"] = nobody

    asked = await surgery.ask(emergency | {"to": SCHOOL})
    follows = await surgery.tell(concern | {"to": SCHOOL, "pays_back": asked})

    first, second = await surgery.show(asked), await surgery.show(follows)
    assert first["codes"]["child"] == second["codes"]["child"]


async def test_only_an_own_request_can_be_paid_back(district: District) -> None:
    concern = await told_by_the_school(district)
    file = district.surgery.folder / "pays-nothing.json"
    file.write_text(json.dumps(a_concern() | {"pays_back": concern}))

    status, _, said = await district.surgery.attempt("tell", str(file))

    assert (status, said.strip()) == (1, "pays_back: no request of this id was made here")


# -- taking back, putting right ---------------------------------------------------------------------------


async def test_it_takes_back_what_it_told(district: District) -> None:
    concern = await told_to_the_school(district)

    withdrawal = await district.surgery.say("withdrawal", concern, example("withdrawal"))

    await goes_through(district.surgery, withdrawal)
    assert (await district.arrived(concern))["state"] == "withdrawn"


async def test_it_corrects_what_it_told_and_hears_that_the_correction_is_applied(district: District) -> None:
    concern = await told_to_the_school(district)

    correction = await district.surgery.say("correction", concern, example("correction"))
    shown = await goes_through(district.surgery, correction)
    applied = await district.call("POST", f"/v1/inbox/{correction}/applied", {"applied": "yes"})

    heard = await district.surgery.has(applied["messages"][0]["id"])
    assert shown["codes"]["corrects"] == (await district.surgery.show(concern))["hash"]
    assert (heard["kind"], heard["codes"]["applied"]) == ("applied", "yes")


async def test_it_says_that_a_correction_of_theirs_is_applied(district: District) -> None:
    concern = await told_by_the_school(district)
    body = {"correction_kind": "UPDATE", "what_is_right": "It was on Thursday."}
    told = await district.call("POST", f"/v1/messages/{concern}/correction", body)
    correction = told["messages"][0]["id"]
    await district.surgery.has(correction)

    applied = await district.surgery.say("applied", correction, example("applied"))

    await goes_through(district.surgery, applied)
    assert (await district.arrived(applied))["kind"] == "applied"


# -- challenging ------------------------------------------------------------------------------------------


async def test_it_challenges_an_answer_and_takes_the_challenge_further(district: District) -> None:
    surgery, answer = district.surgery, await answered_by_the_school(district)

    first = await surgery.say("challenge", answer, example("challenge"))
    await goes_through(surgery, first)
    second = await surgery.say("challenge", first, example("challenge"))

    further = await goes_through(surgery, second)
    assert ((await surgery.show(first))["codes"]["stage"], further["codes"]["stage"]) == (1, 2)


async def test_it_challenges_that_its_concern_was_found_thin(district: District) -> None:
    surgery, thin = district.surgery, a_concern()
    thin["content"]["facts"] = [{"what": "as discussed", "when": "2026-11-19", "basis": "RECORD"}]
    concern = await surgery.tell(thin)
    found = await surgery.has(concern, "opened")

    challenge = await surgery.say("challenge", concern, example("challenge"))

    shown = await goes_through(surgery, challenge)
    delivery = surgery.look_up(
        "SELECT hash FROM message WHERE kind = 'delivery' AND about = ?", found["hash"]
    )
    assert (found["opened"], shown["codes"]["challenges"]) == ("thin", delivery)


async def test_challenged_it_has_somebody_else_decide_again(district: District) -> None:
    surgery, concern = district.surgery, await told_by_the_school(district)
    decision = await surgery.say("decision", concern, example("decision"))
    await goes_through(surgery, decision)
    told = await district.call("POST", f"/v1/messages/{concern}/challenge", {"argument": "She was not seen."})
    await surgery.has(told["messages"][0]["id"])

    same = await surgery.has(await surgery.say("decision", concern, example("decision")))
    other = await surgery.say("decision", concern, example("decision") | {"staff_id": NURSE["staff_id"]})

    await goes_through(surgery, other)
    assert (same["verdict"], [each["rule"] for each in same["violations"]]) == ("refused", ["same-decider"])


async def test_a_reply_with_a_fact_makes_a_thin_concern_one_to_ask_on(district: District) -> None:
    surgery, thin = district.surgery, a_concern()
    thin["content"]["facts"] = [{"what": "as discussed", "when": "2026-11-19", "basis": "RECORD"}]
    concern = await surgery.tell(thin)
    await surgery.has(concern, "opened")

    await surgery.say("reply", concern, example("reply"))
    asked = await surgery.ask(a_request(concern))

    await goes_through(surgery, asked)


# -- ending, and handing on -------------------------------------------------------------------------------


async def test_it_closes_a_concern_of_its_own_and_one_of_theirs(district: District) -> None:
    surgery = district.surgery
    own, theirs = await told_to_the_school(district), await told_by_the_school(district)

    for concern in (own, theirs):
        await goes_through(surgery, await surgery.say("closure", concern, example("closure")))

    assert (await district.message(own))["state"] == "closed"
    assert (await district.message(theirs))["state"] == "closed"


async def test_it_tells_the_outcome_of_an_answer(district: District) -> None:
    surgery, answer = district.surgery, await answered_by_the_school(district)

    outcome = await surgery.say("outcome", answer, example("outcome"))

    assert (await goes_through(surgery, outcome))["about"] == (await surgery.show(answer))["hash"]


async def test_it_passes_a_concern_on_in_its_authors_words_and_hands_the_matter_over(
    district: District, hub: Partner
) -> None:
    surgery, concern = district.surgery, await told_by_the_school(district)
    relay = await surgery.relay(concern, example("relay") | {"to": CSC})
    handed = example("transfer") | {"to": CSC, "after": [relay]}
    handed["codes"]["to"] = CSC

    to_the_hub = await surgery.say("transfer", concern, handed)
    copy = await surgery.say("transfer", concern, {name: handed[name] for name in handed if name != "to"})

    for said in (relay, to_the_hub, copy):
        await goes_through(surgery, said)
    came, original = await hub.show(relay), await surgery.show(concern)
    assert (came["opened"], came["thread"]) == ("sound", original["thread"])
    assert came["codes"]["relays"] == original["hash"]
    assert (await hub.show(to_the_hub))["codes"]["to"] == CSC
    assert (await district.arrived(copy))["kind"] == "transfer"


async def test_a_request_rests_on_a_concern_that_was_passed_on(district: District, hub: Partner) -> None:
    told = await hub.tell(a_concern() | {"to": GP})
    await district.surgery.has(told)
    relay = await district.surgery.relay(told, example("relay") | {"to": SCHOOL})

    asked = await district.surgery.ask(a_request(relay))

    await goes_through(district.surgery, asked)
    seen = await district.arrived(relay)
    assert seen["opened"] == "sound"
    assert (await district.arrived(asked))["verdict"]["outcome"] == "passed"


async def test_what_may_not_be_passed_on_comes_back(district: District, hub: Partner) -> None:
    told = await hub.tell(a_concern(marks=["NO_ONWARD"]) | {"to": GP})
    await district.surgery.has(told)

    relay = await district.surgery.relay(told, example("relay") | {"to": SCHOOL})

    shown = await district.surgery.has(relay)
    assert shown["verdict"] == "refused"
    assert {"R14", "R15"} & {each["rule"] for each in shown["violations"]}


# -- across threads ---------------------------------------------------------------------------------------


async def test_it_notes_who_was_told_outside_the_exchange(district: District) -> None:
    concern = await told_to_the_school(district)

    told = await district.surgery.say("told", concern, example("told"))

    await goes_through(district.surgery, told)
    assert (await district.arrived(told))["content"]["whom"]["name"] == "M. Underhill"


async def test_a_named_person_joins_two_threads_and_undoes_it(district: District) -> None:
    surgery = district.surgery
    one, other = await told_to_the_school(district), await told_to_the_school(district)
    threads = [(await surgery.show(each))["thread"] for each in (one, other)]
    joining = example("link") | {"to": SCHOOL, "codes": {"joins": [threads[1]]}}

    link = await surgery.say("link", one, joining)
    joined = await goes_through(surgery, link)
    undone = await surgery.say("link", link, {"staff_id": "quennell", "content": {"why": "Two children."}})

    wrong = await goes_through(surgery, undone)
    assert joined["codes"]["joins"][:2] == threads
    assert (wrong["codes"]["undoes"], wrong["codes"]["joins"]) == (joined["hash"], None)


# -- a concern that is lodged -----------------------------------------------------------------------------


async def test_a_lodgees_word_lets_a_request_go_on(district: District, hub: Partner) -> None:
    surgery, review = district.surgery, (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    kept_from = {"from": SCHOOL, "reason": "POLICE_PREJUDICE", "lodged_with": GP, "review_on": review}
    lodged = a_concern(withheld=kept_from) | {"to": f"{GP}/restricted", "countersigned_by": "second-lead"}
    concern = await hub.tell(lodged)
    told = await hub.has(concern, "opened")
    asked = await hub.ask(a_request(concern))
    held = await hub.has(asked)
    await surgery.knows(NOTICE, "lodged")

    word = await surgery.say("approval", surgery.look_up(NOTICE, "lodged"), example("approval"))

    released = await hub.has(asked, "opened")
    await hub.knows("SELECT 1 FROM message WHERE verdict = 'passed' AND jti = ?", asked)
    assert (told["verdict"], held["verdict"], released["opened"]) == ("passed", "held", "sound")
    assert (await surgery.show(word))["codes"]["as"] == "lodgee"
    await district.arrived(asked)


# -- what cannot be said ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Kind.DECISION, "about: decision: about their concern; this is your concern"),
        (Kind.APPLIED, "about: applied: about their correction; this is your concern"),
        (Kind.CHALLENGE, "about: they have decided or found nothing yet that could be challenged"),
        (Kind.TRANSFER, "about: transfer: about their concern, their request; this is your concern"),
    ],
)
async def test_what_cannot_be_about_a_statement_is_said_before_it_leaves(
    district: District, kind: Kind, why: str
) -> None:
    concern = await district.surgery.tell(a_concern())
    name = (await district.surgery.show(concern))["hash"]
    file = district.surgery.folder / f"{kind}.json"
    file.write_text(json.dumps(example(kind)))

    status, _, said = await district.surgery.attempt("say", kind, concern, str(file))

    assert (status, said.strip()) == (1, why)
    assert not district.surgery.look_up("SELECT 1 FROM message WHERE own AND about = ?", name)


async def test_only_a_concern_that_came_is_passed_on(district: District) -> None:
    own = await district.surgery.tell(a_concern())
    file = district.surgery.folder / "own.json"
    file.write_text(json.dumps(example("relay") | {"to": SCHOOL}))

    status, _, said = await district.surgery.attempt("relay", own, str(file))

    assert status == 1
    assert "only a concern that came here" in said
