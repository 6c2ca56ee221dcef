"""Passing a received concern on: the originator's own words and signature, nothing retyped.

Source: protocol section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence

from candour_protocol import rules
from candour_protocol.errors import MalformedError
from candour_protocol.ids import Address
from candour_protocol.kinds import Kind, Signer
from candour_protocol.matters import read_matter
from candour_protocol.relaying import passed_on, relay_codes
from candour_protocol.strict_json import JsonObject

from candour_agency.drafts.concerns import Setting, reach
from candour_agency.faults import CallError, Code
from candour_agency.messages import Message
from candour_agency.writing import Plan


def plan(setting: Setting, original: Message, to: Address, author: Signer | None) -> Plan:
    """A relay of a received concern in its own thread; ``checks`` are of the originator's facts.

    Raises:
        CallError: the story is too long to be passed on with its signature.
    """
    assert original.codes is not None  # noqa: S101 - an unopened concern is never passed on
    actor = setting.acting.actor(setting.office.keys.actor, original.txn)
    codes = relay_codes(original.codes, original.hash, to.inbox, actor)
    content: JsonObject = {
        "author": _author(setting, author),
        "reach": _reach(setting),
        "original": {"statement": original.jwt, "disclosures": list(_disclosures(original.codes, original))},
    }
    codes["checks"] = dict(_checks(setting, codes, content))
    return Plan(
        Kind.CONCERN,
        to,
        original.txn,
        original.urgency,
        codes,
        content,
        restricted=original.restricted,
        shut_out=original.shut_out,
    )


def _checks(setting: Setting, codes: JsonObject, content: JsonObject) -> dict[str, str]:
    matter = read_matter(Kind.CONCERN, codes, content)
    return dict(rules.check_matter(matter, (), setting.iat, setting.policy).checks)


def _author(setting: Setting, author: Signer | None) -> JsonObject | None:
    stated = setting.acting.author(author)
    return stated.model_dump(exclude_none=True) if stated else None


def _reach(setting: Setting) -> JsonObject | None:
    own = reach(setting.office, None)
    return own.model_dump(exclude_none=True) if own else None


def _disclosures(codes: JsonObject, original: Message) -> Sequence[str]:
    try:
        return passed_on(codes, original.disclosures)
    except MalformedError:
        raise CallError(
            Code.STORY_TOO_LONG,
            "The concern you cite is too long to be passed on as it is. Tell it in your own words.",
        ) from None
