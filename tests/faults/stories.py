"""What agencies say to each other under load: each story is a matter from its first word to its last."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from tests.faults.caller import Caller, Sent

TELLERS = ("testborough-hill", "testborough-hv", "testborough-gp")
HOLDERS = ("testborough-csc", "testshire-police", "testborough-ed")
_VANCE = {"staff_id": "vance", "name": "H. Vance", "role": "Safeguarding lead", "training_level": "DSL"}
_BROOK = {"staff_id": "brook", "name": "B. Brook", "role": "Social worker", "training_level": "SW_QUALIFIED"}


@dataclass(slots=True)
class Matter:
    """One story's parties, and keys that no other call has."""

    callers: Mapping[str, Caller]
    name: str
    number: int
    sender: str
    holder: str
    calls: int = 0

    @property
    def child(self) -> dict[str, str]:
        """One child a matter: many questions about the same one would be fishing, and wait (R06)."""
        return {"name": "Ari Example", "birth_date": "2017-05-02", "nhs_number": _nhs_number(self.number)}

    async def say(
        self, agency: str, path: str, body: Mapping[str, Any], *, passes: bool = True, method: str = "POST"
    ) -> Sent:
        """A call, and its last message, once that stands in its recipient's worklist (if it may)."""
        self.calls += 1
        key = f"{self.name}-{self.calls}"
        sent = await self.callers[agency].say(path, body, key, passes=passes, method=method)
        for one in sent if passes else sent[:-1]:
            await self.callers[one.recipient].came(one.id)
        return sent[-1]


Story = Callable[[Matter], Awaitable[None]]


def a_concern(matter: Matter, urgency: str = "AMBER") -> dict[str, Any]:
    """A concern of substance to the holder."""
    return {
        "recipients": [matter.holder],
        "subject": matter.child,
        "categories": ["NEGLECT"],
        "need_level": "L3",
        "urgency": urgency,
        "facts": [
            {
                "what": f"Ari came in without a coat for the third day and was very hungry ({matter.name}).",
                "when": "2026-11-20",
                "basis": "OBSERVED",
            }
        ],
        "author": _VANCE,
    }


def a_request(matter: Matter, *concerns: str) -> dict[str, Any]:
    """A question that rests on these concerns."""
    return {
        "recipients": [matter.holder],
        "concern_ids": list(concerns),
        "subject": matter.child,
        "urgency": "AMBER",
        "purpose": "DIRECT_CARE",
        "power": "CA04_S11",
        "lawful_basis": "A6_E",
        "special_category": "A9_H",
        "openness": {"position": "INFORMED_AGREED"},
        "lines": [
            {
                "person": {"name": "Ari Example", "role": "SUBJECT_CHILD"},
                "category": "KNOWN_YN",
                "months": 6,
                "question": "Is Ari known to you?",
                "because": "to decide whether the hunger is part of neglect at home",
            }
        ],
        "author": _VANCE,
    }


async def told(matter: Matter) -> None:
    """A concern, opened by somebody, and decided."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    who = {"name": "B. Brook", "role": "Social worker", "staff_id": "brook", "questions": ["Since when?"]}
    await matter.say(matter.holder, f"/v1/inbox/{concern.id}/acknowledgement", who, method="PUT")
    decision = {
        "decision": "EARLY_HELP", "final": True, "feedback": "We visit on Tuesday.",
        "reasons": "The facts point to neglect.", "decider": _BROOK,
    }  # fmt: skip
    await matter.say(matter.holder, f"/v1/concerns/{concern.id}/decision", decision)


async def urgent(matter: Matter) -> None:
    """A concern that overtakes."""
    await matter.say(matter.sender, "/v1/concerns", a_concern(matter, "RED"))


async def asked(matter: Matter) -> None:
    """A concern, a request that rests on it, its answer, and what came of it."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    request = await matter.say(matter.sender, "/v1/requests", a_request(matter, concern.id))
    answer = {
        "outcomes": [
            {"line": 1, "outcome": "DISCLOSED_FULL", "reason": None, "text": "Known since May.",
             "basis": "RECORD", "searched": ["case system"], "would_change_if": None}
        ],
        "decider": _BROOK,
    }  # fmt: skip
    await matter.say(matter.holder, f"/v1/requests/{request.id}/answer", answer)
    came = {"outcome": "NO_FURTHER_ACTION", "came_of_it": "No further help was needed.", "author": _VANCE}
    await matter.say(matter.sender, f"/v1/requests/{request.id}/outcome", came)


async def bare(matter: Matter) -> None:
    """A question without a word of what worries anybody: returned, and seen by nobody."""
    await matter.say(matter.sender, "/v1/requests", a_request(matter), passes=False)


STORIES: Mapping[Story, int] = {told: 4, urgent: 2, asked: 3, bare: 1}
"""Each story with its weight."""


def a_story(callers: Mapping[str, Caller], number: int, chance: random.Random) -> tuple[Story, Matter]:
    """The next one."""
    story = chance.choices(list(STORIES), list(STORIES.values()))[0]
    sender, holder = chance.choice(TELLERS), chance.choice(HOLDERS)
    return story, Matter(callers, f"{story.__name__}-{number}", number, sender, holder)


def _nhs_number(number: int) -> str:
    """The so-manieth valid one of the range that is kept for tests, 999 000 0000 and up."""
    valid = (each for each in map(_with_check_digit, count(1)) if each is not None)
    return next(islice(valid, number, None))


def _with_check_digit(middle: int) -> str | None:
    """Modulus 11; every eleventh number has no check digit."""
    digits = f"999{middle:06}"
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
    return None if rest == 10 else f"{digits}{rest % 11}"


async def play(story: Story, matter: Matter, patience: float) -> None:
    """To its end.

    Raises:
        TimeoutError: something that was accepted did not arrive.
    """
    async with asyncio.timeout(patience):
        await story(matter)
