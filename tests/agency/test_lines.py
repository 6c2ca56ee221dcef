"""What waits to leave a node: in which order, and how much of it at a time."""

from __future__ import annotations

from candour_agency.lines import BODIES, LEAST, SLOT, WINDOW, Line, Lines, line_of
from candour_agency.store.outbox import Due
from candour_protocol.ids import Jti
from candour_protocol.transport.topology import submit_key

NOW = 100.0


def lines(*standing: tuple[str, Line]) -> Lines:
    lines = Lines()
    for name, line in standing:
        lines.join(Jti(name), line)
    return lines


def backlog(count: int) -> Lines:
    return lines(*((f"{number}", Line.ORDINARY) for number in range(count)))


def taken(lines: Lines, most: int = 1000, now: float = NOW) -> list[str]:
    return [place.jti for place in lines.take(most, now)]


def test_urgent_leaves_first_and_what_tells_a_sender_of_its_statement_next() -> None:
    waiting = lines(("told", Line.ORDINARY), ("came", Line.DELIVERY), ("red", Line.URGENT))

    assert taken(waiting) == ["red", "came", "told"]


def test_a_submission_stands_where_its_routing_key_says() -> None:
    assert line_of(submit_key("hill-school", "concern", urgent=True)) is Line.URGENT
    assert line_of(submit_key("hill-school", "delivery", urgent=True)) is Line.URGENT
    assert line_of(submit_key("hill-school", "delivery", urgent=False)) is Line.DELIVERY
    assert line_of(submit_key("hill-school", "concern", urgent=False)) is Line.ORDINARY


def test_a_backlog_leaves_no_faster_than_it_is_answered() -> None:
    waiting = backlog(WINDOW + 2)

    first = taken(waiting)
    before = taken(waiting)
    waiting.answered(Jti("0"), NOW)
    after = taken(waiting)

    assert len(first) == WINDOW
    assert (before, after) == ([], [f"{WINDOW}"])


def test_fewer_are_under_way_while_answers_are_slow_and_more_again_when_they_are_not() -> None:
    waiting = backlog(1000)
    at = NOW

    def under_way(seconds: float) -> int:
        """How many leave together, after so many rounds of answers that took this long."""
        nonlocal at
        for _ in range(20):
            left = waiting.take(1000, at)
            at += seconds
            for place in left:
                waiting.answered(place.jti, at)
        left = waiting.take(1000, at)
        for place in left:
            waiting.answered(place.jti, at + seconds)
        return len(left)

    assert (under_way(0.02), under_way(0.5), under_way(0.02)) == (WINDOW, int(LEAST), WINDOW)


def test_an_urgent_statement_waits_for_no_backlog() -> None:
    waiting = backlog(WINDOW + 2)
    taken(waiting)

    waiting.join(Jti("red"), Line.URGENT)

    assert taken(waiting) == ["red"]


def test_an_answer_that_was_lost_holds_the_line_up_for_a_while_only() -> None:
    waiting = backlog(WINDOW + 2)
    taken(waiting)

    assert waiting.next_turn(NOW + 1) == SLOT - 1
    assert taken(waiting, now=NOW + SLOT) == [f"{WINDOW}", f"{WINDOW + 1}"]


def test_what_is_sent_again_needs_no_further_room() -> None:
    waiting = backlog(WINDOW)
    taken(waiting)

    waiting.join(Jti("5"), Line.ORDINARY)

    assert waiting.next_turn(NOW) == 0
    assert taken(waiting) == ["5"]


def test_what_is_settled_while_it_stands_in_line_takes_nobodys_place() -> None:
    waiting = backlog(2 * WINDOW)

    for number in range(WINDOW):
        waiting.settled(Jti(f"{number}"))

    assert taken(waiting) == [f"{number}" for number in range(WINDOW, 2 * WINDOW)]


def test_a_statement_stands_in_line_once() -> None:
    assert taken(lines(("told", Line.ORDINARY), ("told", Line.ORDINARY))) == ["told"]


def test_no_more_than_so_many_bodies_are_kept_in_memory() -> None:
    waiting = Lines()
    for number in range(BODIES + 10):
        waiting.join(Jti(f"{number}"), Line.ORDINARY, Due(Jti(f"{number}"), "key", b"body"))
    kept = 0
    while places := waiting.take(10, NOW):
        kept += sum(place.due is not None for place in places)
        for place in places:
            waiting.answered(place.jti, NOW)

    assert kept == BODIES
