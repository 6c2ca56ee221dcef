"""Whatever a gateway can say has its words for people."""

from __future__ import annotations

from candour_gateway import parties, verdict
from candour_gateway.clocks import Duty
from candour_protocol import wording


def test_everything_that_can_be_owed_is_said_in_words() -> None:
    assert set(wording.OWED) == {duty.value for duty in Duty}


def test_every_reason_that_is_no_rule_is_said_in_words() -> None:
    said = {parties.NOT_A_PARTY, parties.NOT_OPENED, parties.WITHDRAWN, parties.SUSPENDED}
    said |= {
        parties.SAME_DECIDER,
        parties.REASON_NEEDED,
        parties.NOT_TOLD,
        verdict.LATE,
        verdict.CLOCK,
        verdict.BARRED,
    }

    assert said <= set(wording.REASONS)
