"""A worked case, from the REST bodies that people send to the verdict: how the rules' examples are judged.

Keys, hashes and instants are fixed, nothing is signed, and what a real node takes from its directory and the
log is given. A case is data: REST members that differ from a case in which every rule is met.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from candour_protocol import base64url
from candour_protocol.children import child_tokens, request_tokens
from candour_protocol.codes import STATED, NotInformedReason, known
from candour_protocol.ids import AgencyId, ChildToken, StatementHash
from candour_protocol.kinds import (
    T1,
    T2,
    AnswerCodes,
    Codes,
    ConcernCodes,
    Content,
    Kind,
    Person,
    RequestCodes,
    parse_codes,
    parse_content,
)
from candour_protocol.policy import Policy
from candour_protocol.rules.facts import Ask, Earlier, Matter, Telling, Told
from candour_protocol.rules.judge import check_matter, judge_answer, judge_concern, judge_request
from candour_protocol.rules.judgement import Judgement, Outcome
from candour_protocol.rules.lodging import kept_from
from candour_protocol.strict_json import JsonObject, JsonValue

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASKER, HOLDER, STRANGER = AgencyId("the-asker"), AgencyId("the-holder"), AgencyId("a-stranger")

_KEY = bytes(32)
_TXN = "01932f3a-0000-7000-8000-000000000000"
_AUTHOR = base64url.encode(hashlib.sha256(b"author").digest()[:16])
_SECOND = base64url.encode(hashlib.sha256(b"second-signer").digest()[:16])
_CITED = StatementHash(base64url.encode(hashlib.sha256(b"the concern").digest()))

CHILD: JsonObject = {"name": "Rowan Ashbyte", "birth_date": "2017-03-14", "nhs_number": "9990001014"}
CONCERN: JsonObject = {
    "subject": CHILD,
    "categories": ["PHYSICAL_ADULT"],
    "need_level": "L4",
    "urgency": "RED",
    "facts": [
        {
            "what": "Oval yellow-brown bruise, about 3 cm, under left jaw; second on left cheekbone.",
            "when": "2026-11-09 09:10",
            "basis": "OBSERVED",
        }
    ],
    "author": {"name": "H. Vance", "role": "Designated safeguarding lead", "training_level": "DSL"},
}
REQUEST: JsonObject = {
    "subject": CHILD,
    "urgency": "RED",
    "purpose": "TRIAGE",
    "power": "CA89_S47",
    "lawful_basis": "A6_E",
    "special_category": "A9_G18",
    "lines": [
        {
            "person": {"name": "Rowan Ashbyte", "role": "SUBJECT_CHILD"},
            "category": "HEALTH_ATTEND",
            "months": 24,
            "question": "Attendances with an injury?",
            "because": "to see if the injuries fit a pattern",
        }
    ],
    "openness": {"position": "NOT_INFORMED", "reason": "RISK_TO_CHILD"},
    "author": {"name": "J. Mbeki", "role": "Social worker", "training_level": "SW_QUALIFIED"},
}
ANSWER: JsonObject = {
    "outcomes": [{"line": 1, "outcome": "DISCLOSED_FULL", "text": "Two attendances, both with bruises."}],
    "decider": {"name": "DI Brace", "role": "Detective inspector", "training_level": "IC4"},
}

Written = TypeVar("Written", bound=Codes)


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged, and what differs from the case in which every rule is met.

    Attributes:
        judged: ``concern``, ``request`` or ``answer``.
        concern, request, answer: REST members.
        relays: the marks and ``onward_to`` of the concern that the judged one relays.
        asker_kind: the asking agency's kind.
        age_days: how long ago the cited concern was told.
        cites: whether the request cites it.
        told_to: ``holder``, or ``stranger``; by itself the holder, unless it is kept from there.
        has_phone: whether the directory gives a number for the asker.
        asked_before: how many requests about this child the asker has sent to this holder this week, each of
            them about another child at the same risk too.
        taken_back: whether the concern was corrected away by its author.
    """

    judged: Kind
    concern: JsonObject | None = None
    request: JsonObject | None = None
    answer: JsonObject | None = None
    relays: JsonObject | None = None
    asker_kind: str = "CSC"
    age_days: int = 1
    cites: bool = True
    told_to: str | None = None
    has_phone: bool = True
    asked_before: int = 0
    taken_back: bool = False

    def judge(self, policy: Policy) -> Judgement:
        """What the sender's node and the gateway say, together."""
        if self.judged is Kind.ANSWER:
            return self._answer(policy)
        concern = self._concern(policy)
        if self.judged is Kind.REQUEST:
            return judge_request(self._ask(self._request(concern, policy), concern, policy), policy)
        codes, telling = _codes(concern, ConcernCodes), Telling(ASKER, NOW)
        return judge_concern(codes, self._original(policy), self._audience(codes), policy, telling=telling)

    def _audience(self, codes: ConcernCodes) -> AgencyId:
        to = self.told_to or ("stranger" if kept_from(codes.withheld) == HOLDER else "holder")
        return HOLDER if to == "holder" else STRANGER

    def _concern(self, policy: Policy) -> Matter:
        body = {**CONCERN, **(self.concern or {})}
        relays: JsonObject = {"relays": _CITED} if self.relays is not None else {}
        return attested(written(Kind.CONCERN, {**body, **relays}), (), policy)

    def _original(self, policy: Policy) -> ConcernCodes | None:
        if self.relays is None:
            return None
        return _codes(written(Kind.CONCERN, {**CONCERN, **self.relays}), ConcernCodes)

    def _request(self, concern: Matter, policy: Policy) -> Matter:
        cited = [_codes(concern, ConcernCodes).child] if self.cites else []
        references: JsonObject = {"concern_refs": [_CITED] if self.cites else []}
        body = {**REQUEST, **references, **(self.request or {})}
        return attested(written(Kind.REQUEST, body, cited), (concern,) if self.cites else (), policy)

    def _ask(self, request: Matter, concern: Matter, policy: Policy) -> Ask:
        codes = _codes(concern, ConcernCodes)
        told = Told(
            hash=_CITED,
            issuer=ASKER,
            audience=self._audience(codes),
            inbox="general",
            outcome=judge_concern(codes, None, HOLDER, policy).outcome,
            at=NOW - timedelta(days=self.age_days),
            codes=codes,
            taken_back=self.taken_back,
        )
        return Ask(
            issuer=ASKER,
            issuer_kind=self.asker_kind,
            holder=HOLDER,
            inbox="general",
            codes=_codes(request, RequestCodes),
            at=NOW,
            told={_CITED: told} if told.outcome is not Outcome.REFUSED else {},
            has_directory_phone=self.has_phone,
            earlier=tuple(self._earlier(number) for number in range(1, self.asked_before + 1)),
        )

    def _earlier(self, number: int) -> Earlier:
        at = NOW - timedelta(hours=number)
        return Earlier(
            HOLDER, _TXN, "DIRECT_CARE", lines=2, at=at, index=number, looked_for=("OTHER_CHILD_SAME_RISK",)
        )

    def _answer(self, policy: Policy) -> Judgement:
        request = written(Kind.REQUEST, {**REQUEST, **(self.request or {})})
        answer = attested(written(Kind.ANSWER, {**ANSWER, **(self.answer or {})}), (), policy)
        return judge_answer(_codes(answer, AnswerCodes), _codes(request, RequestCodes), policy)


def attested(matter: Matter, cited: tuple[Matter, ...], policy: Policy) -> Matter:
    """The same, with the ``checks`` that its sender's node puts into its codes."""
    checks = check_matter(matter, cited, int(NOW.timestamp()), policy).checks
    return replace(matter, codes=matter.codes.model_copy(update={"checks": checks}))


def written(
    kind: Kind, body: Mapping[str, JsonValue], cited: list[tuple[ChildToken, ...]] | None = None
) -> Matter:
    """The codes and content of a REST body: members go where their names stand, the rest is translated."""
    members = {"txn": _TXN, "actor": _AUTHOR, "inbox": "general", **_translated(kind, body)}
    if kind in (Kind.CONCERN, Kind.REQUEST):
        members["child"] = _child(members.get("subject"), cited or [])
    codes = parse_codes(kind, {name: members.get(name) for name in T1[kind]})
    return Matter(kind, codes, _content(kind, members))


def _content(kind: Kind, members: JsonObject) -> Content:
    return parse_content(kind, {name: members.get(name) for name in T2[kind]})


def _child(subject: JsonValue, cited: list[tuple[ChildToken, ...]]) -> JsonValue:
    own = child_tokens(Person.model_validate(subject or {}), [_KEY], _KEY)
    return list[JsonValue](request_tokens(own, cited))


def _translated(kind: Kind, body: Mapping[str, JsonValue]) -> JsonObject:
    members: JsonObject = {name: value for name, value in body.items() if value != ""}
    members["openness"] = _openness(body.get("openness"))
    if kind is Kind.CONCERN:
        marks = cast("list[str]", body.get("handling") or [])
        members |= {"marks": [mark.partition(":")[0] for mark in marks], "handling": {"marks": [*marks]}}
        members["categories"] = body.get("categories") or []
        members["withheld"] = _withheld(body.get("withheld"))
    if kind is Kind.REQUEST:
        members |= _lines(cast("list[JsonObject]", body.get("lines") or []))
        members["concern_refs"] = body.get("concern_refs") or []
        members |= _signatures(body)
    return members | _outcomes(body) if kind is Kind.ANSWER else members


def _openness(given: JsonValue) -> JsonValue:
    if not isinstance(given, dict):
        return None
    reason = given.get("reason") or None
    # Words of one's own are never a code: T1 says only that there are some.
    stated = isinstance(reason, str) and not known(NotInformedReason, reason)
    return {"position": given.get("position"), "reason": STATED if stated else reason}


def _withheld(given: JsonValue) -> JsonValue:
    if not isinstance(given, dict):
        return None
    second = _SECOND if given.get("second_signer") else None
    members = {name: given.get(name) for name in ("from", "reason", "lodged_with", "review_on")}
    return {**members, "second": second}


def _lines(lines: list[JsonObject]) -> JsonObject:
    asked: list[JsonValue] = []
    questions: list[JsonValue] = []
    for number, line in enumerate(lines, start=1):
        person = line.get("person")
        role = person.get("role") if isinstance(person, dict) else None
        months = line.get("months")
        asked.append({"line": number, "role": role, "category": line.get("category"), "months": months})
        said = {
            name: line.get(name) for name in ("question", "because", "exception", "still_current_because")
        }
        questions.append({"line": number, "person": number - 1, **said})
    return {"asked": asked, "questions": questions, "persons": [line.get("person") or {} for line in lines]}


def _signatures(body: Mapping[str, JsonValue]) -> JsonObject:
    author = cast(JsonObject, body.get("author") or {})
    second = _SECOND if body.get("countersigned_by") else None
    return {"author_level": author.get("training_level"), "countersigned": second}


def _outcomes(body: Mapping[str, JsonValue]) -> JsonObject:
    lines = cast("list[JsonObject]", body.get("outcomes") or [])
    decider = cast(JsonObject, body.get("decider") or {})
    return {
        "decider_level": decider.get("training_level"),
        "outcomes": [{name: line.get(name) for name in ("line", "outcome", "reason")} for line in lines],
        "content": [{name: line.get(name) for name in ("line", "text", "basis")} for line in lines],
        "searched": [{"line": line.get("line"), "searched": line.get("searched")} for line in lines],
        "would_change_if": [
            {"line": line.get("line"), "text": line.get("would_change_if")} for line in lines
        ],
    }


def _codes(matter: Matter, kind: type[Written]) -> Written:
    assert isinstance(matter.codes, kind)  # noqa: S101 - narrows the type; `written` made it of this kind
    return matter.codes
