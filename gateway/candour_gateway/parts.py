"""An answer that comes in parts: what is still open of a request, and by when it is due.

What falls due first counts. Source: domain 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.ids import GENERAL
from candour_protocol.kinds import AnswerCodes, RequestCodes
from candour_protocol.lines import Lines, pause_ends

from candour_gateway.casebook import Logged
from candour_gateway.clocks import Duty
from candour_gateway.effects import Answered, Effect, Owed, Reopened, Settled
from candour_gateway.instants import from_ms, to_ms
from candour_gateway.lanes import owed
from candour_gateway.matters import is_open, lines_of
from candour_gateway.verdict import Hearing


def answered(
    logged: Logged, codes: AnswerCodes, request: Logged, asked: RequestCodes, hearing: Hearing
) -> Iterator[Effect]:
    """A line that is sent back for more waits for the asker, once; the time of the others runs on."""
    opens = hearing.directory.opening(request.iss, GENERAL)
    until = pause_ends(asked.urgency, hearing.at, opens, hearing.policy)
    after = request.history.lines.answer(codes, to_ms(until))
    yield from _changed(request, asked, after, hearing)
    if not after.open(lines_of(asked)):
        yield Settled(request.index, request.hash, Duty.ANSWER, logged.index)


def told_more(request: Logged, hearing: Hearing) -> Iterator[Effect]:
    """Whoever asked has said more: what waited for that is due."""
    after = request.history.lines.say_more(to_ms(hearing.at))
    if isinstance(request.codes, RequestCodes) and after != request.history.lines:
        yield from _changed(request, request.codes, after, hearing)


def resumed(request: Logged, hearing: Hearing) -> Iterator[Effect]:
    """It rests on something again: its time begins anew, but not while it waits for the asker."""
    after = request.history.lines.resume(to_ms(hearing.at))
    if after != request.history.lines:
        yield Answered(request.index, request.hash, after)
    asked = lines_of(request.codes) if isinstance(request.codes, RequestCodes) else ()
    yield Reopened(_due(request, after.counts_from(asked), hearing))


def _changed(request: Logged, asked: RequestCodes, after: Lines, hearing: Hearing) -> Iterator[Effect]:
    yield Answered(request.index, request.hash, after)
    runs = is_open(request) and request.history.suspended_by is None
    before, now = (lines.counts_from(lines_of(asked)) for lines in (request.history.lines, after))
    if runs and now not in (None, before):
        yield Reopened(_due(request, now, hearing))


def _due(request: Logged, since: int | None, hearing: Hearing) -> Owed:
    return owed(request, Duty.ANSWER, hearing, since=None if since is None else from_ms(since))
