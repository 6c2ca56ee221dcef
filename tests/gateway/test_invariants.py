"""INV-3, INV-5 and INV-6 over random journeys, judged without a database. Source: protocol section 4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from candour_gateway.casebook import Casebook
from candour_gateway.directory import Directory
from candour_gateway.effects import Effect, Opened, Routed
from candour_gateway.screening import matched
from candour_gateway.sitting import Heard, Sitting
from candour_gateway.verdict import Submission
from candour_protocol.ids import AgencyId
from candour_protocol.kinds import Codes, RequestCodes
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import load_policy
from candour_protocol.statement import Issued, parse
from candour_protocol.strict_json import JsonValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.directories import directory_of
from tests.gateway.partnership import CSC, GP, POLICY, SCHOOL, START, Partnership, TestClock, attested

POLICY_IN_FORCE = load_policy(POLICY)
_THIN: JsonValue = attested("R02", "R03", "R13", failing=("R02",))


@cache
def _founded() -> tuple[Partnership, Directory]:
    partnership = Partnership(Path(mkdtemp()), TestClock())
    partnership.settings()
    return partnership, directory_of(partnership)


@dataclass
class Journey:
    """Statements made so far, and what the gateway came to."""

    book: Casebook = field(default_factory=Casebook)
    made: list[Issued] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def hear(self, issued: Issued, minutes: int) -> None:
        """Each statement in a batch of its own."""
        _, directory = _founded()
        at = START + timedelta(minutes=minutes)
        sitting = Sitting(len(self.heard) + 100, at, self.book, directory, POLICY_IN_FORCE)
        sitting.hear(matched(issued.statement, issued.body))
        self.made.append(issued)
        self.heard += sitting.heard
        self.effects += sitting.effects


Move = tuple[str, int, int]
_PARTIES = (GP, SCHOOL, CSC)
_MOVES = ("concern", "thin", "request", "emergency", "deliver", "answer", "approve", "pay", "reply", "again")


def _make(move: Move, journey: Journey) -> Issued | None:
    """What somebody does next; None where there is nothing to do it to."""
    name, first, second = move
    partnership, _ = _founded()
    frm, to = _PARTIES[first % 3], _PARTIES[(first + 1 + second % 2) % 3]
    earlier = journey.made[second % len(journey.made)] if journey.made else None
    if name in ("concern", "thin"):
        codes = {"checks": _THIN} if name == "thin" else {}
        return partnership.concern(frm, to, **codes)
    if name == "emergency":
        return partnership.emergency(frm, to)
    if earlier is None:
        return None
    return _ABOUT[name](partnership, earlier, frm, to)


_ABOUT: dict[str, Callable[[Partnership, Issued, AgencyId, AgencyId], Issued]] = {
    "request": lambda p, of, frm, to: p.request([of.statement.hash], of.statement.claims.iss, _other(of, to)),
    "deliver": lambda p, of, frm, to: p.delivery(of, frm=frm),
    "answer": lambda p, of, frm, to: p.answer(of),
    "approve": lambda p, of, frm, to: p.approval(of),
    "pay": lambda p, of, frm, to: p.concern(frm, to, pays_back=of.statement.hash),
    "reply": lambda p, of, frm, to: p.say(Kind.REPLY, frm, to, {}, irt=of.statement.hash),
    "again": lambda p, of, frm, to: of,
}


def _other(of: Issued, to: AgencyId) -> AgencyId:
    aud = of.statement.claims.aud
    return aud if aud in _PARTIES else to


_moves = st.lists(
    st.tuples(st.sampled_from(_MOVES), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=14
)
_patiently = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _travelled(moves: Sequence[Move]) -> Journey:
    journey = Journey()
    for minute, move in enumerate(moves):
        issued = _make(move, journey)
        if issued is not None:
            journey.hear(issued, minute)
    return journey


@_patiently
@given(_moves)
def test_an_answer_is_routed_only_under_an_opened_request_whose_concerns_were_opened(
    moves: list[Move],
) -> None:
    """INV-5."""
    journey = _travelled(moves)

    opened_by = {effect.name: effect.by for effect in reversed(journey.effects) if isinstance(effect, Opened)}
    routed = {effect.name for effect in journey.effects if isinstance(effect, Routed)}
    for heard in journey.heard:
        if heard.logged.kind is Kind.ANSWER and heard.logged.hash in routed:
            request = journey.book.find(heard.logged.irt)
            assert request is not None
            assert request.hash in routed
            assert isinstance(request.codes, RequestCodes)
            for name in (request.hash, *request.codes.concern_refs):
                assert opened_by[name] < heard.logged.index


@_patiently
@given(_moves)
def test_only_what_passed_or_was_approved_is_routed(moves: list[Move]) -> None:
    """Nothing that was refused, and nothing that is still held, ever leaves."""
    journey = _travelled(moves)

    approved = {heard.logged.index for heard in journey.heard if heard.logged.kind is Kind.APPROVAL}
    for effect in journey.effects:
        if isinstance(effect, Routed):
            logged = journey.book.find(effect.name)
            assert logged is not None
            held = logged.verdict.value == "held" and effect.route.approval in approved
            assert held or logged.verdict.value in ("passed", "flagged")


@_patiently
@given(_moves)
def test_judging_again_gives_the_same_verdicts_and_effects(moves: list[Move]) -> None:
    """INV-6: a function of the log and T1, whatever else the process remembers."""
    journey = _travelled(moves)
    _, directory = _founded()
    book, effects = Casebook(), []

    for heard in journey.heard:
        sitting = Sitting(heard.logged.index, heard.logged.at, book, directory, POLICY_IN_FORCE)
        again = sitting.hear(_from_log(heard))
        assert isinstance(again, Heard)
        assert again.verdict == heard.verdict
        effects += sitting.effects

    assert effects == journey.effects


def _from_log(heard: Heard) -> Submission:
    """All that is left of a statement: its JWT and its codes."""
    codes: Codes | None = heard.logged.codes
    return Submission(parse(heard.submission.statement.jwt), heard.submission.body, codes)


@_patiently
@given(_moves)
def test_no_concern_that_is_no_relay_is_refused_or_held(moves: list[Move]) -> None:
    """INV-2, as the gateway does it."""
    journey = _travelled(moves)

    for heard in journey.heard:
        if heard.logged.kind is Kind.CONCERN:
            assert heard.verdict.passes
