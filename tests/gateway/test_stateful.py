"""Random agencies take random steps with every kind of statement; what must never happen does not. Section 4.

Judged without a database, so that there are many steps; the other tests judge again what went through
the real tables. CANDOUR_RANDOM_RUNS is how many runs are made, of up to 40 steps each.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect, Notified, Opened, Reopened
from candour_gateway.matters import above, is_open
from candour_gateway.parties import lodgees_of
from candour_gateway.replay import judge_again
from candour_gateway.sitting import Heard, Sitting
from candour_gateway.verdict import Submission
from candour_protocol.ids import REGISTRAR, AgencyId, parse_address
from candour_protocol.kinds import Codes, ConcernCodes, NoticeCodes, Pattern, RequestCodes
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import parse
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.gateway.random_steps import PEOPLE, RULE_SET, THREADS, Steps

RUNS = int(os.environ.get("CANDOUR_RANDOM_RUNS", "50"))


class Exchange(Steps):
    """What holds after each step, and at the end of all."""

    def __init__(self) -> None:
        super().__init__()
        self._settled: dict[tuple[int, str], int] = {}
        self._looked_at = 0

    @invariant()
    def no_concern_that_is_no_relay_is_refused_or_held(self) -> None:
        """INV-2."""
        for heard in self.heard:
            codes = heard.logged.codes
            if isinstance(codes, ConcernCodes) and codes.relays is None:
                assert heard.verdict.passes

    @invariant()
    def an_answer_goes_out_only_under_an_opened_request_whose_concerns_were_opened(self) -> None:
        """INV-5."""
        opened = {each.name: each.by for each in reversed(self.effects) if isinstance(each, Opened)}
        for answer in (each for each in self.routed() if each.kind is Kind.ANSWER):
            request = self.book.find(answer.irt)
            assert request is not None
            assert request.passes
            if request.is_erased:
                continue
            assert isinstance(request.codes, RequestCodes)
            assert all(opened[name] < answer.index for name in (request.hash, *request.codes.concern_refs))

    @invariant()
    def marks_are_never_lowered(self) -> None:
        for copy in self.routed():
            if isinstance(copy.codes, ConcernCodes) and copy.codes.relays is not None:
                for original in above(copy, self.book):
                    if original.is_erased:
                        break
                    assert isinstance(original.codes, ConcernCodes)
                    assert set(original.codes.marks) <= set(copy.codes.marks)
                    assert "NO_ONWARD" not in original.codes.marks

    @invariant()
    def what_is_owed_is_open_or_settled_and_every_request_has_a_way_out(self) -> None:
        for logged in self.routed():
            if logged.kind is Kind.CONCERN:
                assert {(logged.index, "decision"), (logged.index, "acknowledgement")} <= set(
                    self.ledger.owed
                )
            if logged.kind is not Kind.REQUEST:
                continue
            waits = logged.history.suspended_by is not None
            assert (logged.index, "answer") in self.ledger.open or waits or not is_open(logged)

    @invariant()
    def what_is_settled_is_settled_once_until_it_is_owed_again(self) -> None:
        new = self.effects[self._looked_at :]
        anew = {(each.owed.index, each.owed.duty.value) for each in new if isinstance(each, Reopened)}
        for duty, by in self._settled.items():
            assert self.ledger.settled.get(duty) == by or duty in anew
        for duty, by in self.ledger.settled.items():
            assert duty in self.ledger.owed
            assert by >= duty[0]
        self._settled, self._looked_at = dict(self.ledger.settled), len(self.effects)

    @invariant()
    def what_is_held_waits_for_somebody_or_has_gone_on(self) -> None:
        for heard in self.heard:
            if heard.logged.kind is Kind.REQUEST and heard.verdict.outcome.value == "held":
                waiting = (heard.logged.index, Duty.APPROVAL.value) in self.ledger.open
                request = self.book.find(heard.logged.hash)
                assert request is not None
                assert waiting != (request.passes or request.history.is_unsaid or request.is_erased)

    @invariant()
    def nobody_outside_the_parties_learns_anything(self) -> None:
        for logged in self.routed():
            codes = logged.codes
            if not isinstance(codes, NoticeCodes) or not isinstance(codes.about, str):
                continue
            about = self.said.find(codes.about)
            assert about is not None
            assert logged.aud in {about.iss, about.aud, *_lodged(about, self.said)}

    @invariant()
    def of_what_is_erased_nothing_is_left_and_nothing_is_owed(self) -> None:
        for heard in self.heard:
            logged = self.book.find(heard.logged.hash)
            assert logged is not None
            if logged.is_erased:
                assert logged.codes is None
                assert not {duty for index, duty in self.ledger.open if index == logged.index}
                assert self._author_or_registrar(logged)

    def _author_or_registrar(self, erased: Logged) -> bool:
        by = self.book.at(erased.history.erased_by)
        return by is not None and erased.hash in by.erases and by.iss in (erased.iss, REGISTRAR)

    @invariant()
    def patterns_are_shown_to_social_care_alone(self) -> None:
        told = [each for each in self.effects if isinstance(each, Notified) and each.notice == "pattern"]
        assert {each.to for each in told if isinstance(each.about, Pattern)} <= {CSC}
        for each in told:
            if isinstance(each.about, str):  # what one agency asks about an adult (R06)
                request = self.book.find(each.about)
                assert request is not None
                assert each.to in (request.iss, request.aud)

    def teardown(self) -> None:
        """INV-6: the log and T1 alone give the same verdicts, and the same ledger."""
        book, effects = Casebook(), list[Effect]()
        for heard in self.heard:
            sitting = Sitting(heard.logged.index, heard.logged.at, book, self.directory, RULE_SET)
            again = sitting.hear(_from_log(heard))
            assert isinstance(again, Heard)
            assert again.verdict == heard.verdict
            effects += sitting.effects
        assert list(map(_unnamed, effects)) == list(map(_unnamed, self.effects))
        self._judge_what_is_left()

    def _judge_what_is_left(self) -> None:
        """The same verdicts once more, now that what was erased is gone."""
        book = Casebook()
        for heard in self.heard:
            sitting = Sitting(heard.logged.index, heard.logged.at, book, self.directory, RULE_SET)
            kept = self.book.find(heard.logged.hash)
            left = replace(_from_log(heard), codes=kept.codes if kept else None)
            logged = (heard.verdict.outcome.value, heard.verdict.rules)
            assert judge_again(left, sitting, logged) in (None, logged)


def _unnamed(effect: Effect) -> Effect:
    """A pattern's notice opens a thread of its own, which is named at random."""
    if isinstance(effect, Notified) and isinstance(effect.about, Pattern):
        return replace(effect, txn="")
    return effect


def _lodged(about: Logged, book: Casebook) -> set[AgencyId]:
    withheld = about.codes.withheld if isinstance(about.codes, ConcernCodes) else None
    kept = {parse_address(withheld.kept_from).agency} if withheld and withheld.kept_from else set[AgencyId]()
    return kept | set(lodgees_of(about, book))


def _from_log(heard: Heard) -> Submission:
    """All that is left of a statement: its JWT and its codes."""
    codes: Codes | None = heard.logged.codes
    return Submission(parse(heard.submission.statement.jwt), heard.submission.body, codes)


def test_a_stranger_may_cite_what_was_corrected_by_something_that_is_gone() -> None:
    state = Exchange()
    state.tell(frm=GP, to=CSC, txn=THREADS[0], other=False, thin=False, marks=0, held=0)
    state.correct(choice=0, kind="WRONG_CHILD", actor=PEOPLE[0])
    [correction] = [at for at, each in enumerate(state.made) if each.statement.claims.kind is Kind.CORRECTION]
    state.erase_early(choice=correction, agree=True, agreeing=PEOPLE[0])

    state.ask(frm=SCHOOL, to=POLICE, choice=0, own=False)

    assert ("refused", ("R01", "R14")) in [(each.verdict.outcome, each.verdict.rules) for each in state.heard]
    state.teardown()


Exchange.TestCase.settings = settings(
    max_examples=RUNS,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestExchange = pytest.mark.timeout(max(600, 3 * RUNS))(Exchange.TestCase)
