"""A picture turned into sentences and rows, so that the templates decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from candour_dashboard import ages, wording
from candour_dashboard.readings import Condition, Ledger, Owed, Picture, Proven, ServiceHealth


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as people say it (``text``), exactly (``title``) and for machines (``machine``)."""

    text: str
    title: str
    machine: str


@dataclass(frozen=True, slots=True)
class Banner:
    """``tone`` is one of ``good``, ``attention``, ``alarm``; ``label`` says the same without colour."""

    tone: str
    label: str
    title: str
    text: str
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class Stuck:
    title: str
    meaning: str
    waiting: int
    tone: str
    label: str
    oldest: Moment | None
    by: str
    to: str


@dataclass(frozen=True, slots=True)
class Debt:
    what: str
    by: str
    to: str
    urgency: str
    since: Moment
    due: Moment | None
    tone: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Returned:
    rule: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Log:
    counts: tuple[tuple[str, int], ...]
    banner: Banner


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    tone: str
    label: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    at: Moment
    banners: tuple[Banner, ...]
    known: bool
    stuck: tuple[Stuck, ...]
    debts: tuple[Debt, ...]
    more_debts: int
    returned: tuple[Returned, ...]
    log: Log | None
    services: tuple[Service, ...]


def present(picture: Picture, rule_titles: Mapping[str, str]) -> View:
    """Say what ``picture`` shows. Ages are counted to the picture's own moment."""
    ledger, now = picture.ledger, picture.at
    rows = () if ledger is None else _in_order_of_need(ledger.owed, now)
    return View(
        at=Moment(f"{now:%H:%M:%S} UTC", ages.exact(now), ages.machine(now)),
        banners=_banners(picture),
        known=ledger is not None,
        stuck=tuple(_stuck(*words, ledger, now) for words in wording.STUCK) if ledger else (),
        debts=tuple(_debt(one, now) for one in rows),
        more_debts=max(0, ledger.total - len(rows)) if ledger else 0,
        returned=_returned(ledger, rule_titles) if ledger else (),
        log=_log(ledger, picture.proven, now) if ledger else None,
        services=tuple(_service(one) for one in picture.services),
    )


def ago(instant: datetime, now: datetime) -> Moment:
    return Moment(ages.in_words(now - instant), ages.exact(instant), ages.machine(instant))


def _banners(picture: Picture) -> tuple[Banner, ...]:
    found = [_stuck_banner(picture.ledger, picture.at)] if picture.ledger else []
    if picture.proven.problem:
        found.insert(0, _log_alarm(picture.proven))
    if picture.gateway_problem:
        found.insert(0, _gateway_down(picture))
    return tuple(found)


def _gateway_down(picture: Picture) -> Banner:
    kept = "Each agency's own system keeps what is sent and passes it on when the gateway is back. "
    phone = "If a child may be at risk now, phone."
    if picture.ledger is None:
        text = f"Nothing is known yet: {picture.gateway_problem}. {kept}{phone}"
        return Banner("alarm", "No answer", "The gateway does not answer", text)
    text = f"{picture.gateway_problem}. {kept}{phone} Below is what was known last, "
    moment = ago(picture.ledger.at, picture.at)
    return Banner("alarm", "No answer", "The gateway does not answer", text, moment)


def _log_alarm(proven: Proven) -> Banner:
    text = f"{proven.problem}. Keep this page open, keep every receipt, and tell the partnership's lead now."
    return Banner("alarm", "Alarm", "The log does not prove what it claims", text)


def _stuck_banner(ledger: Ledger, now: datetime) -> Banner:
    late = {kind: ledger.late(kind, now) for kind in ledger.kinds}
    if not any(late.values()):
        return Banner("good", "In time", "No child's message is stuck", _all_in_time(ledger.total))
    first = min(ledger.owed, key=lambda one: one.due_at or now, default=None)
    if first is None or first.due_at is None:
        return Banner("alarm", "Late", _late_title(late), "Which ones could not be read.")
    text = f"The longest: {wording.owed(first.kind).lower()}, owed by {first.by} to {first.to}, late by "
    return Banner("alarm", "Late", _late_title(late), text, ago(first.due_at, now))


def _all_in_time(count: int) -> str:
    if count == 0:
        return "Nothing is owed."
    return f"{'One thing is' if count == 1 else f'{count:,} things are'} owed, and nothing is late."


def _late_title(late: Mapping[str, int]) -> str:
    """Whether something is stuck on its way comes before whether somebody is slow."""
    underway, all_late = late.get(wording.UNDERWAY, 0), sum(late.values())
    if underway:
        return f"Yes: {underway:,} {'has' if underway == 1 else 'have'} not arrived in time"
    return f"Everything arrived, but {all_late:,} {'waits' if all_late == 1 else 'wait'} too long since"


def _in_order_of_need(owed: Sequence[Owed], now: datetime) -> tuple[Owed, ...]:
    """Late first and latest first of all; then what is due soonest; what has no time last."""
    never = now + timedelta(days=36_500)
    return tuple(sorted(owed, key=lambda one: (one.due_at or never, one.since)))


def _stuck(kind: str, title: str, meaning: str, ledger: Ledger, now: datetime) -> Stuck:
    waiting, late, oldest = ledger.waiting(kind), ledger.late(kind, now), ledger.oldest.get(kind)
    tone, label = ("alarm", f"{late:,} late") if late else ("good", "In time" if waiting else "None")
    return Stuck(
        title=title,
        meaning=meaning,
        waiting=waiting,
        tone=tone,
        label=label,
        oldest=ago(oldest.since, now) if oldest else None,
        by=oldest.by if oldest else "",
        to=oldest.to if oldest else "",
    )


def _debt(one: Owed, now: datetime) -> Debt:
    tone, label = ("alarm", "Late") if one.is_late(now) else ("good", "In time")
    return Debt(
        what=wording.owed(one.kind),
        by=one.by,
        to=one.to,
        urgency=wording.urgency(one.urgency),
        since=ago(one.since, now),
        due=_due(one.due_at, now),
        tone=tone,
        label=label,
        message=one.message,
    )


def _due(due_at: datetime | None, now: datetime) -> Moment | None:
    if due_at is None:
        return None
    text = f"late by {ages.in_words(now - due_at)}" if due_at < now else f"in {ages.in_words(due_at - now)}"
    return Moment(text, ages.exact(due_at), ages.machine(due_at))


def _returned(ledger: Ledger, titles: Mapping[str, str]) -> tuple[Returned, ...]:
    counted = [(rule, count) for rule, count in ledger.returned_by_rule.items() if count]
    return tuple(
        Returned(rule, titles.get(rule) or wording.reason(rule), count)
        for rule, count in sorted(counted, key=lambda pair: (-pair[1], pair[0]))
    )


def _log(ledger: Ledger, proven: Proven, now: datetime) -> Log:
    verdicts = [(words, ledger.verdicts.get(code, 0)) for code, words in wording.VERDICTS]
    counts = (("Entries", ledger.entries), *verdicts, (wording.UNFIT, ledger.incidents))
    return Log(counts=counts, banner=_proof(proven, now))


def _proof(proven: Proven, now: datetime) -> Banner:
    if proven.problem:
        return Banner("alarm", "Alarm", "Does not verify", proven.problem)
    if proven.at is None:
        return Banner("attention", "Not checked", "Not checked yet", "No checkpoint could be read.")
    text = (
        f"{proven.size:,} entries, signed by the log's key; nothing changed or removed"
        f" since this page first saw {proven.since_size:,}. Checked "
    )
    return Banner("good", "Verified", f"Verified up to {proven.size:,}", text, ago(proven.at, now))


def _service(one: ServiceHealth) -> Service:
    tones = {Condition.WELL: "good", Condition.WARNING: "attention"}
    return Service(
        name=one.name,
        tone=tones.get(one.condition, "alarm"),
        label=wording.CONDITION[one.condition],
        reasons=one.reasons,
    )
