"""One case that meets each rule and one that does not, as data; a test runs each through the real functions.

Members are those of REST bodies; what is not said is as in a case in which every rule is met.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import cast

from candour_protocol.kinds import Kind
from candour_protocol.rules.rehearsal import ANSWER, CHILD, REQUEST, Case
from candour_protocol.strict_json import JsonObject


@dataclass(frozen=True, slots=True)
class Example:
    """A case in one plain sentence, and as data."""

    said: str
    case: Case

    def as_json(self) -> JsonObject:
        """For ``/v1/protocol``: the sentence, and the members that make the case."""
        usual = Case(self.case.judged)
        made = cast(JsonObject, asdict(self.case))
        differing = {
            part.name: made[part.name]
            for part in fields(Case)
            if getattr(self.case, part.name) != getattr(usual, part.name)
        }
        return {"said": self.said, "judged": self.case.judged.value, **differing}


def _line(**members: object) -> JsonObject:
    line = cast("list[JsonObject]", REQUEST["lines"])[0]
    return cast(JsonObject, {**line, **members})


def _asking(*lines: JsonObject, **members: object) -> JsonObject:
    return cast(JsonObject, {"lines": list(lines), **members})


def _told(what: str) -> JsonObject:
    return {"facts": [{"what": what, "when": "2026-11-09", "basis": "CHILD_SAID"}]}


_EMERGENCY: JsonObject = {
    "urgency": "EMERGENCY",
    "purpose": "EMERGENCY_SAFETY",
    "power": "COMMON_LAW",
    "lawful_basis": "A6_D",
    "special_category": "A9_C",
    "danger_line": "Baby not breathing, head bruise, two accounts",
    "author": {"name": "T. Bly", "role": "Paramedic", "training_level": "IC2"},
}
_KNOWN = _line(
    category="KNOWN_YN",
    months=1,
    question="Known? Other children at the address?",
    because="baby in respiratory arrest, siblings may be inside",
)
_LODGED: JsonObject = {
    "from": "the-holder",
    "reason": "STAFF_ALLEGATION",
    "lodged_with": "the-designated-officer",
    "second_signer": {"name": "DI Brace", "role": "Detective inspector"},
    "review_on": "2026-11-26",
}
_RISK: JsonObject = {"name": "Dez Karvell", "role": "ALLEGED_RISK", "address": "14 Sample Rise"}
_BABY: JsonObject = {"name": "Juno Ashbyte", "birth_date": "2025-08-02", "role": "SIBLING_SAME_HH"}
_REFUSED: JsonObject = {
    "line": 1,
    "outcome": "REFUSED",
    "reason": "PREJUDICE_INVESTIGATION",
    "text": "An arrest is planned and telling anybody now would warn him.",
    "would_change_if": "the arrest is made; review on 3 December",
}

R01_PASSING = Example(
    "A social worker who has told the police what she saw asks them about it.", Case(Kind.REQUEST)
)
R01_FAILING = Example(
    "A practice asks a school for attendance and cites nothing: the proposal of 2005.",
    Case(Kind.REQUEST, cites=False, asker_kind="GP", request={"power": "CA04_S11", "purpose": "DIRECT_CARE"}),
)
R02_PASSING = Example(
    "Mum's partner hit him with a belt, he told me at 2 pm.",
    Case(Kind.CONCERN, concern=_told("Mum's partner hit him with a belt, he told me at 2 pm")),
)
R02_FAILING = Example(
    "Confidential – cannot disclose at this time.",
    Case(Kind.CONCERN, concern=_told("Confidential – cannot disclose at this time.")),
)
R03_PASSING = Example("'Unsure', with a dated fact.", Case(Kind.CONCERN, concern={"categories": ["UNSURE"]}))
R03_FAILING = Example(
    "The category 'Neglect', and for a narrative the word 'Neglect'.",
    Case(Kind.CONCERN, concern={"categories": ["NEGLECT"], **_told("Neglect")}),
)
R04_PASSING = Example(
    "A concern of six weeks ago, with what has changed since.",
    Case(
        Kind.REQUEST,
        age_days=42,
        request=_asking(
            _line(still_current_because="New bruise seen on Friday and he is back in the home"),
            still_current=True,
        ),
    ),
)
R04_FAILING = Example("A concern of two years ago.", Case(Kind.REQUEST, age_days=730))
R05_PASSING = Example(
    "An injury; attendances of the last 24 months, to see if the injuries fit a pattern.", Case(Kind.REQUEST)
)
R05_FAILING = Example(
    "The whole file, for the assessment.",
    Case(
        Kind.REQUEST,
        request=_asking(_line(category="FULL_RECORD", months=None, because="for the assessment")),
    ),
)
R06_PASSING = Example("A follow-up after the answer named a new partner.", Case(Kind.REQUEST, asked_before=2))
R06_FAILING = Example(
    "Fourteen requests about a neighbour off one anonymous call.", Case(Kind.REQUEST, asked_before=14)
)
R07_PASSING = Example(
    "A worker at the first level, countersigned by her manager.",
    Case(
        Kind.REQUEST,
        request={
            "author": {"name": "L. Quist", "role": "Officer", "training_level": "IC1"},
            "countersigned_by": {"name": "S. Oduya", "role": "Team manager"},
        },
    ),
)
R07_FAILING = Example(
    "The MASH team asks.",
    Case(Kind.REQUEST, request={"author": {"name": "MASH team", "role": "Team", "training_level": "IC3"}}),
)
R08_PASSING = Example(
    "Section 47, public task, safeguarding; the family is not told, as that would endanger the child.",
    Case(Kind.REQUEST),
)
R08_FAILING = Example(
    "'GDPR allows': no power, and not a word about the family.",
    Case(Kind.REQUEST, request={"power": None, "openness": None}),
)
R09_FAILING = Example(
    "'Emergency' on a question about attendance.",
    Case(Kind.REQUEST, cites=False, request=_EMERGENCY | _asking(_line(category="EDU_ATTEND", months=6))),
)
R09_PASSING = Example(
    "A paramedic with a baby who is not breathing asks whether she is known: delivered, marked, and owed.",
    Case(Kind.REQUEST, cites=False, asker_kind="AMBULANCE", request=_EMERGENCY | _asking(_KNOWN)),
)
R10_PASSING = Example(
    "Police tell the designated officer of a ward nurse, and not the ward.",
    Case(Kind.CONCERN, concern={"categories": ["STAFF_ALLEGATION"], "withheld": _LODGED}),
)
R10_FAILING = Example(
    "A clinician ticks 'confidential' and lodges it with nobody: the two-tier route.",
    Case(Kind.CONCERN, concern={"withheld": {**_LODGED, "lodged_with": None, "second_signer": None}}),
)
R11_PASSING = Example(
    "Refused, because an arrest is planned; to be reviewed on 3 December.",
    Case(Kind.ANSWER, answer={**ANSWER, "outcomes": [_REFUSED]}),
)
R11_FAILING = Example(
    "Declined – GDPR.",
    Case(
        Kind.ANSWER,
        answer={"outcomes": [{"line": 1, "outcome": "REFUSED", "reason": "GDPR", "text": "Declined"}]},
    ),
)
R12_PASSING = Example(
    "The baby sister, in the same home with the same man.",
    Case(
        Kind.REQUEST,
        request=_asking(
            _line(
                person=_RISK,
                category="POLICE_INCID",
                because="to judge whether Rowan can safely go home tonight",
            ),
            _line(
                person=_BABY, category="KNOWN_YN", months=12, because="same home, same man, pre-verbal baby"
            ),
        ),
    ),
)
R12_FAILING = Example(
    "All children at the address and their friends.",
    Case(
        Kind.REQUEST,
        request=_asking(
            _line(
                person={
                    "name": "all children at the address and their friends",
                    "role": "OTHER_CHILD_SAME_RISK",
                }
            )
        ),
    ),
)
R13_PASSING = Example(
    "An NHS number whose check digit is right.", Case(Kind.REQUEST, request={"subject": CHILD})
)
R13_FAILING = Example(
    "An NHS number with a wrong last digit.",
    Case(Kind.REQUEST, request={"subject": {**CHILD, "nhs_number": "9990001015"}}),
)
R14_PASSING = Example(
    "A wrong twin was put right, and the new concern about the right one is cited.", Case(Kind.REQUEST)
)
R14_FAILING = Example(
    "A request still rests on the concern about the wrong twin.", Case(Kind.REQUEST, taken_back=True)
)
R15_PASSING = Example(
    "Social care passes a school's concern to the police, with the school's mark.",
    Case(
        Kind.CONCERN,
        concern={"handling": ["NOT_FAMILY"], "onward_to": ["the-holder"]},
        relays={"handling": ["NOT_FAMILY"], "onward_to": ["the-holder"]},
    ),
)
R15_FAILING = Example(
    "A refuge's protected address is passed on.",
    Case(
        Kind.CONCERN,
        concern={"handling": ["ADDRESS_PROTECTED"]},
        relays={"handling": ["ADDRESS_PROTECTED"]},
    ),
)
