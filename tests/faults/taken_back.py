"""Stories of what is taken back or put right: it reaches every copy, and what rested on it waits."""

from __future__ import annotations

from tests.faults.bodies import BROOK, VANCE, a_check, a_concern, an_answer
from tests.faults.caller import Sent
from tests.faults.matter import Matter

_APPLIED = {"applied": "yes", "author": BROOK}


async def _passed_on(matter: Matter, concern: Sent) -> tuple[Sent, Sent]:
    """The holder passes a concern on and asks; both, and its author hears that it went further."""
    relay, request = await matter.say_all(matter.holder, "/v1/requests", a_check(matter, concern.id))
    matter.notices("relay", concern, matter.sender)
    return relay, request


async def _correct(matter: Matter, concern: Sent, kind: str, *copies: Sent) -> None:
    """Every recipient of the same words hears it, and from them every copy; all apply it."""
    right = {"correction_kind": kind, "what_is_right": "It was two days.", "author": VANCE}
    for one in await matter.say_all(matter.sender, f"/v1/messages/{concern.id}/correction", right):
        await matter.say(one.recipient, f"/v1/inbox/{one.id}/applied", _APPLIED)
        matter.ends(one, "closed", settled="correction")
    for copy in copies:
        matter.notices("correction", copy, copy.recipient)
        chased = await matter.chased("correction", copy)
        await matter.say(copy.recipient, f"/v1/inbox/{chased}/applied", _APPLIED)


async def corrected(matter: Matter) -> None:
    """An addition to what two were told and one of them passed on."""
    both = a_concern(matter, recipients=[matter.holder, "haven-test"])
    concern = (await matter.say_all(matter.sender, "/v1/concerns", both))[0]
    relay, request = await _passed_on(matter, concern)
    await _correct(matter, concern, "UPDATE", relay)
    await matter.say(matter.third, f"/v1/requests/{request.id}/answer", an_answer())
    matter.ends(request, "answered", settled="answer")


async def told_anew(matter: Matter) -> None:
    """What a request rests on is wrong: it waits until the concern is told anew and passed on anew."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    relay, request = await _passed_on(matter, concern)
    await _correct(matter, concern, "FACT_WRONG", relay)
    matter.notices("suspended", request, matter.holder, matter.third)
    anew = await matter.say(matter.sender, "/v1/concerns", a_concern(matter, thread=concern.thread))
    await _passed_on(matter, anew)
    matter.notices("resumed", request, matter.holder, matter.third)
    await matter.callers[matter.third].found(request.thread, "notice", "gateway", "resumed")
    await matter.say(matter.third, f"/v1/requests/{request.id}/answer", an_answer())
    matter.ends(request, "answered", settled="answer")


async def withdrawn(matter: Matter) -> None:
    """A concern that was passed on is withdrawn, and then what was asked on it."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    relay, request = await _passed_on(matter, concern)
    mistake = {"reason": "SENT_IN_ERROR", "text": "It was another child.", "author": VANCE}
    await matter.say(matter.sender, f"/v1/messages/{concern.id}/withdrawal", mistake)
    matter.notices("suspended", request, matter.holder, matter.third)
    matter.notices("correction", relay, relay.recipient)
    await matter.chased("withdrawal", relay)
    needless = {"reason": "NO_LONGER_NEEDED", "author": BROOK}
    await matter.say(matter.holder, f"/v1/messages/{request.id}/withdrawal", needless)
    for one in (concern, relay, request):
        matter.ends(one, "withdrawn")
