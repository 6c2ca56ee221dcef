"""The table of states: complete, without a dead end, followed by the node and drawn in its documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from candour_agency.progress import state
from candour_agency.states import FINAL, TRANSITIONS, Event, State, Transition, after, document
from candour_protocol import wording

from tests.agency.rows import NOW, a_row

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

# What stands in a row once an event has happened to it.
_MARKS: dict[Event, dict[str, object]] = {
    Event.HELD: {"verdict": "held", "held_at": NOW},
    Event.REFUSED: {"verdict": "refused"},
    Event.PASSED: {"verdict": "passed"},
    Event.RELEASED: {"verdict": "passed", "settled_at": NOW},
    Event.SUSPENDED: {"suspended_at": NOW},
    Event.RESUMED: {"resumed_at": NOW + 1},
    Event.DELIVERED: {"delivered_at": NOW, "opened": "sound"},
    Event.ACKNOWLEDGED: {"acknowledged_at": NOW},
    Event.HANDED_ON: {"handed_on_at": NOW, "acknowledged_at": None, "acknowledged_by": None},
    Event.DECIDED: {"decided_at": NOW},
    Event.ANSWERED: {"answered_at": NOW},
    Event.OUTCOME: {"outcome_at": NOW},
    Event.CLOSED: {"closed_at": NOW},
    Event.LAPSED: {"lapsed_at": NOW},
    Event.WITHDRAWN: {"withdrawn_at": NOW},
    Event.ERASED: {"erased_at": NOW},
}
_WAYS = {
    State.QUEUED: (),
    State.SENT: (Event.TAKEN,),
    State.HELD: (Event.HELD,),
    State.PASSED: (Event.PASSED,),
    State.DELIVERED: (Event.PASSED, Event.DELIVERED),
    State.ACKNOWLEDGED: (Event.PASSED, Event.DELIVERED, Event.ACKNOWLEDGED),
    State.DECIDED: (Event.PASSED, Event.DELIVERED, Event.DECIDED),
    State.ANSWERED: (Event.PASSED, Event.DELIVERED, Event.ANSWERED),
    State.SUSPENDED: (Event.PASSED, Event.DELIVERED, Event.SUSPENDED),
}


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == document(), "write candour_agency.states.document() to docs/states.md"


def test_every_state_is_reached_and_none_but_an_end_is_without_a_way_out() -> None:
    reached = {State.QUEUED} | {one.end for one in TRANSITIONS}
    left = {one.start for one in TRANSITIONS}

    assert reached == set(State)
    assert set(State) - left == FINAL


def test_from_every_state_an_end_can_be_reached() -> None:
    ends = set(FINAL)
    while more := {one.start for one in TRANSITIONS if one.end in ends} - ends:
        ends |= more

    assert ends == set(State)


def test_one_event_leads_from_one_state_to_one_other() -> None:
    pairs = [(one.start, one.event) for one in TRANSITIONS]

    assert len(pairs) == len(set(pairs))
    assert {one.event for one in TRANSITIONS} == set(Event)


def test_people_have_words_for_every_state() -> None:
    assert set(wording.STATES) == {state.value for state in State}


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.start}-{row.event}")
def test_the_node_follows_every_row(row: Transition) -> None:
    before = _WAYS[row.start]
    marks = {name: value for event in (*before, row.event) for name, value in _MARKS.get(event, {}).items()}
    sent = Event.TAKEN in (*before, row.event)

    stands = state(a_row(**marks), NOW, sent=sent)

    # Going on again, a message is at once where its delivery has brought it.
    assert stands is (State.DELIVERED if row.event is Event.RESUMED else row.end)


@pytest.mark.parametrize("start", sorted(set(State)))
def test_what_the_table_does_not_know_changes_nothing(start: State) -> None:
    known = {one.event for one in TRANSITIONS if one.start is start}

    assert all(after(start, event) is start for event in Event if event not in known)


@pytest.mark.parametrize("end", [Event.CLOSED, Event.WITHDRAWN])
def test_what_is_ended_stays_so_when_its_outcome_is_told(end: Event) -> None:
    marks = {"verdict": "passed", "answered_at": NOW, **_MARKS[end], "outcome_at": NOW + 1}

    assert state(a_row(**marks), NOW, sent=True) is after(State.ANSWERED, end)
