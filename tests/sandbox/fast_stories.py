"""The three stories of domain section 9 with the clock sped up, by what people do and what the clocks bring.

Nothing here depends on how fast the machine is: what is awaited comes in the end, what is compared is the
order in the log, and the instants are those that stand in the notices' own ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from candour_sandbox import script
from candour_sandbox.samples import samples

from tests.sandbox.parties import Heard, Message, Party, event, moment

HILL, HV, HOMES, GP = "testborough-hill", "testborough-hv", "testborough-homes", "testborough-gp"
CSC, POLICE, AMBULANCE, CAMHS = (
    "testborough-csc",
    "testshire-police",
    "testshire-ambulance",
    "testshire-camhs",
)

WORKER = {"staff_id": "mbeki", "name": "J. Mbeki", "role": "Social worker", "training_level": "SW_QUALIFIED"}
MANAGER = {"staff_id": "oduya", "name": "S. Oduya", "role": "Team manager", "training_level": "IC4"}
VISITOR = {"staff_id": "addo", "name": "P. Addo", "role": "Health visitor", "training_level": "IC3"}
CREW = {"staff_id": "bly", "name": "T. Bly", "role": "Paramedic", "training_level": "IC2"}
DOCTOR = {"staff_id": "pell", "name": "Dr A. Pell", "role": "Safeguarding lead", "training_level": "IC4"}
LOOKING = "Others have also raised concerns; we are looking into it."

# By stage: the notice, who should hear of it, and after how many hours.
_LATE = (("clock", "manager"), ("escalation", "lead"), ("escalation", "partnership"))
_DEBT = (("debt", "manager"), ("escalation", "lead"), ("incident", "partnership"))
_HOURS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "RED": {"acknowledgement": (1, 1.5, 2), "decision": (4, 6, 8), "answer": (4, 6, 8)},
    "EMERGENCY": {"acknowledgement": (0.25, 0.375, 0.5), "answer": (1, 1.5, 2), "debt": (4, 8, 24)},
}
_MILLISECOND = timedelta(milliseconds=1)
_WRITTEN_BEFORE = timedelta(minutes=5)  # a request ends a week after it was written, not after it was logged


@dataclass(frozen=True, slots=True)
class Town:
    """Everybody, and how much faster their clocks run."""

    parties: Mapping[str, Party]
    speed: int

    def __getitem__(self, agency: str) -> Party:
        return self.parties[agency]

    def both_hear(self, message: Message, *sides: str) -> list[list[Heard]]:
        """All stages of all that is owed about an urgent message that nobody touches, as each side hears it.

        Who hears it, of what, in which order, and when: so many hours after the log had it.
        """
        hours = _HOURS[message["urgency"]]
        kinds = [one for one in hours if any(owed["kind"] == one for owed in message["obligations"])]
        heard = [self[each].hears(message["id"], *kinds) for each in sides]
        logged = event(message, message["verdict"]["outcome"])
        expected = sorted((hours[kind][stage], kind, stage + 1) for kind in kinds for stage in range(3))
        for one in heard:
            assert [(each.kind, each.stage) for each in one] == [(kind, stage) for _, kind, stage in expected]
            for each, (after, _, _) in zip(one, expected, strict=True):
                names = _DEBT if each.kind == "debt" else _LATE
                assert (each.notice, each.hears) == names[each.stage - 1]
                reached = logged + timedelta(hours=after) / self.speed
                assert abs(each.at - reached) <= _MILLISECOND
        return heard


# -- three worries that are one home -----------------------------------------------------------------


def one_home(town: Town) -> dict[str, str]:
    """C-02, C-03, C-01: nobody opens them, a person joins them, a pattern is seen, the police are asked."""
    csc = town[CSC]
    told = {name: town[who].tells(name) for name, who in (("C-02", HV), ("C-03", HOMES), ("C-01", HILL))}
    for each in told.values():
        csc.came(each["id"])

    town.both_hear(told["C-01"], HILL, CSC)
    assert csc.notices("pattern") == []  # the machine matches nothing by a surname

    _opened(town, told["C-01"])
    _joined(town, told)
    _challenged(town, told["C-02"])
    _police_asked(town, told["C-01"])
    decision = {"decision": "STRATEGY_S47", "feedback": "A strategy meeting is called.", "decider": MANAGER}
    csc.say(f"/v1/concerns/{told['C-01']['id']}/decision", decision)
    town[HILL].stands(told["C-01"]["id"], lambda one: one["state"] == "decided" and not _owed(one))
    return {name: each["id"] for name, each in told.items()}


def _owed(message: Message) -> list[str]:
    return [one["kind"] for one in message["obligations"] if one["settled_at"] is None]


def _opened(town: Town, concern: Message) -> None:
    """A named person has it at last; its sender is told who."""
    town[CSC].say(f"/v1/inbox/{concern['id']}/acknowledgement", {"name": "S. Oduya"}, method="PUT")
    opened = town[HILL].stands(concern["id"], lambda one: one["state"] == "acknowledged")
    assert opened["state_text"] == "opened by S. Oduya"


def _joined(town: Town, told: Mapping[str, Message]) -> None:
    """A person finds that it is one address, and social care alone sees the three together, at once."""
    csc = town[CSC]
    link = {
        "joins": [told["C-02"]["thread"], told["C-01"]["thread"]],
        "recipients": [HOMES],
        "why": "The door that was kicked through is at 14 Sample Rise.",
        "author": WORKER,
    }
    csc.say(f"/v1/threads/{told['C-03']['thread']}/links", link)

    notice = csc.until(lambda: csc.notices("pattern"), "a pattern")[0]
    seen = csc.message(notice["id"])["codes"]["about"]
    assert (seen["seen"], seen["concerns"], seen["agencies"]) == ("CHILD", 3, 3)
    assert seen["agency_kinds"] == ["HEALTH_VISITING", "HOUSING", "SCHOOL"]
    assert seen["ids"] == [each["id"] for each in told.values()]
    assert set(seen["dates"]) <= {event(each, "passed").date().isoformat() for each in told.values()}
    for name, who in (("C-02", HV), ("C-03", HOMES), ("C-01", HILL)):
        (said,) = csc.reply(told[name]["thread"], {"facts": [{"what": LOOKING}], "author": WORKER})
        town[who].came(said["id"])


def _challenged(town: Town, concern: Message) -> None:
    """No further action is challenged, goes a stage further, and somebody else decides again."""
    csc, visitor, id_ = town[CSC], town[HV], concern["id"]
    nothing = {"decision": "ADVICE_NFA", "feedback": "Nothing more to do for now.", "decider": WORKER}
    csc.say(f"/v1/concerns/{id_}/decision", nothing)
    visitor.stands(id_, lambda one: one["state"] == "decided")
    wrong = {"argument": "Two reviews were missed, and the weight has fallen since June.", "author": VISITOR}
    stages = [visitor.say(f"/v1/messages/{id_}/challenge", wrong)[0] for _ in range(2)]
    for each in stages:
        csc.came(each["id"])

    same = csc.call(f"/v1/concerns/{id_}/decision", nothing)
    again = {"decision": "EARLY_HELP", "feedback": "A visit on Monday.", "decider": MANAGER}
    csc.say(f"/v1/concerns/{id_}/decision", again)

    assert [each["codes"]["stage"] for each in stages] == [1, 2]
    assert (same.status_code, same.json()["code"]) == (409, "same-decider")
    visitor.stands(stages[1]["id"], lambda one: one["state"] == "answered")


def _police_asked(town: Town, concern: Message) -> None:
    """R-01: silence is told to both sides in three stages; the answer is a person's, and ends it."""
    csc, police = town[CSC], town[POLICE]
    request = csc.asks("R-01", concern_ids=[concern["id"]])
    town[HILL].until(lambda: town[HILL].notices("relay", concern["id"]), "word that it was passed on")
    police.came(request["id"])
    heard = town.both_hear(request, CSC, POLICE)
    # Nothing is disclosed, and nothing refused, because it is late.
    csc.stands(request["id"], lambda one: one["state"] == "delivered")

    answered = police.say(f"/v1/requests/{request['id']}/answer", script.POLICE_ANSWER)[0]
    csc.came(answered["id"])
    outcome = {"outcome": "STRATEGY_S47", "came_of_it": "A strategy meeting is called.", "author": WORKER}
    csc.say(f"/v1/requests/{request['id']}/outcome", outcome)

    assert all(each.index < answered["log_index"] for one in heard for each in one)
    police.stands(request["id"], lambda one: one["state"] == "closed")


# -- two children, one adult -------------------------------------------------------------------------


def one_adult(town: Town) -> dict[str, str]:
    """A school and a surgery tell of a child each, who have nothing to do with each other but one adult."""
    csc = town[CSC]
    told = {who: _told(town, who, child) for who, child in ((HILL, _TILLY), (GP, _OWEN))}

    (notice,) = csc.until(lambda: _of_an_adult(csc), "word of an adult")
    seen = csc.message(notice["id"])["codes"]["about"]
    assert (seen["seen"], seen["concerns"], seen["agencies"]) == ("ALLEGED_RISK", 2, 2)
    assert seen["agency_kinds"] == ["GP", "SCHOOL"]
    assert seen["ids"] == [each["id"] for each in told.values()]
    return {who: each["id"] for who, each in told.items()}


def _of_an_adult(party: Party) -> list[dict[str, Any]]:
    return [one for one in party.notices("pattern") if "name the same adult as a risk" in one["text"]]


def _told(town: Town, who: str, child: Mapping[str, Any]) -> Message:
    given = {"recipients": [CSC], "subject": child, "household": [_COACH]}
    told = town[who].tells("C-01", **given, author=VISITOR)
    town[CSC].came(told["id"])
    return town[who].stands(told["id"], lambda one: one["opened"] == "sound")


_TILLY = {"name": "Tilly Marchbank", "birth_date": "2015-01-09", "nhs_number": "9990002045"}
_OWEN = {"name": "Owen Harcastle", "birth_date": "2014-06-30", "nhs_number": "9990002053"}
_COACH = {"name": "Glyn Sorrel", "role": "ALLEGED_RISK", "nhs_number": "9990002061"}


# -- borrow now, pay back ----------------------------------------------------------------------------


def emergency(town: Town) -> dict[str, str]:
    """R-04 is not followed by its concern for a day; another is marked, not stopped; then C-05 pays back."""
    crew, csc = town[AMBULANCE], town[CSC]
    first = crew.asks("R-04")
    csc.came(first["id"])
    heard = town.both_hear(first, AMBULANCE, CSC)

    second = crew.asks("R-04")
    for lead in (crew, csc):  # both hear, and it went through
        lead.until(partial(lead.notices, "debt", second["id"]), "word of a debt")
    _answered(town, first)
    paid = [_paid(town, each) for each in (first, second)]

    for each in (first, second):
        assert (each["verdict"]["outcome"], each["verdict"]["rules"]) == ("flagged", ["R09"])
    assert [len(lead.notices("debt")) for lead in (crew, csc)] == [1, 1]
    assert all(each.index < paid[0]["log_index"] for one in heard for each in one)
    return {"R-04": first["id"], "second": second["id"]}


def _answered(town: Town, request: Message) -> None:
    line = {"line": 1, "outcome": "DISCLOSED_FULL", "text": "Known since July; one sibling, aged four."}
    given = {"outcomes": [line | {"basis": "RECORD", "searched": ["Case system"]}], "decider": MANAGER}
    answer = town[CSC].say(f"/v1/requests/{request['id']}/answer", given)[0]
    town[AMBULANCE].came(answer["id"])
    told = {"outcome": "URGENT_PROTECTION", "came_of_it": "Taken to hospital.", "author": CREW}
    town[AMBULANCE].say(f"/v1/requests/{request['id']}/outcome", told)


def _paid(town: Town, request: Message) -> Message:
    """The concern; its request's debt is settled at both sides."""
    concern = town[AMBULANCE].tells("C-05", pays_back=request["id"], recipients=[CSC])
    for side in (AMBULANCE, CSC):
        town[side].stands(request["id"], lambda one: _debt(one)["settled_at"])
    shown = town[CSC].message(request["id"])
    assert "concern-followed" in [one["event"] for one in shown["timeline"]]
    return concern


def _debt(message: Message) -> dict[str, Any]:
    return next(one for one in message["obligations"] if one["kind"] == "debt")


# -- asking badly, asking well, and asking what nobody approves ---------------------------------------


def two_ways_of_asking(town: Town) -> dict[str, str]:
    """R-05 comes back with every fix; R-02 is answered in parts, and told of; R-03 asks too much."""
    surgery, school = town[GP], town[HILL]
    thin = surgery.tells("C-10")
    vague = surgery.call("/v1/requests", samples().call("R-05").filled({"C-10": thin["id"]}, _today()))
    told = surgery.tells("C-08")
    asked = surgery.asks("R-02", concern_ids=[told["id"]])
    school.came(asked["id"])
    school.say(f"/v1/inbox/{asked['id']}/acknowledgement", {"name": "H. Vance"}, method="PUT")
    answer = script.SCHOOL_ANSWER
    for line in answer["outcomes"]:
        (part,) = school.say(f"/v1/requests/{asked['id']}/answer", answer | {"outcomes": [line]})
        surgery.came(part["id"])
    surgery.stands(asked["id"], lambda one: one["state"] == "answered")
    outcome = {"outcome": "EARLY_HELP", "came_of_it": "A family worker visits.", "author": DOCTOR}
    surgery.say(f"/v1/requests/{asked['id']}/outcome", outcome)
    school.stands(asked["id"], lambda one: one["state"] == "closed")

    assert (thin["verdict"]["outcome"], thin["verdict"]["rules"]) == ("flagged", ["R02"])
    _assert_returned(vague, {"R02", "R05", "R07", "R08"})
    assert vague.json()["message"]["id"] not in [one["id"] for one in school.items]
    _need_to_know(town)
    return {"C-08": told["id"], "R-02": asked["id"]}


def _need_to_know(town: Town) -> None:
    concern = town[CSC].tells("C-09")
    body = samples().call("R-03").filled({"C-09": concern["id"]}, _today())
    _assert_returned(town[CSC].call("/v1/requests", body), {"R05", "R08", "R12"})


def _assert_returned(answer: Any, rules: set[str]) -> None:
    """Every rule at once, each with how to mend it."""
    assert answer.status_code == 422, answer.text
    found = answer.json()["violations"]
    assert {one["rule"] for one in found} == rules
    assert all(one["fix"] for one in found)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Two requests that want a second person: one got its word, the other is to lapse."""

    approved: Message
    lapsing: Message

    @classmethod
    def asked(cls, town: Town) -> Waiting:
        """Social care asks the police for intelligence twice, and approves once."""
        csc, crew = town[CSC], town[HILL]
        concern = crew.tells("C-01", subject={**samples().call("C-01").body["subject"], **_ANOTHER})
        csc.came(concern["id"])
        lapsing = csc.asks("R-01", **_intelligence(concern["id"]))
        assert lapsing["state"] == "held"
        approved = _approved(csc, concern["id"])
        town[POLICE].came(approved["id"])
        return cls(approved, lapsing)

    def lapsed(self, town: Town) -> None:
        """Its own agency is told, once; the police never hear of it, and nobody approves it any more."""
        csc = town[CSC]
        (told,) = csc.until(lambda: csc.notices("lapse", self.lapsing["id"]), "word that it lapsed")
        late = csc.call(f"/v1/requests/{self.lapsing['id']}/approval", {"who": MANAGER, "why": "Now."})
        week = event(self.lapsing, "held") + timedelta(days=7) / town.speed

        assert abs(moment(told["id"]) - week) <= _WRITTEN_BEFORE / town.speed + _MILLISECOND
        assert csc.message(self.lapsing["id"])["state"] == "lapsed"
        assert csc.judged(late.json()["messages"][0]["id"])["verdict"]["rules"] == ["late"]
        assert self.lapsing["id"] not in [one["id"] for one in town[POLICE].items]
        assert town[POLICE].notices("lapse") == []


def _approved(csc: Party, concern: str) -> Message:
    """Asked anew where the machine is so slow that a week went by before the approval came."""
    for _ in range(_TRIES):
        request = csc.asks("R-01", **_intelligence(concern))
        path = f"/v1/requests/{request['id']}/approval"
        sent = csc.call(path, {"who": MANAGER, "why": "I have read it."}).json()["messages"][0]
        verdict = csc.judged(sent["id"])["verdict"]
        if verdict["outcome"] == "passed":
            return request
        assert verdict["rules"] == ["late"]
    raise AssertionError("a week is too short on this machine")


_TRIES = 5
_ANOTHER = {"name": "Asha Quillmere", "nhs_number": "9990002037", "upn": None}


def _intelligence(concern: str) -> dict[str, Any]:
    """What is outside the matrix for one person alone."""
    sample = samples().call("R-01").body
    line = sample["lines"][0] | {"category": "POLICE_INTEL", "months": 24}
    subject = {**sample["subject"], **_ANOTHER}
    return {"concern_ids": [concern], "lines": [line], "subject": subject, "countersigned_by": None}


def _today() -> Any:
    return datetime.now(UTC).date()
