"""People's steps as calls, which must go through; what comes of them as each side sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from candour_protocol.ids import AgencyId

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.personal import TAMSIN
from tests.journeys.town import Town

SENDERS_LEAD = {"staff_id": "quennell", "name": "Dr Quennell Abara", "role": "Lead", "training_level": "DSL"}
WORKER = {
    "staff_id": "okri",
    "name": "B. Okri",
    "role": "Social worker",
    "training_level": "SW_QUALIFIED",
}
MANAGER = {
    "staff_id": "tesfaye",
    "name": "M. Tesfaye",
    "role": "Team manager",
    "training_level": "SW_QUALIFIED",
}
SERGEANT = {"staff_id": "hallam", "name": "DS R. Hallam", "role": "Sergeant", "training_level": "IC4"}
INSPECTOR = {"staff_id": "brace", "name": "DI Brace", "role": "Inspector", "training_level": "IC4"}
NOTHING = "We searched the incident log and the force index and found nothing under this name."


async def say(town: Town, who: AgencyId, path: str, body: Any, *, method: str = "POST") -> dict[str, Any]:
    """A call that goes through; the first of its messages."""
    return (await say_all(town, who, path, body, method=method))[0]


async def say_all(
    town: Town, who: AgencyId, path: str, body: Any, *, method: str = "POST"
) -> list[dict[str, Any]]:
    """A call of which nothing comes back; its messages, once the courier has brought them."""
    answer = await town.call(who, method, path, json=body, headers={"Prefer": "wait=10"})
    assert answer.status_code in (200, 202), answer.text
    await town.courier.settle()
    sent: list[dict[str, Any]] = answer.json()["messages"]
    for one in sent:
        verdict = (await town.message(who, one["id"]))["verdict"]
        assert verdict["outcome"] in ("passed", "flagged"), (one["kind"], verdict)
    return sent


async def problem(town: Town, who: AgencyId, path: str, body: Any) -> tuple[int, str, dict[str, Any]]:
    """A call that cannot be carried out: status, code, and the whole problem."""
    answer = await town.call(who, "POST", path, json=body)
    found = answer.json()
    return answer.status_code, found.get("code", ""), found


async def state(town: Town, who: AgencyId, jti: str) -> str:
    """Where a message stands for one side."""
    return str((await town.message(who, jti))["state"])


async def states(town: Town, jti: str, *parties: AgencyId) -> list[str]:
    """Where it stands for several."""
    return [await state(town, each, jti) for each in parties]


async def events(town: Town, who: AgencyId, jti: str) -> list[str]:
    """What happened to a message, as one side sees it."""
    return [each["event"] for each in (await town.message(who, jti))["timeline"]]


async def tell(town: Town, who: AgencyId = SCHOOL, *to: AgencyId, **changes: Any) -> str:
    """A concern of substance; the id of its message to the first recipient."""
    sent = await say(town, who, "/v1/concerns", a_concern_for(*(to or (CSC,)), **changes))
    return str(sent["id"])


@dataclass(frozen=True)
class Asked:
    """The school's concern at social care, passed on to the police with a question."""

    concern: str
    relay: str
    request: str
    thread: str


async def ask(town: Town, lines: int = 1, child: dict[str, Any] = TAMSIN) -> Asked:
    """Social care asks the police on the strength of what the school told."""
    concern = await tell(town, subject=child)
    body = a_request_for(POLICE, concern, subject=child, author=WORKER, purpose="TRIAGE", power="CA89_S47")
    line = body["lines"][0] | {"category": "POLICE_INCID", "person": child | {"role": "SUBJECT_CHILD"}}
    body["lines"] = [line] * lines
    sent = await say_all(town, CSC, "/v1/requests", body)
    relay, request = sent[0]["id"], sent[1]["id"]
    return Asked(concern, relay, request, (await town.message(CSC, concern))["thread"])


def an_answer(decider: dict[str, str], outcome: str = "REFUSED") -> dict[str, Any]:
    """What the police answer."""
    line = {
        "line": 1,
        "outcome": outcome,
        "reason": "PREJUDICE_INVESTIGATION" if outcome == "REFUSED" else None,
        "text": "An arrest is planned, and this would tell him of it before the day.",
        "would_change_if": "once the arrest is made",
        "basis": "RECORD",
    }
    return {"outcomes": [line], "decider": decider}
