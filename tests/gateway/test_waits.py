"""How long until the next copy is sent."""

from __future__ import annotations

from candour_gateway.routing import LONGEST, wait_after


def test_the_waits_double_from_a_second_to_five_minutes_with_some_jitter() -> None:
    waits = [wait_after(attempts, index=7) for attempts in (1, 2, 3, 9, 10, 100)]

    assert [round(wait.total_seconds()) for wait in waits[:3]] == [1, 2, 4]
    assert all(LONGEST <= wait <= LONGEST * 1.1 for wait in waits[4:])
    assert wait_after(20, index=1) != wait_after(20, index=2)
