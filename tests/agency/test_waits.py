"""How long it takes until the same bytes go out again."""

from __future__ import annotations

from candour_agency.outbox import pause_after
from candour_protocol.transport.port import PublishResult


def test_what_no_courier_has_taken_is_tried_again_within_seconds_however_long_that_lasts() -> None:
    away = [pause_after(tries, PublishResult.UNKNOWN).total_seconds() for tries in (0, 1, 3, 4, 1000)]
    taken = [pause_after(tries, PublishResult.CONFIRMED).total_seconds() for tries in (0, 1, 8, 9, 1000)]

    assert away == [1, 2, 8, 15, 15]
    assert taken == [1, 2, 256, 300, 300]
