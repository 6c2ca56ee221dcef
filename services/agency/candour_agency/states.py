"""Where a message can stand, and what moves it: one table, from which the node, its documentation and its
tests are made. Pure. Source: protocol section 10, domain 4.1 and 4.2.

A message has no other life than this table: ``after`` follows it, ``document`` draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from candour_protocol import wording


class State(StrEnum):
    """One word for where a message stands."""

    QUEUED = "queued"
    SENT = "sent"
    HELD = "held"
    REFUSED = "refused"
    PASSED = "passed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    DECIDED = "decided"
    ANSWERED = "answered"
    CLOSED = "closed"
    LAPSED = "lapsed"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What can happen to a message."""

    TAKEN = "taken"
    HELD = "held"
    REFUSED = "refused"
    PASSED = "passed"
    RELEASED = "released"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    HANDED_ON = "handed-on"
    DECIDED = "decided"
    ANSWERED = "answered"
    OUTCOME = "outcome"
    CLOSED = "closed"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


WHO: Final[Mapping[Event, str]] = {
    Event.TAKEN: "the courier has taken it",
    Event.HELD: "the gateway: it wants a second person",
    Event.REFUSED: "the gateway: a rule sends it back",
    Event.PASSED: "the gateway: it passed, perhaps with a mark",
    Event.RELEASED: "a second person, or somebody with whom its concern is lodged, approves it",
    Event.SUSPENDED: "the gateway: what it rests on was corrected",
    Event.RESUMED: "the correction is applied, or the concern was told anew",
    Event.DELIVERED: "the recipient's node has it",
    Event.ACKNOWLEDGED: "a named person at the recipient has it",
    Event.HANDED_ON: "its recipient hands it to a colleague, who is yet to say that they have it",
    Event.DECIDED: "the recipient of a concern says what will be done",
    Event.ANSWERED: (
        "the recipient answers a request, has somebody else decide again or say why it stands, explains, or "
        "cannot apply a correction"
    ),
    Event.OUTCOME: "who asked tells what came of it",
    Event.CLOSED: "either party ends the matter, or a later message took its place",
    Event.LAPSED: "nobody approved it within seven days, or it was not needed",
    Event.WITHDRAWN: "its author takes it back",
    Event.ERASED: "what it said is deleted: its time is over, or everybody who had it agreed",
}
"""Who or what brings each about, as the documentation says it."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table."""

    start: State
    event: Event
    end: State


def _rows(starts: Iterable[State], event: Event, end: State) -> list[Transition]:
    return [Transition(start, event, end) for start in starts]


_ON_ITS_WAY = (State.QUEUED, State.SENT)
_THERE = (State.PASSED, State.DELIVERED, State.ACKNOWLEDGED)
# The couriers promise no order: what a recipient says can be here before the receipt is.
_EARLY = (*_ON_ITS_WAY, State.HELD)
_UNDECIDED = (*_EARLY, *_THERE, State.SUSPENDED)
_OPEN = (*_UNDECIDED, State.DECIDED, State.ANSWERED)

TRANSITIONS: Final[tuple[Transition, ...]] = (
    *_rows((State.QUEUED,), Event.TAKEN, State.SENT),
    *_rows(_ON_ITS_WAY, Event.HELD, State.HELD),
    *_rows(_ON_ITS_WAY, Event.REFUSED, State.REFUSED),
    *_rows(_ON_ITS_WAY, Event.PASSED, State.PASSED),
    *_rows((State.HELD,), Event.RELEASED, State.PASSED),
    *_rows(_THERE, Event.SUSPENDED, State.SUSPENDED),
    *_rows((State.SUSPENDED,), Event.RESUMED, State.PASSED),
    *_rows((*_EARLY, State.PASSED), Event.DELIVERED, State.DELIVERED),
    *_rows((*_EARLY, State.PASSED, State.DELIVERED), Event.ACKNOWLEDGED, State.ACKNOWLEDGED),
    *_rows((State.ACKNOWLEDGED,), Event.HANDED_ON, State.DELIVERED),
    *_rows(_UNDECIDED, Event.DECIDED, State.DECIDED),
    *_rows(_UNDECIDED, Event.ANSWERED, State.ANSWERED),
    *_rows(_OPEN, Event.OUTCOME, State.CLOSED),
    *_rows(_OPEN, Event.CLOSED, State.CLOSED),
    *_rows(_EARLY, Event.LAPSED, State.LAPSED),
    *_rows(_OPEN, Event.WITHDRAWN, State.WITHDRAWN),
    *_rows(_OPEN, Event.ERASED, State.CLOSED),
)

FINAL: Final = frozenset({State.REFUSED, State.CLOSED, State.LAPSED, State.WITHDRAWN})
"""Where a message stays. What is still to be said is said in another: mended, asked again, told anew."""

_NEXT: Final = {(one.start, one.event): one.end for one in TRANSITIONS}


def after(state: State, event: Event) -> State:
    """Where a message stands after an event; where the table has no row, nothing changes."""
    return _NEXT.get((state, event), state)


# -- the documentation -------------------------------------------------------------------------------

_HEAD: Final = """\
# Where a message stands

The `state` of a message, and what moves it. This page is made from `candour_agency.states`, the table that
the node itself follows; a test holds them together.

"""
_FOOT: Final = """
What takes a message back can arrive before it: it takes effect once that comes. After `resumed` a message
goes on at once to where it stood before. A request is `answered` once every line has an outcome; while a line
waits for more detail it stays where it was. `refused`, `closed`, `lapsed` and `withdrawn` are ends: mend what
was returned and send it as a new message, ask again, or tell the concern anew. A closure that is
challenged, and that somebody else decides again, is undone: the matter stands where it would stand without
it. Whoever withdraws or closes a request that was answered still tells what came of it; that moves nothing
any more. What is handed on after it was decided or answered stays so, and stands in the open worklist until
the colleague has it. A challenge is answered by another decision, answer, outcome, transfer or correction of
somebody else; of the last three also by a second person's reply to the challenge that says why it stands.
"""


def diagram() -> str:
    """The table as a Mermaid state diagram; rows with one event between the same states are drawn once."""
    lines = ["stateDiagram-v2", "    [*] --> queued: sent by us", "    [*] --> delivered: received by us"]
    lines += [f"    {one.start} --> {one.end}: {one.event}" for one in TRANSITIONS if one.start not in _EARLY]
    lines += [f"    {one.start} --> {one.end}: {one.event}" for one in TRANSITIONS if _is_drawn_early(one)]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in State if state in FINAL)])


def _is_drawn_early(one: Transition) -> bool:
    """Of the early states only their usual ways: nobody can read a drawing of every overtaking."""
    usual = {Event.TAKEN, Event.HELD, Event.REFUSED, Event.PASSED, Event.RELEASED, Event.LAPSED}
    return one.start in _EARLY and (one.event in usual or one.event is Event.WITHDRAWN)


def document() -> str:
    """The whole page, ``docs/states.md``."""
    states = [f"| `{state}` | {wording.STATES[state]} | {_ways(state)} |" for state in State]
    events = [f"| `{event}` | {WHO[event]} |" for event in Event]
    return (
        "\n".join(
            [
                _HEAD + "```mermaid",
                diagram(),
                "```",
                "",
                "| `state` | people read | goes on by |",
                "|---|---|---|",
                *states,
                "",
                "| what happens | by whom |",
                "|---|---|",
                *events,
                _FOOT,
            ]
        ).rstrip("\n")
        + "\n"
    )


def _ways(state: State) -> str:
    ways = [f"`{one.event}` → `{one.end}`" for one in TRANSITIONS if one.start is state]
    return ", ".join(ways) or "an end"
