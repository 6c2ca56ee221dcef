"""A concern's way, from one agency's node into the other's worklist."""

from __future__ import annotations

from candour_protocol.kinds import Kind

from tests.agency.partnership import CSC, POLICE, Office, Partnership, a_concern, a_subject
from tests.agency.places import ON_BOTH

pytestmark = ON_BOTH


async def test_a_concern_reaches_the_other_agency_and_both_see_it_happen(school: Office, csc: Office) -> None:
    answer = await school.post("/v1/concerns", a_concern(CSC))

    [sent] = answer["messages"]
    assert (sent["kind"], sent["recipient"], sent["state"]) == ("concern", CSC, "queued")
    assert sent["phone"] == "01632 960001"
    told = await school.until(sent["id"], "delivered")
    assert told["verdict"]["outcome"] == "passed"
    assert [one["event"] for one in told["timeline"]] == ["queued", "passed", "delivered"]
    [item] = await csc.inbox()
    assert (item["id"], item["sender"], item["urgency"]) == (sent["id"], "hill-school", "RED")
    assert (await csc.message(sent["id"]))["content"]["facts"][0]["basis"] == "OBSERVED"


async def test_the_delivery_says_how_the_recipient_found_it(school: Office, csc: Office) -> None:
    vague = [
        {"what": "Confidential – cannot disclose at this time.", "when": "2026-11-10", "basis": "RECORD"}
    ]

    sound, thin = await school.tell(), await school.tell(facts=vague)

    assert (await school.until(sound, "delivered"))["opened"] == "sound"
    assert (await school.until(thin, "delivered"))["opened"] == "thin"


async def test_several_recipients_and_children_make_one_thread(
    school: Office, csc: Office, police: Office
) -> None:
    children = [a_subject(), a_subject(name="Juno Ashbyte", nhs_number="9990001022")]
    body = a_concern(CSC, recipients=[CSC, POLICE], subject=None, subjects=children)

    answer = await school.post("/v1/concerns", body)

    assert [one["recipient"] for one in answer["messages"]] == [CSC, CSC, POLICE, POLICE]
    shown = [await school.until(one["id"], "delivered") for one in answer["messages"]]
    assert {one["thread"] for one in shown} == {answer["thread"]}
    assert len({one["codes"]["child"][0] for one in shown}) == 2


async def test_a_code_that_no_list_has_is_said_where_only_people_read_it(school: Office, csc: Office) -> None:
    what = "Oval bruise under the left jaw, seen at registration today"
    facts = [{"what": what, "when": "2026-11-09", "basis": basis} for basis in ("observed", "OBSERVD")]
    people = [
        {"name": "Dez Karvell", "role": "UNCLE"},
        {"name": "Ann Karvell", "relationship": "MHT", "has_pr": "y", "contact_level": "LIVES_WIHT"},
    ]
    body = a_concern(CSC, facts=facts, household=people, child_view={"code": "SOUHGT"})

    sent = await school.post("/v1/concerns", body)
    checked = (await school.call("POST", "/v1/concerns/check", body)).json()

    assert (await school.until(sent["messages"][0]["id"], "delivered"))["verdict"]["outcome"] == "passed"
    places = [
        "/facts/1/basis",
        "/household/0/role",
        "/household/1/relationship",
        "/household/1/contact_level",
        "/child_view/code",
    ]
    assert [notice.partition(" ")[0] for notice in sent["notices"]] == places
    assert "OBSERVED" in sent["notices"][0]
    assert "LIVES_WITH" in sent["notices"][3]
    assert "SOUGHT" in sent["notices"][4]
    assert checked["notices"] == sent["notices"]


async def test_who_first_raised_it_stays_visible_beside_the_agency_that_tells(
    school: Office, csc: Office
) -> None:
    author = a_concern(CSC)["author"]

    family = await school.post("/v1/concerns", a_concern(CSC, author=author | {"original_source": "FAMILY"}))
    mistyped = await school.post(
        "/v1/concerns", a_concern(CSC, author=author | {"original_source": "ANONYMUS"})
    )

    jti = family["messages"][0]["id"]
    await school.until(jti, "delivered")
    shown = (await csc.call("GET", f"/v1/messages/{jti}")).json()
    assert shown["content"]["author"]["original_source"] == "FAMILY"
    assert "notices" not in family
    [notice] = mistyped["notices"]
    assert notice.startswith("/author/original_source ")
    assert "ANONYMOUS" in notice


async def test_by_which_levels_of_need_it_was_judged_goes_with_it_and_how_it_is_classified(
    school: Office, csc: Office
) -> None:
    scheme = {"need_level_scheme": "Hardiker, Northern Ireland"}
    author = a_concern(CSC)["author"] | scheme

    sent = await school.post("/v1/concerns", a_concern(CSC, author=author))

    jti = sent["messages"][0]["id"]
    await school.until(jti, "delivered")
    shown = (await csc.call("GET", f"/v1/messages/{jti}")).json()
    assert shown["content"]["author"].items() >= scheme.items()
    assert shown["security_classification"] == "OFFICIAL-SENSITIVE"
    assert (shown["codes"]["need_level"], shown["opened"]) == (a_concern(CSC)["need_level"], "sound")


async def test_how_it_is_known_is_named_where_nothing_else_is_missing(school: Office, csc: Office) -> None:
    what = "Oval bruise under the left jaw, seen at registration today"
    facts = [{"what": what, "when": "2026-11-09", "basis": "OBSERVD"}]

    checked = (await school.call("POST", "/v1/concerns/check", a_concern(CSC, facts=facts))).json()

    [found] = checked["violations"]
    assert (found["rule"], found["pointer"], found["hint"]) == ("R02", "/facts/0/basis", "OBSERVED")


async def test_a_child_without_a_number_gets_a_token_of_its_own(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    nobody = {"name": "two children, one a baby", "identifier_absent_reason": "UNKNOWN_DELAY"}

    told = await school.until(await school.tell(subject=nobody), "delivered")

    [token] = told["codes"]["child"]
    assert token.startswith("r1.")
    assert told["opened"] == "sound"


async def test_free_words_never_get_into_what_the_gateway_reads(school: Office, csc: Office) -> None:
    openness = {"position": "INFORMED_OBJECTED_OVERRIDDEN", "reason": "risk of serious harm"}
    handling = ["NOT_NAMED_PERSON:any visitor"]

    told = await school.message(
        await school.tell(openness=openness, handling=handling, categories=["Dez did"])
    )

    assert told["codes"]["openness"] == {"position": "INFORMED_OBJECTED_OVERRIDDEN", "reason": "STATED"}
    assert told["codes"]["marks"] == ["NOT_NAMED_PERSON"]
    assert told["codes"]["categories"] == ["UNKNOWN"]
    assert told["content"]["handling"]["openness_reason"] == "risk of serious harm"


async def test_the_same_person_has_one_actor_token_in_a_thread(school: Office, csc: Office) -> None:
    first = await school.message(await school.tell())

    again = await school.message(await school.tell(thread=first["thread"]))
    elsewhere = await school.message(await school.tell())

    assert first["codes"]["actor"] == again["codes"]["actor"] != elsewhere["codes"]["actor"]


async def test_an_author_whom_nobody_vouches_for_is_shown_as_stated(school: Office) -> None:
    token = school.with_scopes("concerns.send", "messages.read", acts_as="okoro")
    answer = await school.call("POST", "/v1/concerns", a_concern(), token=token)

    told = await school.message(answer.json()["messages"][0]["id"])

    assert told["content"]["author"]["as_stated"] is True


async def test_a_concern_that_follows_an_emergency_settles_the_debt_at_its_holder_only(
    school: Office, csc: Office, police: Office
) -> None:
    request = await school.ask(
        CSC, urgency="EMERGENCY", purpose="EMERGENCY_SAFETY", danger_line="not breathing"
    )
    await school.until(request, "delivered")

    answer = await school.post(
        "/v1/concerns", a_concern(CSC, recipients=[CSC, POLICE], pays_back=request, urgency="EMERGENCY")
    )

    to_csc, to_police = [await school.until(one["id"], "delivered") for one in answer["messages"]]
    assert to_csc["codes"]["pays_back"]
    assert to_police["codes"]["pays_back"] is None
    asked = await school.message(request)
    assert asked["thread"] == answer["thread"]
    [debt] = [one for one in asked["obligations"] if one["kind"] == "debt"]
    assert debt["settled_at"] is not None
    assert not debt["overdue"]
    held = await csc.message(request)
    assert "concern-followed" in [one["event"] for one in held["timeline"]]


async def test_a_relay_is_never_needed_to_tell(school: Office, csc: Office, partnership: Partnership) -> None:
    await school.until(await school.tell(), "delivered")

    assert len(partnership.gateway.of_kind(Kind.CONCERN)) == 1
    assert len(partnership.gateway.of_kind(Kind.DELIVERY)) == 1
