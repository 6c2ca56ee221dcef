"""Stories of matters that end, go to somebody else, are told outside, or turn out to be one."""

from __future__ import annotations

from tests.faults.bodies import BROOK, a_check, a_concern, a_request, an_answer
from tests.faults.matter import Matter


async def transferred(matter: Matter) -> None:
    """An open case goes to the third, who gets the concern first; who told it hears of both."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    to = {"to": matter.third, "why": "The family lives there now.", "author": BROOK}
    _, handed, _ = await matter.say_all(matter.holder, f"/v1/concerns/{concern.id}/transfer", to)
    matter.notices("relay", concern, matter.sender)
    await matter.acknowledge(matter.third, handed.id)
    matter.ends(handed, "acknowledged", settled="acknowledgement")


async def to_a_colleague(matter: Matter) -> None:
    """A request goes to a colleague of whom it was asked, who says that they have it."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    request = await matter.say(matter.sender, "/v1/requests", a_request(matter, concern.id))
    await matter.acknowledge(matter.holder, request.id)
    to = {"to": matter.holder, "why": "She keeps the register.", "worker": {"name": "S. Reyes"}}
    path = f"/v1/requests/{request.id}/transfer"
    await matter.say(matter.holder, path, to | {"author": BROOK})
    matter.ends(request, "delivered")


async def closed(matter: Matter) -> None:
    """Once its check is answered a matter closes, and all who have it are told."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    relay, request = await matter.say_all(matter.holder, "/v1/requests", a_check(matter, concern.id))
    matter.notices("relay", concern, matter.sender)
    await matter.say(matter.third, f"/v1/requests/{request.id}/answer", an_answer())
    safe = {"reason": "CHILD_SAFE", "author": BROOK}
    await matter.say(matter.holder, f"/v1/concerns/{concern.id}/closure", safe)
    for one in (concern, relay):
        matter.ends(one, "closed")


async def closed_unanswered(matter: Matter) -> None:
    """Closed for a reason while a check is unanswered; whoever was asked is told too."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    relay, request = await matter.say_all(matter.holder, "/v1/requests", a_check(matter, concern.id))
    matter.notices("relay", concern, matter.sender)
    text = "The check is unanswered; the child was seen at home and is safe there."
    late = {"reason": "CHECKS_UNANSWERED", "text": text, "author": BROOK}
    await matter.say(matter.holder, f"/v1/concerns/{concern.id}/closure", late)
    for one in (concern, relay, request):
        matter.ends(one, "closed")


async def told_outside(matter: Matter) -> None:
    """Somebody without an inbox is told by phone; who told the concern hears of it."""
    concern = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    rung = {
        "whom": {"name": "Nurse Adeyemi", "agency": "Private clinic"},
        "told_outside": {"how": "PHONE", "when": "2026-11-20T10:30:00+01:00"},
        "author": BROOK,
    }
    await matter.say(matter.holder, f"/v1/threads/{concern.thread}/told", rung)


async def linked(matter: Matter) -> None:
    """A named person joins two threads, and undoes it again."""
    one = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    other = await matter.say(matter.sender, "/v1/concerns", a_concern(matter))
    path = f"/v1/threads/{one.thread}/links"
    to = {"joins": [other.thread], "why": "The same address.", "recipients": [matter.sender], "author": BROOK}
    link = await matter.say(matter.holder, path, to)
    await matter.say(matter.holder, path, {"undoes": link.id, "author": BROOK})
    matter.ends(link, "withdrawn")
