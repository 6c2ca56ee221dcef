"""One number that came with two names: what a node says of that to who tells, asks or reads. Domain R13."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_agency.api.gate import SCOPES
from candour_protocol.ids import StatementHash
from candour_protocol.registry_facts import Voice

from tests.agency.partnership import (
    CSC,
    POLICE,
    SCHOOL,
    Office,
    a_concern,
    a_request,
    a_subject,
)
from tests.agency.places import ON_BOTH
from tests.agency.prompted import (
    BRYN_UNDER_ROWANS_NUMBER,
    OTHER_FACT,
    PLAIN,
    imprints_kept,
    of_same_number,
    tell,
    try_out,
)


@ON_BOTH
async def test_a_number_with_another_surname_and_birth_date_is_pointed_out_to_its_sender(
    school: Office, csc: Office
) -> None:
    before = await school.tell()

    tried = await try_out(school, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])
    told = await tell(school, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])
    asked = await school.post("/v1/requests", a_request(CSC, subject=BRYN_UNDER_ROWANS_NUMBER))

    for answer in (tried, told, asked):
        (prompt,) = of_same_number(answer)
        assert before in prompt
        assert "twins" in prompt
        assert not [secret for secret in ("Rowan", "Ashbyte", "9990001014", "2017") if secret in prompt]
    assert (await school.until(told["messages"][0]["id"], "delivered"))["verdict"]["rules"] == []


async def test_what_an_agency_was_told_by_others_counts_as_well(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    tried = await try_out(csc, subject=BRYN_UNDER_ROWANS_NUMBER, recipients=[POLICE])

    (prompt,) = of_same_number(tried)
    assert told in prompt


@pytest.mark.parametrize("changes", [{"birth_date": "2017-03-15"}, {"name": "Rowan Morrow"}])
async def test_where_only_birth_date_or_surname_differs_nobody_is_disturbed(
    school: Office, changes: dict[str, str]
) -> None:
    await school.tell()

    told = await tell(school, subject=a_subject(**changes))

    assert of_same_number(told) == []


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

    assert of_same_number(plain.json()) == []
    (prompt,) = of_same_number(full.json())
    assert hidden in prompt


async def test_whoever_only_sends_cannot_try_whether_a_number_is_known(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    sender = csc.with_scopes("concerns.send", may_assert=True)
    reader = csc.with_scopes("concerns.send", "messages.read", may_assert=True)
    body = a_concern(POLICE, subject=BRYN_UNDER_ROWANS_NUMBER, facts=[OTHER_FACT])

    tried = [await csc.call("POST", "/v1/concerns/check", body, token=token) for token in (sender, reader)]

    assert [len(of_same_number(each.json())) for each in tried] == [0, 1]


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
    kept = [await imprints_kept(office) for office in (school, csc)]

    for office in (school, csc):
        partnership.gateway.notify(office.agency, "erased", name, shown["thread"], because=erasure)
    await partnership.courier.quiet()

    assert kept == [2, 1]
    assert [await imprints_kept(office) for office in (school, csc)] == [0, 0]
    assert of_same_number(await try_out(csc, subject=BRYN_UNDER_ROWANS_NUMBER, recipients=[POLICE])) == []
