"""Stories of what is challenged: a refusal, a decision, and a reason that is not enough on its own."""

from __future__ import annotations

from tests.faults.bodies import BROOK, ODUYA, VANCE, a_concern, a_decision, a_refusal, a_request, an_answer
from tests.faults.caller import Sent
from tests.faults.matter import Matter

_WRONG = {"argument": "He is on bail in another force, and knows of it already.", "author": VANCE}


async def _asked(matter: Matter) -> Sent:
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    return await matter.say(matter.sender, "/v1/requests", a_request(matter, concern.id))


async def refused(matter: Matter) -> None:
    """A refusal is challenged, and somebody else answers."""
    request = await _asked(matter)
    await matter.say(matter.holder, f"/v1/requests/{request.id}/answer", a_refusal())
    challenge = await matter.say(matter.sender, f"/v1/messages/{request.id}/challenge", _WRONG)
    again = an_answer() | {"decider": BROOK}
    await matter.say(matter.holder, f"/v1/requests/{request.id}/answer", again)
    matter.ends(request, "answered", settled="answer")
    matter.ends(challenge, "answered", settled="challenge")


async def decided(matter: Matter) -> None:
    """A decision is challenged, and somebody else decides."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    path = f"/v1/concerns/{concern.id}/decision"
    await matter.say(matter.holder, path, a_decision("ADVICE_NFA"))
    challenge = await matter.say(matter.sender, f"/v1/messages/{concern.id}/challenge", _WRONG)
    await matter.say(matter.holder, path, a_decision("ASSESS_S17", decider=ODUYA))
    matter.ends(concern, "decided", settled="decision")
    matter.ends(challenge, "answered", settled="challenge")


async def brushed_off(matter: Matter) -> None:
    """Policy alone is no reason: it is delivered, both hear of it, and somebody else answers."""
    request = await _asked(matter)
    path = f"/v1/requests/{request.id}/answer"
    refusal = await matter.say(matter.holder, path, a_refusal("POLICY"))
    matter.notices("escalation", refusal, matter.sender, matter.holder)
    await matter.say(matter.holder, path, an_answer() | {"decider": BROOK})
    matter.ends(request, "answered", settled="answer")
