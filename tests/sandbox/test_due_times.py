"""What the agencies see as owed, and when it is due, is what the gateway speaks of, whatever has happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import httpx
import pytest
from candour_sandbox.samples import samples

from tests.sandbox.conftest import Start
from tests.sandbox.parties import Message, Party, parties
from tests.transport.waiting import hold

pytestmark = pytest.mark.timeout(900)

HILL, GP, HV, ED = "testborough-hill", "testborough-gp", "testborough-hv", "testborough-ed"
CSC, POLICE, AMBULANCE, LADO = (
    "testborough-csc",
    "testshire-police",
    "testshire-ambulance",
    "testborough-lado",
)
WORKER = {"staff_id": "mbeki", "name": "J. Mbeki", "role": "Social worker", "training_level": "SW_QUALIFIED"}
MANAGER = {"staff_id": "oduya", "name": "S. Oduya", "role": "Team manager", "training_level": "IC4"}
DOCTOR = {"staff_id": "pell", "name": "Dr A. Pell", "role": "Safeguarding lead", "training_level": "IC4"}
LEAD = {"staff_id": "vance", "name": "H. Vance", "role": "Safeguarding lead", "training_level": "DSL"}
DEPUTY = {"staff_id": "shah", "name": "R. Shah", "role": "Deputy lead", "training_level": "DDSL"}
PATIENCE = 60  # seconds

Owed = dict[tuple[str, str], tuple[str, datetime]]
"""What is open, by the message and the kind: owed by whom, due when."""


@dataclass(slots=True)
class Town:
    """Everybody, and the threads of what they did; each journey is about a child of its own."""

    parties: Mapping[str, Party]
    threads: set[str] = field(default_factory=set)
    _children: Iterator[int] = field(default_factory=lambda: count(1))

    def __getitem__(self, agency: str) -> Party:
        return self.parties[agency]

    def told(self, sender: str, to: str, sample: str = "C-08", **changes: Any) -> Message:
        """A concern of the story about another child, once it has come."""
        return self._arrived(
            to, self[sender].tells(sample, recipients=[to], subject=self._child(), **changes)
        )

    def asked(self, sender: str, of: Message, *, held: bool = False, **changes: Any) -> Message:
        """A request on a concern to whom that was told; once it has come, unless it waits."""
        to, child = of["counterparty"], of["content"]["subject"]
        lines = samples().call("R-02").body["lines"]
        body = {
            "recipients": [to],
            "concern_ids": [of["id"]],
            "subject": child,
            "lines": [{**line, "person": {**line["person"], "name": child["name"]}} for line in lines],
        }
        asked = self[sender].asks("R-02", **{**body, **changes})
        return asked if held else self._arrived(to, asked)

    def does(self, agency: str, path: str, body: Any, *, method: str = "POST") -> Message:
        """A step that goes through."""
        return self[agency].say(path, body, method=method)[-1]

    def _arrived(self, to: str, message: Message) -> Message:
        self.threads.add(message["thread"])
        self[to].came(message["id"])
        return message

    def _child(self) -> dict[str, str]:
        number = next(self._children)
        return {"name": f"Ivo Larkfield{number}", "birth_date": "2011-09-03", "nhs_number": _nhs(number)}


def _nhs(number: int) -> str:
    """The ``number``-th in the range for tests whose check digit is one digit."""
    valid = (f"9991{each:05}" for each in count(1))
    digits = (
        (text, -sum(int(d) * w for d, w in zip(text, range(10, 1, -1), strict=True)) % 11) for text in valid
    )
    fitting = (f"{text}{check}" for text, check in digits if check < 10)
    return next(text for place, text in enumerate(fitting, 1) if place == number)


# -- what happens ------------------------------------------------------------------------------------


def _decided(town: Town) -> None:
    """Not at all, not finally, by acknowledging alone; and challenged."""
    town.told(HILL, CSC)
    interim = town.told(HILL, CSC)
    town.does(
        CSC,
        f"/v1/concerns/{interim['id']}/decision",
        {"decision": "MASH_CHECKS", "final": False, "decider": WORKER},
    )
    nobody = town.told(HILL, CSC)
    town.does(CSC, f"/v1/concerns/{nobody['id']}/decision", {"decision": "MASH_CHECKS", "final": False})
    opened = town.told(HILL, CSC, urgency="RED")
    town.does(CSC, f"/v1/inbox/{opened['id']}/acknowledgement", {"name": "J. Mbeki"}, method="PUT")
    doubted = town.told(HILL, CSC)
    nothing = {"decision": "ADVICE_NFA", "reasons": "Nothing more to do for now.", "decider": WORKER}
    _came(town, HILL, town.does(CSC, f"/v1/concerns/{doubted['id']}/decision", nothing))
    wrong = {"argument": "Two reviews were missed since then.", "author": LEAD}
    town.does(HILL, f"/v1/messages/{doubted['id']}/challenge", wrong)


def _taken_further(town: Town) -> None:
    """By whoever decided, and by both in turn; left so, decided again, and explained where words can."""
    nothing = {"decision": "ADVICE_NFA", "reasons": "Nothing more to do for now.", "decider": WORKER}
    for again in (None, MANAGER):
        doubted = town.told(HILL, CSC)
        decision = town.does(CSC, f"/v1/concerns/{doubted['id']}/decision", nothing)
        _came(town, HILL, decision)
        stage = _challenged(town, HILL, CSC, decision)
        _challenged(town, HILL, CSC, _challenged(town, CSC, HILL, stage))
        _challenged(town, CSC, HILL, _challenged(town, HILL, CSC, decision))
        if again:
            town.does(CSC, f"/v1/concerns/{doubted['id']}/decision", {**nothing, "decider": again})
    for explained in (False, True):
        thin = town.told(HILL, CSC, facts=[{"what": "n/a", "when": "today", "basis": "OBSERVED"}])
        town[HILL].stands(thin["id"], lambda one: one["opened"] == "thin")
        stage = _challenged(town, CSC, HILL, _challenged(town, HILL, CSC, thin))
        if explained:
            words = {"facts": [{"what": "Nothing was said of what was seen."}], "in_reply_to": stage["id"]}
            town.does(CSC, f"/v1/threads/{thin['thread']}/replies", {**words, "author": MANAGER})


def _challenged(town: Town, by: str, of: str, what: Message) -> Message:
    """A challenge, or its next stage, once it has come."""
    wrong = {"argument": "Two reviews were missed since then.", "author": LEAD if by == HILL else WORKER}
    challenge = town.does(by, f"/v1/messages/{what['id']}/challenge", wrong)
    _came(town, of, challenge)
    return challenge


def _answered(town: Town) -> None:
    """In part; with a wish for more in every line, left so and met by the asker's word."""
    part = town.asked(GP, town.told(GP, HILL))
    town.does(HILL, *_answer(part, 1))
    for speaks in (False, True):
        thin = town.asked(GP, town.told(GP, HILL))
        _came(town, GP, town.does(HILL, *_answer(thin, 1, 2, outcome="NEED_MORE")))
        if speaks:
            more = {
                "facts": [{"what": "He fell asleep in the waiting room twice today."}],
                "in_reply_to": thin["id"],
            }
            town.does(GP, f"/v1/threads/{thin['thread']}/replies", {**more, "author": DOCTOR})


def _not_enough(town: Town) -> None:
    """A reason that is not enough: left so, decided again, challenged, and ended by who asked."""
    requests = [town.asked(GP, town.told(GP, HILL)) for _ in range(4)]
    first = [town.does(HILL, *_refusal(each, LEAD)) for each in requests]
    for each in first:
        _came(town, GP, each)
    _, again, challenged, closed = requests
    town.does(HILL, *_refusal(again, DEPUTY, reason="DETRIMENT_TO_CHILD"))
    for request, answer in zip((challenged, closed), first[2:], strict=True):
        wrong = {"argument": "That is no reason.", "author": DOCTOR}
        _came(town, HILL, town.does(GP, f"/v1/messages/{answer['id']}/challenge", wrong))
        assert request["thread"] == answer["thread"]
    town.does(GP, f"/v1/requests/{closed['id']}/closure", {"author": DOCTOR})


def _held(town: Town) -> None:
    """Waiting, let through, and waiting for whoever its concern is lodged with."""
    for approved in (False, True):
        told = town.told(GP, POLICE, categories=["DOMESTIC_ABUSE"])
        [line] = [{**each, "category": "POLICE_INTEL"} for each in _lines(told)[:1]]
        asked = town.asked(GP, told, held=True, lines=[line])
        assert asked["state"] == "held"
        if approved:
            word = {"who": MANAGER, "why": "It is needed to judge whether home is safe."}
            town.does(GP, f"/v1/requests/{asked['id']}/approval", word)
            town[POLICE].came(asked["id"])


def _taken_back(town: Town) -> None:
    """What a request rests on is corrected, and told anew or not."""
    for anew in (False, True):
        told = town.told(GP, HILL)
        asked = town.asked(GP, told)
        wrong = {"correction_kind": "FACT_WRONG", "what_is_right": "It was two kilograms.", "author": DOCTOR}
        town.does(GP, f"/v1/messages/{told['id']}/correction", wrong)
        town[HILL].stands(asked["id"], lambda one: one["state"] == "suspended")
        if anew:
            body = {"recipients": [HILL], "thread": told["thread"], "subject": told["content"]["subject"]}
            town[GP].tells("C-08", **body)
            town[HILL].stands(asked["id"], lambda one: one["state"] == "delivered")


def _ended(town: Town) -> None:
    """Closed; closed, challenged and opened again, finally or not."""
    concerns = [town.told(HILL, CSC) for _ in range(4)]
    safe = {"reason": "CHILD_SAFE", "text": "Seen at home.", "author": WORKER}
    closures = [town.does(CSC, f"/v1/concerns/{each['id']}/closure", safe) for each in concerns]
    for closure in closures[1:]:
        _came(town, HILL, closure)
        wrong = {"argument": "He was not seen by anybody.", "author": LEAD}
        _came(town, CSC, town.does(HILL, f"/v1/messages/{closure['id']}/challenge", wrong))
    for concern, final in zip(concerns[2:], (True, False), strict=True):
        body = {"decision": "EARLY_HELP", "reasons": "A visit on Monday.", "decider": MANAGER, "final": final}
        town.does(CSC, f"/v1/concerns/{concern['id']}/decision", body)


def _handed_on(town: Town) -> None:
    """To a worker who has it or not yet, after a decision, and to another agency."""
    concerns = [town.told(HILL, CSC, urgency="RED") for _ in range(4)]
    for each in concerns:
        town.does(CSC, f"/v1/inbox/{each['id']}/acknowledgement", {"name": "J. Mbeki"}, method="PUT")
    to_worker = {"to": CSC, "why": "An open case.", "worker": {"name": "L. Worker"}, "author": WORKER}
    for each in concerns[:3]:
        town.does(CSC, f"/v1/concerns/{each['id']}/transfer", to_worker)
    _, taken, decided, gone = concerns
    town.does(CSC, f"/v1/inbox/{taken['id']}/acknowledgement", {"name": "L. Worker"}, method="PUT")
    help_ = {"decision": "EARLY_HELP", "reasons": "A visit on Monday.", "decider": MANAGER}
    town.does(CSC, f"/v1/concerns/{decided['id']}/decision", help_)
    town.does(CSC, f"/v1/concerns/{gone['id']}/transfer", {"to": HV, "why": "Theirs.", "author": WORKER})


def _asked_of_a_colleague(town: Town) -> None:
    """A request that goes to a worker who has it or not yet, and one that is taken back before."""
    asked = [town.asked(GP, town.told(GP, HILL)) for _ in range(3)]
    for each in asked:
        town.does(HILL, f"/v1/inbox/{each['id']}/acknowledgement", {"name": "J. Mbeki"}, method="PUT")
    to_worker = {"to": HILL, "why": "She keeps the register.", "worker": {"name": "L. Worker"}}
    for each in asked:
        town.does(HILL, f"/v1/requests/{each['id']}/transfer", to_worker | {"author": LEAD})
    taken, gone, _ = asked
    town.does(HILL, f"/v1/inbox/{taken['id']}/acknowledgement", {"name": "L. Worker"}, method="PUT")
    town.does(GP, f"/v1/messages/{gone['id']}/withdrawal", {"text": "No longer needed.", "author": DOCTOR})


def _lent(town: Town) -> None:
    """An emergency, whose concern is to follow."""
    lent = town[AMBULANCE].asks("R-04")
    town.threads.add(lent["thread"])
    town[CSC].came(lent["id"])


_JOURNEYS = (
    *(_decided, _taken_further, _answered, _not_enough, _held, _taken_back, _ended),
    *(_handed_on, _asked_of_a_colleague, _lent),
)


def _came(town: Town, to: str, message: Message) -> None:
    town[to].came(message["id"])


def _lines(told: Message) -> list[dict[str, Any]]:
    named = told["content"]["subject"]["name"]
    lines: list[dict[str, Any]] = samples().call("R-02").body["lines"]
    return [{**line, "person": {**line["person"], "name": named}} for line in lines]


def _answer(request: Message, *lines: int, outcome: str = "DISCLOSED_FULL") -> tuple[str, dict[str, Any]]:
    said = {"text": "94 percent this term, two late marks.", "basis": "RECORD", "searched": ["register"]}
    outcomes = [{"line": line, "outcome": outcome, **said} for line in lines]
    return f"/v1/requests/{request['id']}/answer", {"outcomes": outcomes, "decider": LEAD}


def _refusal(request: Message, decider: dict[str, str], reason: str = "GDPR") -> tuple[str, dict[str, Any]]:
    path, body = _answer(request, 1, 2, outcome="REFUSED")
    said = {
        "reason": reason,
        "would_change_if": "a social worker asks",
        "text": "Telling it now would put him at more risk.",
    }
    return path, {"outcomes": [{**each, **said} for each in body["outcomes"]], "decider": decider}


# -- what is owed ------------------------------------------------------------------------------------


def _listed(gateway: Mapping[str, str]) -> Owed:
    """What the gateway lists; what is on its way to a system is for its sender alone to see."""
    found: Owed = {}
    link: str | None = "/v1/obligations?limit=500"
    headers = {"Authorization": f"Bearer {gateway['token']}"}
    with httpx.Client(base_url=gateway["url"], headers=headers, trust_env=False) as http:
        while link:
            page = http.get(link).json()
            found |= {(one["id"], one["kind"]): _terms(one) for one in page["items"]}
            link = page["links"]["next"] if page["items"] else None
    return {key: terms for key, terms in found.items() if key[1] != "delivery"}


def _terms(owed: Mapping[str, str]) -> tuple[str, datetime]:
    return owed["owed_by"], datetime.fromisoformat(owed["due_at"])


def _shown(messages: list[Message]) -> Owed:
    return {
        (message["id"], owed["kind"]): _terms(owed)
        for message in messages
        for owed in message["obligations"]
        if owed["settled_at"] is None and owed["kind"] != "delivery"
    }


def _differences(town: Town, gateway: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """Where what a party shows about a thread is not what the gateway lists about the same messages."""
    listed, found = _listed(gateway), []
    for thread, party in (
        (thread, party) for thread in sorted(town.threads) for party in town.parties.values()
    ):
        answer = party.call(f"/v1/threads/{thread}", None, method="GET")
        messages = answer.json()["messages"] if answer.status_code == 200 else []
        kinds = {one["id"]: f"{one['kind']} {one['state']}" for one in messages}
        expected = {key: terms for key, terms in listed.items() if key[0] in kinds}
        differ = expected.items() ^ _shown(messages).items()
        found += [(party.agency, kinds[key[0]], (key[1], terms)) for key, terms in sorted(differ)]
    return found


def test_nodes_show_as_owed_what_the_gateway_does_whatever_has_happened(start: Start) -> None:
    manifest = start("--no-story").ready()

    with parties(manifest) as doors:
        town = Town(doors)
        for journey in _JOURNEYS:
            journey(town)
        with suppress(TimeoutError):
            hold(lambda: not _differences(town, manifest["gateway"]), PATIENCE)

        assert _differences(town, manifest["gateway"]) == []
