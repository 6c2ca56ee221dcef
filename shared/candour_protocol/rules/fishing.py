"""R06: no fishing; and whoever answered last hears what came of it before they are asked what can wait.

Source: domain R06 and 4.2, protocol section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from candour_protocol.codes import Urgency
from candour_protocol.policy import Fishing, Policy
from candour_protocol.rules.facts import Ask, Earlier
from candour_protocol.rules.judgement import Severity, Violation
from candour_protocol.rules.told import newest_fact

Unit = tuple[str, str]
_CAN_WAIT = (Urgency.GREEN.value, Urgency.BLUE.value)


def r06_no_fishing(ask: Ask, policy: Policy) -> Iterator[Violation]:
    """Hold a request that one concern has already supported often enough, until a second person signs it."""
    limits = policy.fishing
    if limits is None or ask.emergency or ask.second_signed:
        return
    yield from _silent_about_the_last(ask)
    since = ask.at - timedelta(days=limits.window_days)
    earlier = [each for each in ask.earlier if each.at >= since]
    newest = newest_fact(ask, policy)
    rounds = [each for each in earlier if each.holder == ask.holder and each.index > newest]
    if len(rounds) >= limits.requests_per_holder:
        yield Violation("R06", "/concern_ids", Severity.HOLD, str(len(rounds)))
    lines = len(ask.codes.asked) + sum(each.lines for each in rounds)
    if lines > limits.lines:
        yield Violation("R06", "/lines", Severity.HOLD, str(lines))
    units = {_unit(each, limits) for each in earlier} | {_unit(_as_earlier(ask), limits)}
    if len(units) > limits.holders:
        yield Violation("R06", "/recipients", Severity.HOLD, str(len(units)))


def _silent_about_the_last(ask: Ask) -> Iterator[Violation]:
    """Reciprocity runs both ways: a holder that answered hears what came of it before it is asked again."""
    if ask.codes.urgency not in _CAN_WAIT:
        return
    owed = [each for each in ask.earlier if each.holder == ask.holder and _is_overdue(each, ask)]
    for place, name in enumerate(ask.codes.concern_refs):
        if any(name in each.concerns for each in owed):
            yield Violation("R06", f"/concern_ids/{place}", Severity.HOLD)


def _is_overdue(earlier: Earlier, ask: Ask) -> bool:
    return earlier.outcome_due is not None and earlier.outcome_due < ask.at


def _unit(each: Earlier, limits: Fishing) -> Unit:
    """A round of a statutory check to many holders counts as one."""
    round_of = each.purpose in {purpose.value for purpose in limits.round_purposes}
    return (each.purpose or "", each.txn) if round_of else ("", each.holder)


def _as_earlier(ask: Ask) -> Earlier:
    codes = ask.codes
    return Earlier(ask.holder, codes.txn, codes.purpose, len(codes.asked), ask.at, 0, ())
