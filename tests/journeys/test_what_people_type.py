"""What people type and paste goes through, in every kind of message, and arrives as they wrote it.

Only marks that nobody can see are taken out, and the reply says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.personal import AUTHOR, TAMSIN
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff"
NOTICE = "Invisible control characters were taken out of what you typed; the visible text is unchanged."

ARABIC = "قالت ليلى: «أبي يغضب عندما يبكي الرضيع»، ثم سكتت طويلاً."
WELSH = "Dywedodd Siân Llŷr fod ei thad yn gweiddi bob nos; mae hi’n cuddio gyda’i chŵn dan y bwrdd."
TYPED = {
    "smart quotes": "Rowan said “I fell off the bunk” – then, quietly, ‘Dez gets cross…’ — and cried.",
    "Arabic": ARABIC,
    "Welsh": WELSH,
    "Hebrew and English in one line": "האחות כתבה Oldacre twice, then stopped.",
    "emoji and a family": "Drew a 👨‍👩‍👧‍👦 with one face scratched out 🖤; said 🏠 is “loud”.",
    "combining marks": "Zoe\u0308 and Nguye\u0302\u0303n came; S\u0323a\u0323ra\u0300 did not.",
    "line ends and tabs": "Line one\r\n\tLine two\n\n– a list\n\u2028an end that Word makes\u2029",
    "HTML and quotes": "<script>alert('x')</script> & \"quoted\" \\back\\ %00 ${jndi:x} '; DROP TABLE",
    "JSON": '{"statement":"x~","_sd":["..."],"...":1}',
    "tildes and full stops": "~~~ a.b.c ~ ~ 5~6 weeks ... ~",
    "zero width joiners that a script needs": "می\u200cخواهم و ක්\u200dෂ",
    "a soft hyphen and a hard space": "safe\u00adguarding\u00a0lead",
    "outside the first plane": "𝒮he wrote 𠜎 and 𓀀",
    "only white space between": "a" + " " * 200 + "b",
    "a private use character": "\ue000 from an old system",
    "a noncharacter": "x\uffffy",
}


async def _told(town: Town, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reply to a concern from the school to social care, and what social care reads."""
    answer = await town.post(SCHOOL, "/v1/concerns", body)
    assert answer.status_code == 202, answer.text
    reply = answer.json()
    return reply, await town.arrived(CSC, reply["messages"][0]["id"])


@pytest.mark.parametrize("text", TYPED.values(), ids=TYPED.keys())
async def test_a_story_arrives_to_the_letter(town: Town, text: str) -> None:
    facts = [{"what": f"{text} She had not eaten since the day before.", "when": text, "basis": "OBSERVED"}]

    reply, read = await _told(town, a_concern_for(CSC, facts=facts, impact=text))

    assert (read["opened"], read["verdict"]["outcome"]) == ("sound", "passed")
    assert read["content"]["facts"][0]["what"] == facts[0]["what"]
    assert read["content"]["facts"][0]["when"] == read["content"]["impact"] == text
    assert "notices" not in reply


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        (f"\u202e{ARABIC}\u202c", ARABIC),
        (f"\u200f{ARABIC}\u200e and \u2067English\u2069", f"{ARABIC} and English"),
        (WELSH.replace(" ", " \u200e"), WELSH),
        ("Came in with a cut lip\x00", "Came in with a cut lip"),
        ("\x00\x00Came\x00 in", "Came in"),
        ("\ufeffPasted from a file", "Pasted from a file"),
        ("half an emoji \ud83d.", "half an emoji \ufffd."),
        ("two halves \ude00\ud83d", "two halves \ufffd\ufffd"),
        (f"{MARKS}seen{MARKS}", "seen"),
        ("paid £\u202e50 back", "paid £50 back"),
    ],
)
async def test_marks_that_nobody_sees_are_taken_out_and_it_is_said_so(
    town: Town, typed: str, arrives: str
) -> None:
    facts = [
        {
            "what": f"{typed} She said that she had eaten nothing since Sunday.",
            "when": "2026-11-19",
            "basis": "OBSERVED",
        }
    ]

    reply, read = await _told(town, a_concern_for(CSC, facts=facts, impact=typed))

    assert reply["notices"] == [NOTICE]
    assert read["opened"] == "sound"
    assert read["content"]["impact"] == arrives
    assert (
        read["content"]["facts"][0]["what"] == f"{arrives} She said that she had eaten nothing since Sunday."
    )


def _long(words: str) -> str:
    """A true story of 31 KiB, as true stories are: hardly two hundred different words in thousands."""
    known = words.split()
    some = [f"{left}{right}" for left in known for right in known]
    told = " ".join(some[(n * n + n // 7) % len(some)] for n in range(9000))
    return told.encode()[: 31 * 1024].decode(errors="ignore")


@pytest.mark.parametrize(
    "words",
    [
        "night door kicked quiet stairs kettle shouted under bed slept cold bus late milk",
        "ليل باب صراخ سكون درج برد نوم خوف حليب أخت أب شارع يد صوت",
        "nos drws gwaedd tawel grisiau oer cwsg ofn llaeth chwaer tad stryd llaw llŷn",
    ],
    ids=["English", "Arabic", "Welsh"],
)
async def test_a_story_of_31_kibibytes(town: Town, words: str) -> None:
    story = _long(words)
    facts = [{"what": story, "when": "2026-11-19", "basis": "CHILD_SAID"}]

    _, read = await _told(town, a_concern_for(CSC, facts=facts))

    assert 30 * 1024 < len(story.encode()) <= 31 * 1024
    assert len(set(story.split())) * 100 < 30 * len(story.split())
    assert (read["opened"], read["verdict"]["outcome"]) == ("sound", "passed")
    assert read["content"]["facts"][0]["what"] == story


async def test_the_same_sentence_for_31_kibibytes_arrives_and_is_called_thin(town: Town) -> None:
    story = ("Came in barefoot with a cut lip and ate. " * 800)[: 31 * 1024]
    facts = [{"what": story, "when": "2026-11-19", "basis": "OBSERVED"}]

    _, read = await _told(town, a_concern_for(CSC, facts=facts))

    assert (read["opened"], read["verdict"]["rules"]) == ("thin", ["R02"])
    assert read["content"]["facts"][0]["what"] == story


async def test_a_story_that_is_too_long_is_not_cut_but_given_back(town: Town) -> None:
    answer = await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC, impact="word " * 7000))

    assert (answer.status_code, answer.json()["code"]) == (413, "story-too-long")


@pytest.mark.parametrize(
    "name",
    [
        "Siân Llŷr ap Gwŷn",
        "ليلى عبد الرحمن",
        "Nguyễn Thị Ánh",
        "O’Brien-Ö Çelik",
        "Ṣàǹgó Ọláwálé",
        "X Æ A-Ⅻ",
        "李 小龙",
    ],
)
async def test_a_name_in_any_script_of_a_child_and_of_who_writes(town: Town, name: str) -> None:
    subject = TAMSIN | {"name": name, "aliases": [f"\u202b{name}\u202c"], "school": name}
    author = AUTHOR | {"name": name}

    reply, read = await _told(town, a_concern_for(CSC, subject=subject, author=author))

    assert read["opened"] == "sound"
    assert read["content"]["subject"]["name"] == read["content"]["subject"]["aliases"][0] == name
    assert read["content"]["author"]["name"] == name
    assert reply["notices"] == [NOTICE]


async def test_numbers_as_people_paste_them(town: Town) -> None:
    """The child is the same child, whatever came along from the record."""
    pasted = TAMSIN | {"nhs_number": "\u202a999 000 1014\u202c", "birth_date": "2016-02-29\x00"}

    _, first = await _told(town, a_concern_for(CSC))
    _, second = await _told(town, a_concern_for(CSC, subject=pasted))

    assert second["opened"] == "sound"
    assert first["codes"]["child"] == second["codes"]["child"]


async def test_codes_with_marks_in_them_are_the_codes(town: Town) -> None:
    body = a_concern_for(CSC, categories=["NEGLECT\u200e"], urgency="\ufeffAMBER", need_level="L3\x00")

    _, read = await _told(town, body)

    assert read["verdict"]["outcome"] == "passed"
    codes = read["codes"]
    assert (codes["categories"], codes["urgency"], codes["need_level"]) == (["NEGLECT"], "AMBER", "L3")


async def test_a_recipient_with_marks_in_it_is_the_recipient(town: Town) -> None:
    _, read = await _told(town, a_concern_for(f"\u200e{CSC}\x00"))

    assert read["opened"] == "sound"


# -- every other kind --------------------------------------------------------------------------------


RAW = f"\u202e“{ARABIC}” – {WELSH}\x00\u200f"
CLEAN = f"“{ARABIC}” – {WELSH}"


async def _asked(town: Town) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request by the school to social care in such words, and what social care reads of it."""
    _, concern = await _told(town, a_concern_for(CSC))
    line = {
        "person": TAMSIN | {"role": "SUBJECT_CHILD", "name": "Siân\u200e Llŷr"},
        "category": "CSC_HISTORY",
        "months": 6,
        "question": RAW,
        "because": f"to judge whether the cut lip is one of several: {RAW}",
    }
    body = a_request_for(CSC, concern["id"], lines=[line], power="CA04_S11")
    answer = await town.post(SCHOOL, "/v1/requests", body)
    assert answer.status_code == 202, answer.text
    return answer.json(), await town.arrived(CSC, answer.json()["messages"][-1]["id"])


async def test_a_request(town: Town) -> None:
    reply, read = await _asked(town)

    assert (read["opened"], read["verdict"]["outcome"], reply["notices"]) == ("sound", "passed", [NOTICE])
    (question,) = read["content"]["questions"]
    assert question["question"] == CLEAN
    assert question["because"] == f"to judge whether the cut lip is one of several: {CLEAN}"
    assert read["content"]["persons"][0]["name"] == "Siân Llŷr"


async def test_an_answer(town: Town) -> None:
    _, request = await _asked(town)
    outcome = {
        "line": 1,
        "outcome": "DISCLOSED_FULL",
        "text": f"{RAW} Known since 2019; two plans, both closed.",
        "basis": "RECORD",
        "searched": [f"Liquidlogic {RAW}"],
        "would_change_if": RAW,
    }

    body = {"outcomes": [outcome], "decider": AUTHOR | {"name": RAW}}
    answer = await town.post(CSC, f"/v1/requests/{request['id']}/answer", body)
    read = await town.arrived(SCHOOL, answer.json()["messages"][0]["id"])

    assert (read["opened"], read["verdict"]["outcome"]) == ("sound", "passed")
    content = read["content"]
    assert content["content"][0]["text"] == f"{CLEAN} Known since 2019; two plans, both closed."
    assert content["searched"][0]["searched"] == [f"Liquidlogic {CLEAN}"]
    assert content["decider"]["name"] == CLEAN
    assert answer.json()["notices"][0] == NOTICE


async def test_an_acknowledgement(town: Town) -> None:
    _, concern = await _told(town, a_concern_for(CSC))

    body = {"name": f"Siân \u202e{ARABIC}", "role": RAW, "questions": [RAW]}
    answer = await town.call(
        CSC, "PUT", f"/v1/inbox/{concern['id']}/acknowledgement", json=body, headers={"Prefer": "wait=10"}
    )
    read = await town.arrived(SCHOOL, answer.json()["messages"][0]["id"])
    parent = await town.message(SCHOOL, concern["id"])

    assert (read["opened"], answer.json()["notices"]) == ("sound", [NOTICE])
    assert (read["content"]["name"], read["content"]["role"]) == (f"Siân {ARABIC}", CLEAN)
    assert read["content"]["questions"][0]["question"] == CLEAN
    assert parent["state_text"] == f"opened by Siân {ARABIC}"


async def test_a_decision(town: Town) -> None:
    _, concern = await _told(town, a_concern_for(CSC))

    body = {"decision": "ADVICE_NFA", "feedback": RAW, "reasons": RAW, "decider": AUTHOR}
    answer = await town.post(CSC, f"/v1/concerns/{concern['id']}/decision", body)
    read = await town.arrived(SCHOOL, answer.json()["messages"][0]["id"])

    assert (read["opened"], answer.json()["notices"]) == ("sound", [NOTICE])
    assert read["content"]["feedback"] == read["content"]["reasons"] == CLEAN


@pytest.mark.parametrize("sender", [SCHOOL, CSC])
async def test_a_reply_by_either_party(town: Town, sender: Any) -> None:
    _, concern = await _told(town, a_concern_for(CSC))

    body = {"facts": [{"what": RAW, "when": "today", "basis": "CHILD_SAID"}], "author": AUTHOR}
    answer = await town.post(sender, f"/v1/threads/{concern['thread']}/replies", body)
    other = CSC if sender == SCHOOL else SCHOOL
    read = await town.arrived(other, answer.json()["messages"][0]["id"])

    assert (read["opened"], answer.json()["notices"]) == ("sound", [NOTICE])
    assert read["content"]["facts"][0]["what"] == CLEAN


async def test_an_outcome(town: Town) -> None:
    _, request = await _asked(town)
    outcome = {"line": 1, "outcome": "DISCLOSED_FULL", "text": "Known since 2019.", "basis": "RECORD"}
    body = {"outcomes": [outcome | {"searched": ["Liquidlogic"]}], "decider": AUTHOR}
    answer = await town.post(CSC, f"/v1/requests/{request['id']}/answer", body)
    await town.arrived(SCHOOL, answer.json()["messages"][0]["id"])

    told = await town.post(
        SCHOOL, f"/v1/requests/{request['id']}/outcome", {"came_of_it": RAW, "author": AUTHOR}
    )
    read = await town.arrived(CSC, told.json()["messages"][0]["id"])

    assert (read["opened"], read["content"]["came_of_it"]) == ("sound", CLEAN)


async def test_a_dry_run_says_the_same(town: Town) -> None:
    body = a_concern_for(CSC, impact=RAW)

    answer = await town.call(SCHOOL, "POST", "/v1/concerns/check", json=body)

    assert answer.json()["notices"] == [NOTICE]
    assert not answer.json()["violations"]
