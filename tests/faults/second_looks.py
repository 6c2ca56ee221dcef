"""Stories of requests that go before their concern, or wait for a second person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.bodies import BROOK, ODUYA, VANCE, a_concern, a_line, a_request, an_answer
from tests.faults.caller import Sent
from tests.faults.ledger import Fate
from tests.faults.matter import Matter

_READ = {"who": ODUYA, "why": "I have read it, and it is needed."}


async def emergency(matter: Matter) -> None:
    """Borrowed now, and paid back by the concern that follows."""
    now = a_request(
        matter, urgency="EMERGENCY", purpose="EMERGENCY_SAFETY", lawful_basis="A6_D", special_category="A9_C",
        power="COMMON_LAW", openness={"position": "NOT_INFORMED", "reason": "DELAY"},
        danger_line="Ari is not breathing, with a bruise on the head",
    )  # fmt: skip
    request = await matter.say(matter.sender, "/v1/requests", now)
    await matter.say(matter.holder, f"/v1/requests/{request.id}/answer", an_answer())
    await matter.say(matter.sender, "/v1/concerns", a_concern(matter, pays_back=request.id))
    matter.ends(request, "answered", settled="debt")


async def _held(matter: Matter, fate: Fate) -> Sent:
    """A line that wants a second signature at both ends."""
    violent = a_concern(matter, categories=["DOMESTIC_ABUSE"])
    concern = await matter.say(matter.sender, "/v1/concerns", violent)
    request = a_request(matter, concern.id, lines=[a_line("POLICE_INTEL")])
    return await matter.say(matter.sender, "/v1/requests", request, fate=fate)


async def countersigned(matter: Matter) -> None:
    """A second person of the asker approves, and it goes on."""
    request = await _held(matter, Fate.RELEASED)
    await matter.say(matter.sender, f"/v1/requests/{request.id}/approval", _READ, fate=Fate.RIDES)
    await matter.arrived(request)
    answer = an_answer() | {"countersigned_by": BROOK}
    await matter.say(matter.holder, f"/v1/requests/{request.id}/answer", answer)
    matter.ends(request, "answered", settled="approval")


async def unapproved(matter: Matter) -> None:
    """Nobody approves, and its author takes it back: the holder never hears of it."""
    request = await _held(matter, Fate.WAITS)
    needless = {"reason": "NO_LONGER_NEEDED", "author": VANCE}
    await matter.say(matter.sender, f"/v1/messages/{request.id}/withdrawal", needless)


async def lodged(matter: Matter) -> None:
    """A concern that the school must not see is lodged; a request on it goes on by the lodgee's word."""
    police, lodgee, school = "testshire-police", "testborough-csc", "testborough-hill"
    told = a_concern(matter, recipients=[f"{lodgee}/restricted"], withheld=_withheld(school, lodgee))
    concern = await matter.say(police, "/v1/concerns", told)
    matter.notices("lodged", concern, school)
    body = a_request(matter, concern.id, recipients=[school])
    request = await matter.say(police, "/v1/requests", body, fate=Fate.RELEASED)
    matter.notices("lodged", request, lodgee)
    notice = await matter.callers[lodgee].found(request.thread, "notice", "gateway", "lodged")
    await matter.say(lodgee, f"/v1/inbox/{notice}/word", _READ, fate=Fate.RIDES)
    matter.notices("released", request, police)
    await matter.arrived(request)
    matter.ends(request, "delivered", settled="approval")


def _withheld(school: str, lodgee: str) -> dict[str, Any]:
    return {
        "from": school,
        "reason": "POLICE_PREJUDICE",
        "lodged_with": f"{lodgee}/restricted",
        "second_signer": ODUYA,
        "review_on": (datetime.now(UTC) + timedelta(days=3)).date().isoformat(),
    }
