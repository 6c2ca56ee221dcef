"""An answer that comes in parts: how far a request is answered, as the log has it. Pure.

Read from all that was said about it, as the couriers promise no order. Source: domain 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from candour_protocol.ids import GENERAL
from candour_protocol.kinds import AnswerCodes, Kind, RequestCodes
from candour_protocol.lines import Lines, pause_ends

from candour_agency.directory import Directory
from candour_agency.matters import read_codes
from candour_agency.messages import Message
from candour_agency.moments import from_ms, to_ms


def columns(said: Iterable[Message], request: Message, directory: Directory) -> Mapping[str, int]:
    """What stands at a request by every answer and every word of its asker's about it.

    It is answered once each line that was asked for has an outcome; to be sent back for more is none.
    """
    asker = request.counterparty if request.received else directory.agency

    def until(at: int) -> int:
        opens = directory.opening(asker, GENERAL)
        return to_ms(pause_ends(request.urgency, from_ms(at), opens, directory.policy))

    standing = (one for one in said if one.received or one.unlocks)
    return _folded(sorted(standing, key=_at), request, _asked(request), until)


def _folded(
    said: Iterable[Message], request: Message, asked: frozenset[int], until: Callable[[int], int]
) -> Mapping[str, int]:
    lines, found = Lines(), dict[str, int]()
    for one in said:
        at, codes = _at(one), read_codes(one)
        if one.kind is Kind.REPLY and one.direction is request.direction:
            found |= {"reopened_at": at} if lines.is_waiting(asked, at) else {}
            lines = lines.say_more(at)
        if isinstance(codes, AnswerCodes):
            found |= {"more_at": at} if lines.wanted(codes) else {}
            lines = lines.answer(codes, until(at))
            if not lines.open(asked):
                found.setdefault("answered_at", at)
    begins = lines.counts_from(asked)
    return found if begins is None else found | {"begins_at": begins}


def _asked(request: Message) -> frozenset[int]:
    codes = read_codes(request)
    return frozenset(one.line for one in codes.asked) if isinstance(codes, RequestCodes) else frozenset()


def _at(message: Message) -> int:
    return message.logged_at or message.made_at
