"""What agencies say to each other under load: each story is a matter from its first word to its last."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from candour_protocol.kinds import Kind

from tests.faults import contested, handed_on, second_looks, taken_back
from tests.faults.bodies import VANCE, a_concern, a_decision, a_fact, a_line, a_request, an_answer
from tests.faults.caller import Caller, UnansweredError
from tests.faults.ledger import Fate
from tests.faults.matter import Matter

TELLERS = ("testborough-hill", "testborough-hv", "testborough-gp")
HOLDERS = ("testborough-csc", "testshire-police", "testborough-ed")  # open day and night: no cover is told


class UnfinishedError(Exception):
    """A story that did not come to its end."""


Story = Callable[[Matter], Awaitable[None]]


async def told(matter: Matter) -> None:
    """A concern, opened by somebody who wants to know more, and decided once they do."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    await matter.acknowledge(matter.holder, concern.id, "Since when?")
    more = {"answers": [{"question": 0, "text": "Since the half-term holiday."}], "author": VANCE}
    await matter.say(matter.sender, f"/v1/threads/{concern.thread}/replies", more)
    await matter.say(matter.holder, f"/v1/concerns/{concern.id}/decision", a_decision())
    matter.ends(concern, "decided", settled="decision")


async def mentioned(matter: Matter) -> None:
    """A concern, and no more."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    matter.ends(concern, "delivered", settled="delivery")


async def urgent(matter: Matter) -> None:
    """A concern that overtakes."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter, urgency="RED"))
    matter.ends(concern, "delivered", settled="delivery")


async def asked(matter: Matter) -> None:
    """A concern, a request that rests on it, its answer, and what came of it."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    request = await matter.say(matter.sender, "/v1/requests", a_request(matter, concern.id))
    await matter.say(matter.holder, f"/v1/requests/{request.id}/answer", an_answer())
    came = {"outcome": "NO_FURTHER_ACTION", "came_of_it": "No further help was needed.", "author": VANCE}
    await matter.say(matter.sender, f"/v1/requests/{request.id}/outcome", came)
    matter.ends(request, "closed", settled="answer")


async def in_parts(matter: Matter) -> None:
    """Two lines: one is answered at once, the other only when more was said."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    both = a_request(matter, concern.id, lines=[a_line(), a_line("DEMOG_HOUSEHOLD")])
    request = await matter.say(matter.sender, "/v1/requests", both)
    path = f"/v1/requests/{request.id}/answer"
    await matter.say(matter.holder, path, an_answer(1))
    await matter.say(matter.holder, path, an_answer(2, "NEED_MORE"))
    more = {"in_reply_to": request.id, "facts": [a_fact(matter, ", again")], "author": VANCE}
    await matter.say(matter.sender, f"/v1/threads/{request.thread}/replies", more)
    await matter.say(matter.holder, path, an_answer(2))
    matter.ends(request, "answered", settled="answer")


async def bare(matter: Matter) -> None:
    """A question without a word of what worries anybody: returned, and seen by nobody."""
    await matter.say(matter.sender, "/v1/requests", a_request(matter), fate=Fate.RETURNED)


async def erased_too_soon(matter: Matter) -> None:
    """Its author would have it gone before its time: returned, and everybody keeps what they have."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    await matter.say(matter.sender, f"/v1/messages/{concern.id}/erasure", {}, fate=Fate.RETURNED)


STORIES: Mapping[Story, int] = {
    told: 6,
    urgent: 4,
    asked: 4,
    bare: 3,
    in_parts: 1,
    erased_too_soon: 1,
    contested.refused: 1,
    contested.decided: 1,
    contested.brushed_off: 1,
    taken_back.corrected: 1,
    taken_back.told_anew: 1,
    taken_back.withdrawn: 1,
    handed_on.transferred: 1,
    handed_on.to_a_colleague: 1,
    handed_on.closed: 1,
    handed_on.closed_unanswered: 1,
    handed_on.told_outside: 1,
    handed_on.linked: 1,
    second_looks.emergency: 1,
    second_looks.countersigned: 1,
    second_looks.unapproved: 1,
    second_looks.lodged: 1,
}
"""Each story with its weight; together they say everything that people say."""

KINDS = frozenset(Kind) - {Kind.DELIVERY, Kind.NOTICE, Kind.REGISTRY}


def a_story(
    callers: Mapping[str, Caller], number: int, chance: random.Random, wanted: Story | None
) -> tuple[Story, Matter]:
    """The so-manieth matter, from 1: the story that is wanted, or one drawn by their weights."""
    drawn = chance.choices(list(STORIES), list(STORIES.values()))[0]
    story = wanted or drawn
    holder, third = chance.sample(HOLDERS, 2)
    name = f"{story.__name__}-{number}"
    return story, Matter(callers, name, number, chance.choice(TELLERS), holder, third)


async def play(story: Story, matter: Matter, patience: float) -> None:
    """To its end.

    Raises:
        UnfinishedError: of this name; something that was accepted did not arrive, or a call was not answered.
    """
    try:
        async with asyncio.timeout(patience):
            await story(matter)
    except (TimeoutError, UnansweredError) as error:
        waits = matter.awaits and f", for {matter.awaits}"
        raise UnfinishedError(f"{matter.name}, after {matter.calls} calls{waits}: {error!r}") from error
