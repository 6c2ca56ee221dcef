"""From the body of a concern to its codes (T1) and its content (T2), for each recipient and child.

Pure: what is not in the body comes as an argument. Source: protocol sections 3.1 and 8, domain 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from candour_protocol import adults, rules
from candour_protocol.codes import ConcernCategory, NeedLevel, Urgency, WithholdingReason
from candour_protocol.ids import Address, ChildToken, StatementHash, Txn
from candour_protocol.kinds import (
    ConcernContent,
    Handling,
    Kind,
    Person,
    Reach,
    parse_codes,
)
from candour_protocol.policy import Policy
from candour_protocol.strict_json import JsonObject

from candour_agency import shutting
from candour_agency.drafts import coding, marking
from candour_agency.drafts.acting import Acting
from candour_agency.office import Office
from candour_agency.schemas.concern import Matter
from candour_agency.writing import Plan


@dataclass(frozen=True, slots=True)
class Child:
    """One child of a call, with the tokens that every copy of the concern carries."""

    subject: Person
    tokens: tuple[ChildToken, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for every statement of one call.

    Attributes:
        iat: seconds since 1970.
    """

    office: Office
    acting: Acting
    txn: Txn
    iat: int

    @property
    def policy(self) -> Policy:
        """The rule set that is attested."""
        return self.office.directory.policy


def subjects(body: Matter) -> list[Person]:
    """The children that a body is about; one whom nobody can name is one too."""
    return [*([body.subject] if body.subject else []), *(body.subjects or ())] or [Person()]


def plan(setting: Setting, body: Matter, child: Child, to: Address, pays_back: StatementHash | None) -> Plan:
    """The concern about one child for one recipient, with what the rules that only nodes can run found.

    Whom a mark names may be a colleague of its author's: it is kept from them here as it is there.

    Raises:
        CallError: an address in the body that is none.
    """
    codes = _codes(setting, body, child, to, pays_back)
    content = _content(setting, body, child)
    matter = rules.Matter(Kind.CONCERN, parse_codes(Kind.CONCERN, codes), content)
    codes["checks"] = dict(rules.check_matter(matter, (), setting.iat, setting.policy).checks)
    codes |= adults.stated(matter, (), setting.policy, setting.office.keys.partnership)
    urgency, said = str(codes["urgency"] or ""), content.model_dump(exclude_none=True)
    # they may be at the agency that tells it
    kept_from = shutting.named_in(said) - {setting.acting.known_as or ""}
    return Plan(Kind.CONCERN, to, setting.txn, urgency, codes, said, shut_out=kept_from)


def _codes(
    setting: Setting, body: Matter, child: Child, to: Address, pays_back: StatementHash | None
) -> JsonObject:
    key = setting.office.keys.actor
    return {
        "txn": setting.txn,
        "actor": setting.acting.actor(key, setting.txn),
        "child": list(child.tokens),
        "categories": coding.code_list(ConcernCategory, body.categories),
        "need_level": coding.code(NeedLevel, body.need_level),
        "urgency": coding.code(Urgency, body.urgency),
        "inbox": to.inbox,
        "marks": coding.marks(marking.handling(body)),
        "openness": coding.openness(body.openness),
        "onward_to": coding.agencies(body.onward_to, "/onward_to", setting.office.directory.is_member),
        "relays": None,
        "pays_back": pays_back,
        "withheld": _withheld(setting, body),
        "checks": None,
    }


def _withheld(setting: Setting, body: Matter) -> JsonObject | None:
    withheld = body.withheld
    if withheld is None:
        return None
    members = setting.office.directory.is_member
    kept_from = coding.address(withheld.kept_from, "/withheld/from", members)
    lodged_with = coding.address(withheld.lodged_with, "/withheld/lodged_with", members)
    second = setting.acting.other(setting.office.keys.actor, setting.txn, withheld.second_signer)
    return {
        "from": str(kept_from) if kept_from else None,
        "reason": coding.code(WithholdingReason, withheld.reason),
        "lodged_with": str(lodged_with) if lodged_with else None,
        "second": second,
        "review_on": withheld.review_on,
    }


def _content(setting: Setting, body: Matter, child: Child) -> ConcernContent:
    return ConcernContent(
        subject=child.subject,
        household=body.household,
        professionals=body.professionals,
        facts=body.facts,
        impact=body.impact,
        safe_tonight=body.safe_tonight,
        whereabouts=body.whereabouts,
        done_so_far=body.done_so_far,
        outcome_wanted=body.outcome_wanted,
        author=setting.acting.author(body.author),
        reach=reach(setting.office, body.reach),
        child_view=body.child_view,
        handling=_handling(body),
        confirms_call=body.confirms_call,
        attachments=body.attachments,
    )


def reach(office: Office, given: Reach | None) -> Reach | None:
    """How to reach the author: as given, and where no phone is, by the directory's number."""
    own = office.own_reach()
    if given is None or own is None:
        return given or own
    return given if given.phone else given.model_copy(update={"phone": own.phone})


def _handling(body: Matter) -> Handling | None:
    reason = coding.stated_reason(body.openness)
    second = body.withheld.second_signer if body.withheld else None
    marks = marking.handling(body)
    if not marks and reason is None and second is None:
        return None
    return Handling(marks=marks or None, openness_reason=reason, second_signer=second)
