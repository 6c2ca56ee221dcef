"""From the body of a request to its codes (T1) and its content (T2), for each holder.

Pure: what is not in the body comes as an argument. Source: protocol sections 3.1 and 8, domain 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from candour_protocol import adults, rules
from candour_protocol.children import request_tokens
from candour_protocol.codes import (
    InfoCategory,
    LawfulBasis,
    Power,
    Purpose,
    SpecialCategory,
    SubjectRole,
    TrainingLevel,
    Urgency,
)
from candour_protocol.ids import Address, ChildToken, StatementHash
from candour_protocol.kinds import (
    Kind,
    MayTellFamily,
    Person,
    Question,
    RequestContent,
    parse_codes,
)
from candour_protocol.strict_json import JsonObject, JsonValue

from candour_agency.drafts import coding
from candour_agency.drafts.concerns import Setting, reach
from candour_agency.messages import Message
from candour_agency.schemas.request import LineBody, RequestBody
from candour_agency.standing import Standing
from candour_agency.writing import Plan

_LINE: Final = re.compile(r"/lines/(?P<place>[0-9]{1,3})(?P<rest>.*)\Z")


@dataclass(frozen=True, slots=True)
class Cited:
    """A concern that the holder knows: told by the asker, by the holder itself, or passed on.

    Attributes:
        matter: its codes and content, opened; of a relay with the originator's facts. ``None`` where it could
            not be.
        settled: whether the receipt is held, so that a request may follow at once.
        added: what its author has added to it by replies, and ``replies`` the hashes of those of them whose
            receipts are not held yet.
        restricted: only few may see it here.
        shut_out: staff ids of those who may never see it here.
        message: the statement, where it was there before the call.
        standing: what corrections have left of it.
        since: when it was first told, by whomever; ``None`` where it was not yet.
    """

    hash: StatementHash
    tokens: tuple[ChildToken, ...]
    matter: rules.Matter | None
    settled: bool
    restricted: bool
    message: Message | None = None
    added: tuple[rules.Matter, ...] = ()
    replies: tuple[StatementHash, ...] = ()
    shut_out: frozenset[str] = frozenset()
    standing: Standing = field(default_factory=Standing)
    since: datetime | None = None

    @property
    def matters(self) -> tuple[rules.Matter, ...]:
        """It, and what was added to it."""
        return (*(() if self.matter is None else (self.matter,)), *self.added)

    @property
    def waits(self) -> tuple[StatementHash, ...]:
        """Of what the receipt has to be held before a request rests on it."""
        return (*(() if self.settled else (self.hash,)), *self.replies)


def lines_for(body: RequestBody, to: Address) -> list[LineBody]:
    """The lines that one holder is asked."""
    return [body.lines[place] for place in _places(body, to)]


def _places(body: RequestBody, to: Address) -> list[int]:
    return [place for place, line in enumerate(body.lines) if line.of is None or names(line.of, to)]


def names(texts: Sequence[str], to: Address) -> bool:
    """Whether a line's ``of`` names this holder: its agency, or that inbox of it."""
    wanted = {text.strip().lower() for text in texts}
    return str(to) in wanted or to.agency in wanted


def in_body(pointer: str, body: RequestBody, to: Address) -> str:
    """Where a place in one holder's request stands in the call's body; each request counts its own lines."""
    found = _LINE.match(pointer)
    places = _places(body, to)
    if found is None or int(found["place"]) >= len(places):
        return pointer
    return f"/lines/{places[int(found['place'])]}{found['rest']}"


def plan(
    setting: Setting,
    body: RequestBody,
    subject: Person,
    own: Sequence[ChildToken],
    to: Address,
    cited: Sequence[Cited],
) -> Plan:
    """The request to one holder, with what the rules that only nodes can run found.

    Args:
        own: the tokens of the request's own subject.
        cited: what it cites, in order; the gateway judges whether that is enough.
    """
    lines = lines_for(body, to)
    codes = _codes(setting, body, lines, to)
    codes["child"] = list(request_tokens(own, _tokens_of_the_child(subject, cited)))
    codes["concern_refs"] = [one.hash for one in cited]
    content = _content(setting, body, lines, subject)
    codes["still_current"] = rules.still_current(content, setting.policy)
    matter = rules.Matter(Kind.REQUEST, parse_codes(Kind.REQUEST, codes), content)
    told = [matter for one in cited for matter in one.matters]
    codes["checks"] = dict(rules.check_matter(matter, told, setting.iat, setting.policy).checks)
    if not any(one.restricted or one.matter is None for one in cited):
        codes |= adults.stated(matter, told, setting.policy, setting.office.keys.partnership)
    waits = tuple(name for one in cited for name in one.waits)
    urgency = str(codes["urgency"] or "")
    dumped = content.model_dump(exclude_none=True)
    return Plan(
        Kind.REQUEST,
        to,
        setting.txn,
        urgency,
        codes,
        dumped,
        waits=waits,
        restricted=any(one.restricted for one in cited),
        shut_out=frozenset(person for one in cited for person in one.shut_out),
    )


def _tokens_of_the_child(subject: Person, cited: Sequence[Cited]) -> list[tuple[ChildToken, ...]]:
    """Those of what can be about the same child: nothing else tells two children without a number apart."""
    return [
        one.tokens
        for one in cited
        if one.matter is None or not rules.plainly_another(subject, one.matter.subject)
    ]


def _codes(setting: Setting, body: RequestBody, lines: Sequence[LineBody], to: Address) -> JsonObject:
    key, txn, acting = setting.office.keys.actor, setting.txn, setting.acting
    level = body.author.training_level if body.author else None
    return {
        "txn": txn,
        "actor": acting.actor(key, txn),
        "child": [],
        "concern_refs": [],
        "urgency": coding.code(Urgency, body.urgency),
        "inbox": to.inbox,
        "purpose": coding.code(Purpose, body.purpose),
        "power": coding.code(Power, body.power),
        "lawful_basis": coding.code(LawfulBasis, body.lawful_basis),
        "special_category": coding.code(SpecialCategory, body.special_category),
        "openness": coding.openness(body.openness),
        "asked": [_asked(number, line) for number, line in enumerate(lines, 1)],
        "countersigned": acting.other(key, txn, body.countersigned_by),
        "author_level": coding.code(TrainingLevel, level),
        "still_current": None,
        "checks": None,
    }


def _asked(number: int, line: LineBody) -> JsonValue:
    role = line.person.role if line.person else None
    return {
        "line": number,
        "role": coding.code(SubjectRole, role),
        "category": coding.code(InfoCategory, line.category),
        "months": line.months,
    }


def _content(
    setting: Setting, body: RequestBody, lines: Sequence[LineBody], subject: Person
) -> RequestContent:
    persons: list[Person] = []
    questions = tuple(_question(number, line, body, persons) for number, line in enumerate(lines, 1))
    return RequestContent(
        subject=subject,
        persons=tuple(persons) or None,
        questions=questions or None,
        danger_line=body.danger_line,
        author=setting.acting.author(body.author, body.countersigned_by),
        reach=reach(setting.office, body.reach),
        may_tell_family=_may_tell(body),
    )


def _question(number: int, line: LineBody, body: RequestBody, persons: list[Person]) -> Question:
    """One line; its person joins ``persons``, once."""
    if line.person is not None and line.person not in persons:
        persons.append(line.person)
    return Question(
        line=number,
        person=persons.index(line.person) if line.person is not None else None,
        question=line.question,
        because=line.because,
        exception=line.exception,
        still_current_because=line.still_current_because or body.still_current_because,
    )


def _may_tell(body: RequestBody) -> MayTellFamily | None:
    given, words = body.may_tell_family, coding.stated_reason(body.openness)
    if given is None:
        return MayTellFamily(openness_reason=words) if words else None
    return given if words is None else given.model_copy(update={"openness_reason": words})
