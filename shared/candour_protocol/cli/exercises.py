"""Three cases for somebody new: telling, asking, answering. What is typed becomes a case for the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from candour_protocol.codes import (
    AssertionBasis,
    Coded,
    ConcernCategory,
    InfoCategory,
    RefusalReason,
    ResponseOutcome,
    TrainingLevel,
)
from candour_protocol.kinds import Kind
from candour_protocol.rules.rehearsal import Case
from candour_protocol.strict_json import JsonObject, JsonValue

Said = Mapping[str, str]


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
class Exercise:
    """One case.

    Attributes:
        story: what has happened, told to whoever practises.
        case: what they said, made ready for the rules.
        example: answers that meet every rule, for whoever would rather see them.
        lesson: what to take away.
    """

    title: str
    story: str
    questions: tuple[Question, ...]
    case: Callable[[Said], Case]
    example: Said
    lesson: str


def _tell(said: Said) -> Case:
    fact: JsonObject = {"what": said["what"], "when": said["when"], "basis": said["basis"]}
    categories: list[JsonValue] = [said["category"]] if said["category"] else []
    return Case(Kind.CONCERN, concern={"categories": categories, "facts": [fact]})


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
    case=_tell,
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

_IVO: JsonObject = {"name": "Ivo Larkfield", "birth_date": "2011-09-03", "nhs_number": "9990001073"}


def _ask(said: Said) -> Case:
    line: JsonObject = {
        "person": {"name": "Ivo Larkfield", "role": "SUBJECT_CHILD"},
        "category": said["category"],
        "months": int(said["months"]) if said["months"] else None,
        "question": "What can you tell us?",
        "because": said["because"],
    }
    return Case(
        Kind.REQUEST,
        cites=said["cites"].casefold().startswith("y"),
        asker_kind="GP",
        concern={
            "subject": _IVO,
            "categories": ["NEGLECT", "CHILD_MH"],
            "urgency": "AMBER",
            "need_level": "L2",
        },
        request={
            "subject": _IVO,
            "urgency": "AMBER",
            "purpose": "DIRECT_CARE",
            "power": "CA04_S11",
            "special_category": "A9_H",
            "openness": {"position": "INFORMED_AGREED", "reason": None},
            "lines": [line],
            "author": {"name": said["name"], "role": "General practitioner", "training_level": said["level"]},
        },
    )


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
    case=_ask,
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


def _answer(said: Said) -> Case:
    line: JsonObject = {
        "line": 1,
        "outcome": said["outcome"],
        "reason": said["reason"],
        "text": said["text"],
        "would_change_if": said["would_change_if"],
    }
    decider: JsonObject = {"name": "DI Brace", "role": "Detective inspector", "training_level": "IC4"}
    return Case(Kind.ANSWER, answer={"outcomes": [line], "decider": decider})


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
    case=_answer,
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
