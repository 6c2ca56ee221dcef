"""Passing a received concern on: the originator's own words and signature, nothing retyped.

Source: protocol sections 3.1 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from candour_protocol import disclosures, strict_json
from candour_protocol.codes import HandlingMark
from candour_protocol.errors import MalformedError
from candour_protocol.ids import RESTRICTED, ActorToken, StatementHash
from candour_protocol.statement import MAX_STORY
from candour_protocol.strict_json import JsonObject

_PROTECTED: Final = frozenset({"author", "reach"})  # who tells, and how to find them
# What can stay behind when a story is too long to pass on whole, the least needed first.
_SPARE: Final = ("attachments", "professionals", "done_so_far", "outcome_wanted", "household", "whereabouts")
_BESIDES: Final = 6 * 1024  # bytes: the originator's JWT, the relay's own author and reach


def relay_codes(
    original: JsonObject, name: StatementHash, inbox: str, actor: ActorToken | None
) -> JsonObject:
    """T1 of a relay but for its ``checks``: what the originator said, which nobody else may change.

    Its ``adults`` go on as they stand, except to an inbox that may name none.

    Args:
        original: T1 of the concern that is passed on; ``name`` is its hash.
        inbox: the one at the new recipient.
    """
    own: JsonObject = {"actor": actor, "inbox": inbox, "relays": name, "pays_back": None, "checks": None}
    kept = {member: said for member, said in original.items() if member != "adults" or inbox != RESTRICTED}
    return {**kept, **own}


def passed_on(codes: JsonObject, texts: Sequence[str]) -> tuple[str, ...]:
    """Which of an originator's T2 disclosures go on: not the author of a protected one, no more than fit.

    Args:
        codes: T1 of the concern.
        texts: its T2 disclosures as they came.

    Raises:
        MalformedError: ``too-large``; the facts alone are too long to be passed on.
    """
    hidden = _PROTECTED if HandlingMark.REFERRER_PROTECTED in _marks(codes) else frozenset()
    named = [(disclosures.read(text).name, text) for text in texts]
    kept = {name: text for name, text in named if name not in hidden}
    for spare in _SPARE:
        if _size(kept) <= MAX_STORY:
            break
        kept.pop(spare, None)
    if _size(kept) > MAX_STORY:
        raise MalformedError("too-large", "the concern is too long to be passed on as it is: tell it anew")
    return tuple(kept.values())


def _size(kept: Mapping[str, str]) -> int:
    return len(strict_json.dumps_utf8(list(kept.values()))) + _BESIDES


def _marks(codes: JsonObject) -> Sequence[object]:
    marks = codes.get("marks")
    return marks if isinstance(marks, list) else ()
