"""Three cases for somebody new: telling, asking, answering. What is typed is sent through a running sandbox.

Every try is about a child of its own, so that none leans on what was tried before.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from candour_protocol.cli.sandbox import Room, Sandbox
from candour_protocol.client import ClientError, MessageView, Verdict
from candour_protocol.codes import (
    AgencyKind,
    AssertionBasis,
    Coded,
    ConcernCategory,
    InfoCategory,
    RefusalReason,
    ResponseOutcome,
    TrainingLevel,
)
from candour_protocol.identifiers import nhs_check_digit

Said = Mapping[str, str]
Body = dict[str, Any]

_WAIT = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to type.

    Attributes:
        codes: the list that the answer is a code of; None for words of one's own.
        number: whether a whole number is wanted.
    """

    name: str
    asks: str
    codes: type[Coded] | None = None
    number: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent, once it stopped moving.

    Attributes:
        recipient: the agency that it was for.
        arrived: whether it is there, as that agency's own node says.
    """

    message: MessageView
    verdict: Verdict
    recipient: str
    arrived: bool


@dataclass(frozen=True, slots=True)
class Exercise:
    """One case.

    Attributes:
        story: what has happened, told to whoever practises.
        send: sends what they said, and whatever others have to say before it.
        example: answers that meet every rule, for whoever would rather see them.
        lesson: what to take away.
    """

    title: str
    story: str
    questions: tuple[Question, ...]
    send: Callable[[Sandbox, Said], Awaitable[Sent]]
    example: Said
    lesson: str


async def _sent(message: MessageView, recipient: Room) -> Sent:
    if message.verdict is None:
        raise AssertionError("what has settled has its verdict")
    return Sent(message, message.verdict, recipient.agency, await recipient.has(message.id))


async def _told(teller: Room, holder: Room, concern: Body) -> MessageView:
    accepted = await teller.client.post_concern({"recipients": [holder.agency], **concern})
    return await teller.settled(accepted.messages[0].id)


async def _asked(asker: Room, holder: Room, request: Body) -> MessageView:
    try:
        accepted = await asker.client.post_request({"recipients": [holder.agency], **request}, wait=_WAIT)
    except ClientError as error:
        if "message" not in error.problem:
            raise
        return await asker.settled(error.problem["message"]["id"])
    asked = next(message for message in accepted.messages if message.kind == "request")
    return await asker.settled(asked.id)


def _child(name: str, birth_date: str) -> Body:
    """A child with a number from the range that is never issued, and that nobody has used before."""
    while True:
        number = f"999{secrets.randbelow(10**6):06}"
        if digit := nhs_check_digit(number):
            return {"name": name, "birth_date": birth_date, "nhs_number": number + digit}


def _rowan() -> Body:
    return _child("Rowan Ashbyte", "2017-03-14")


async def _tell(sandbox: Sandbox, said: Said) -> Sent:
    holder = sandbox.of(AgencyKind.CSC)
    concern = {
        "subject": _rowan(),
        "categories": [said["category"]] if said["category"] else [],
        "need_level": "L4",
        "urgency": "RED",
        "facts": [{"what": said["what"], "when": said["when"], "basis": said["basis"]}],
        "author": {"name": "H. Vance", "role": "Designated safeguarding lead", "training_level": "DSL"},
    }
    return await _sent(await _told(sandbox.of(AgencyKind.SCHOOL), holder, concern), holder)


TELL = Exercise(
    title="You tell",
    story=(
        "You teach year 4. On Monday at ten past nine you see an oval bruise, yellow and brown, about three "
        "centimetres, under the left side of Rowan's jaw. Rowan says: 'I fell off the bunk.' Rowan has been "
        "quiet since half-term and asks to stay late at club. Tell social care."
    ),
    questions=(
        Question("category", "What kind of concern is it?", ConcernCategory),
        Question("what", "What was seen or heard, in your own words?"),
        Question("when", "When? A date, or 'ongoing since …'"),
        Question("basis", "How do you know?", AssertionBasis),
    ),
    send=_tell,
    example={
        "category": "PHYSICAL_ADULT",
        "what": "Oval bruise, yellow and brown, about 3 cm, under the left side of Rowan's jaw",
        "when": "2026-11-23 09:10",
        "basis": "OBSERVED",
    },
    lesson=(
        "A concern is never refused, held or delayed, however short: it is delivered, and marked where it "
        "says too little. But only one that says what was seen, when, and how you know lets anybody ask."
    ),
)


async def _ask(sandbox: Sandbox, said: Said) -> Sent:
    asker, holder = sandbox.of(AgencyKind.GP), sandbox.of(AgencyKind.SCHOOL)
    ivo = _child("Ivo Larkfield", "2011-09-03")
    concern = await _told(asker, holder, _six_kilos_lighter(ivo))
    cited = [concern.id] if said["cites"].casefold().startswith("y") else []
    return await _sent(await _asked(asker, holder, _question(ivo, cited, said)), holder)


def _six_kilos_lighter(child: Body) -> Body:
    seen = "Came alone, six kilos lighter since May, clothes unwashed; headaches on school days only"
    return {
        "subject": child,
        "categories": ["NEGLECT", "CHILD_MH"],
        "need_level": "L2",
        "urgency": "AMBER",
        "facts": [{"what": seen, "when": "2026-11-23", "basis": "OBSERVED"}],
        "author": {"name": "Dr A. Pell", "role": "GP safeguarding lead", "training_level": "IC4"},
    }


def _question(child: Body, cited: list[str], said: Said) -> Body:
    line = {
        "person": {"name": child["name"], "role": "SUBJECT_CHILD"},
        "category": said["category"],
        "months": int(said["months"]) if said["months"] else None,
        "question": "What can you tell us?",
        "because": said["because"],
    }
    return {
        "concern_ids": cited,
        "subject": child,
        "urgency": "AMBER",
        "purpose": "DIRECT_CARE",
        "power": "CA04_S11",
        "lawful_basis": "A6_E",
        "special_category": "A9_H",
        "openness": {"position": "INFORMED_AGREED"},
        "lines": [line],
        "author": {"name": said["name"], "role": "General practitioner", "training_level": said["level"]},
    }


ASK = Exercise(
    title="You ask",
    story=(
        "You are Dr Pell, safeguarding lead (IC4) of a surgery. Ivo, 15, came alone: six kilos lighter since "
        "May, headaches on school days only. You have told his school that. Now you would like to know from "
        "the school what you need to decide whether this is neglect, bullying or illness."
    ),
    questions=(
        Question("cites", "Do you cite the concern that you told the school? (yes or no)"),
        Question("category", "What do you ask for?", InfoCategory),
        Question("months", "For how many months back?", number=True),
        Question("because", "Why do you need it? Which decision does it inform?"),
        Question("name", "Who asks?"),
        Question("level", "At which training level?", TrainingLevel),
    ),
    send=_ask,
    example={
        "cites": "yes",
        "category": "EDU_ATTEND",
        "months": "6",
        "because": "headaches on school days only; to tell neglect, bullying and illness apart",
        "name": "Dr A. Pell",
        "level": "IC4",
    },
    lesson=(
        "Whoever asks has told the same holder why, asks for no more than that reason needs, and stands for "
        "it by name. In 2005 it was proposed that health staff need not say; these rules know no profession."
    ),
)


async def _answer(sandbox: Sandbox, said: Said) -> Sent:
    asker, holder = sandbox.of(AgencyKind.CSC), sandbox.of(AgencyKind.POLICE)
    rowan = _rowan()
    concern = await _told(asker, holder, _bruised(rowan))
    request = await _asked(asker, holder, _about_the_partner(rowan, concern.id))
    line = {"line": 1} | {name: said[name] for name in ("outcome", "reason", "text", "would_change_if")}
    decider = {"name": "DI Brace", "role": "Detective inspector", "training_level": "IC4"}
    accepted = await holder.client.answer(request.id, {"outcomes": [line], "decider": decider})
    return await _sent(await holder.settled(accepted["messages"][0]["id"]), asker)


def _bruised(child: Body) -> Body:
    seen = "Oval bruise, yellow and brown, about 3 cm, under the left side of the jaw"
    return {
        "subject": child,
        "categories": ["PHYSICAL_ADULT"],
        "need_level": "L4",
        "urgency": "RED",
        "facts": [{"what": seen, "when": "2026-11-23 09:10", "basis": "OBSERVED"}],
        "author": _SOCIAL_WORKER,
    }


def _about_the_partner(child: Body, concern: str) -> Body:
    line = {
        "person": {"name": "Dez Karvell", "born_about": 1991, "role": "ALLEGED_RISK"},
        "category": "POLICE_INCID",
        "months": 24,
        "question": "What do you hold about the mother's partner?",
        "because": "to judge whether Rowan can safely go home tonight",
    }
    return {
        "concern_ids": [concern],
        "subject": child,
        "urgency": "RED",
        "purpose": "S47",
        "power": "CA89_S47",
        "lawful_basis": "A6_E",
        "special_category": "A9_G18",
        "openness": {"position": "NOT_INFORMED", "reason": "RISK_TO_CHILD"},
        "lines": [line],
        "author": _SOCIAL_WORKER,
    }


_SOCIAL_WORKER: Body = {"name": "J. Mbeki", "role": "Social worker", "training_level": "SW_QUALIFIED"}

ANSWER = Exercise(
    title="You answer",
    story=(
        "You are DI Brace. A social worker has told you about the bruise on Rowan's jaw and asks for what "
        "you hold about the mother's partner. An arrest is planned for next week, and word of it would warn "
        "him. You decide to withhold that for now."
    ),
    questions=(
        Question("outcome", "What comes of the request?", ResponseOutcome),
        Question("reason", "If something is withheld: for which reason?", RefusalReason),
        Question("text", "Why, in your own words?"),
        Question("would_change_if", "What would change your mind?"),
    ),
    send=_answer,
    example={
        "outcome": "REFUSED",
        "reason": "PREJUDICE_INVESTIGATION",
        "text": "An arrest is planned for next week and word of it would warn him",
        "would_change_if": "the arrest is made; we look again on 3 December",
    },
    lesson=(
        "A holder may always refuse, and nobody is overruled by a machine. But every line gets an outcome, a "
        "reason that somebody can argue with, and what would change it. 'Data protection' is none: it is "
        "delivered, and escalates."
    ),
)

EXERCISES = (TELL, ASK, ANSWER)
