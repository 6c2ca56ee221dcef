"""R06, the hard case of fishing: how often one asker may ask about one child. Domain R06, 5.2."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from candour_protocol.ids import ActorToken, AgencyId
from candour_protocol.rules import (
    Earlier,
    Outcome,
    judge_request,
)
from candour_protocol.rules.rehearsal import HOLDER, NOW

from tests.protocol.cases import a_policy, judged
from tests.protocol.test_rules_told import FIRST, JUNO, SECOND, a_concern, ask, told

_TXN = "01932f3a-0000-7000-8000-000000000000"


def _earlier(count: int, *, to: str | None = None, lines: int = 1, **changes: Any) -> tuple[Earlier, ...]:
    made = Earlier(HOLDER, _TXN, "DIRECT_CARE", lines, NOW - timedelta(days=1), 1, ())
    return tuple(
        replace(made, index=number, holder=AgencyId(f"{to}-{number}" if to else HOLDER), **changes)
        for number in range(1, count + 1)
    )


@pytest.mark.parametrize(("count", "outcome"), [(0, "passed"), (2, "passed"), (3, "held"), (14, "held")])
def test_fishing(count: int, outcome: str) -> None:
    assert judged(ask(told(), earlier=_earlier(count)))[0] == outcome


@pytest.mark.parametrize(("others", "outcome"), [(5, "passed"), (6, "held")])
def test_fishing_among_many_holders(others: int, outcome: str) -> None:
    asking = ask(told(), earlier=_earlier(others, to="somebody"), request={"purpose": "EARLY_HELP"})

    assert judged(asking)[0] == outcome


@pytest.mark.parametrize("purpose", ["TRIAGE", "STRATEGY"])
def test_a_round_of_checks_to_many_holders_is_no_fishing(purpose: str) -> None:
    asking = ask(told(), earlier=_earlier(20, to="somebody", purpose=purpose), request={"purpose": purpose})

    assert judged(asking) == ("passed", ())


@pytest.mark.parametrize(("lines", "outcome"), [(39, "passed"), (40, "held")])
def test_fishing_with_many_lines(lines: int, outcome: str) -> None:
    assert judged(ask(told(), earlier=_earlier(1, lines=lines)))[0] == outcome


@pytest.mark.parametrize(("days", "outcome"), [(28, "held"), (29, "passed")])
def test_fishing_is_counted_over_four_weeks(days: int, outcome: str) -> None:
    earlier = _earlier(3, at=NOW - timedelta(days=days))

    assert judged(ask(told(), earlier=earlier))[0] == outcome


def test_a_new_fact_is_no_fishing() -> None:
    assert judged(ask(told(index=4), earlier=_earlier(3))) == ("passed", ())
    assert judged(ask(told(refreshed_by=4), earlier=_earlier(3))) == ("passed", ())
    assert judged(ask(told(index=2), earlier=_earlier(14)))[0] == "held"


_THIN: dict[str, Any] = {
    "codes": a_concern(facts=[{"what": "n/a", "when": "2026-11-22", "basis": "OBSERVED"}])
}


@pytest.mark.parametrize(
    "around",
    [
        _THIN,
        _THIN | {"replied": True},
        _THIN | {"refreshed": True},
        {"rules": ("R02",)},
        {"opened": "thin"},
        {"opened": "mismatch"},
        {"codes": a_concern(subject=JUNO)},
        {"audience": AgencyId("the-lado")},
        {"live": False},
    ],
)
def test_what_is_nothing_new_to_the_holder_about_the_child_is_fishing(around: dict[str, Any]) -> None:
    newer = told(SECOND, index=4, **around)

    asking = ask(told(), newer, cites=(FIRST, SECOND), earlier=_earlier(3))

    assert judged(asking) == ("held", ("R06",))


def test_a_second_person_may_go_on_asking() -> None:
    assert judged(ask(told(), earlier=_earlier(3), second=ActorToken("B" * 21 + "A"))) == ("passed", ())


def test_a_rule_set_from_before_knows_no_fishing() -> None:
    before = a_policy().model_copy(update={"fishing": None})

    assert judge_request(ask(told(), earlier=_earlier(14)), before, [a_policy().id]).outcome is Outcome.PASSED
