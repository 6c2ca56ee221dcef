"""Passing a received concern on: the originator's own words and signature, nothing retyped.

Source: protocol section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from candour_protocol import disclosures, rules, strict_json
from candour_protocol.codes import HandlingMark
from candour_protocol.ids import Address
from candour_protocol.kinds import Kind, Signer
from candour_protocol.matters import read_matter
from candour_protocol.strict_json import JsonObject

from candour_agency.drafts.concerns import Setting, reach
from candour_agency.faults import CallError, Code
from candour_agency.messages import Message
from candour_agency.writing import MAX_STORY, Plan

_PROTECTED: Final = frozenset({"author", "reach"})  # who tells, and how to find them
# What can stay behind when a story is too long to pass on whole, the least needed first.
_SPARE: Final = ("attachments", "professionals", "done_so_far", "outcome_wanted", "household", "whereabouts")


def plan(setting: Setting, original: Message, to: Address, author: Signer | None) -> Plan:
    """A relay of a received concern in its own thread; ``checks`` are of the originator's facts.

    Raises:
        CallError: the story is too long to be passed on with its signature.
    """
    codes = dict(original.codes or {})
    passed_on = _disclosures(original)
    content: JsonObject = {
        "author": _author(setting, author),
        "reach": _reach(setting),
        "original": {"statement": original.jwt, "disclosures": list(passed_on)},
    }
    codes |= {
        "actor": setting.acting.actor(setting.office.keys.actor, original.txn),
        "inbox": to.inbox,
        "relays": original.hash,
        "pays_back": None,
        "checks": None,
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


def _disclosures(original: Message) -> Sequence[str]:
    """Those that go on: not the author of a protected one, and no more than fit."""
    codes = original.codes
    assert codes is not None  # noqa: S101 - an unopened concern is never passed on
    hidden = _PROTECTED if HandlingMark.REFERRER_PROTECTED in _marks(codes) else frozenset()
    named = [(disclosures.read(text).name, text) for text in original.disclosures]
    kept = {name: text for name, text in named if name not in hidden}
    for spare in _SPARE:
        if _size(kept) <= MAX_STORY:
            break
        kept.pop(spare, None)
    if _size(kept) > MAX_STORY:
        raise CallError(
            Code.STORY_TOO_LONG,
            "The concern you cite is too long to be passed on as it is. Tell it in your own words.",
        )
    return tuple(kept.values())


def _size(kept: JsonObject | dict[str, str]) -> int:
    return len(strict_json.dumps_utf8(list(kept.values()))) + 6 * 1024  # the JWT, author and reach


def _marks(codes: JsonObject) -> Sequence[object]:
    marks = codes.get("marks")
    return marks if isinstance(marks, list) else ()
