"""Random agencies take random steps with every kind of statement; what must never happen does not. Section 4.

Judged without a database, so that there are many steps; the other tests judge again what went through
the real tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from candour_gateway import keyring
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.clocks import Duty
from candour_gateway.directory import Directory
from candour_gateway.effects import Effect, Notified, Opened, Routed
from candour_gateway.matters import above, is_open
from candour_gateway.notices import Herald
from candour_gateway.parties import lodgees_of
from candour_gateway.replay import Replayed, judge_again
from candour_gateway.screening import matched
from candour_gateway.sitting import Heard, Sitting
from candour_gateway.verdict import Submission
from candour_protocol import erasures
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, Txn, parse_address, sha256_text
from candour_protocol.kinds import Codes, ConcernCodes, NoticeCodes, RequestCodes
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import load_policy
from candour_protocol.registry import Registry
from candour_protocol.statement import Body, Issued, parse
from candour_protocol.strict_json import JsonObject, JsonValue
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.gateway.partnership import (
    CHILD,
    CSC,
    GP,
    NET,
    OTHER_CHILD,
    POLICE,
    POLICY,
    SCHOOL,
    START,
    Partnership,
    TestClock,
    a_txn,
    an_actor,
    attested,
)

SHOWN = POLICY.replace(b"shown = false", b"shown = true")
RULE_SET = load_policy(SHOWN)
PARTIES = (GP, SCHOOL, CSC, POLICE)
PEOPLE = tuple(an_actor() for _ in range(3))
THREADS = tuple(a_txn() for _ in range(3))
_SOUND: JsonValue = attested("R02", "R03", "R13", ruleset=RULE_SET.id)
_THIN: JsonValue = attested("R02", "R03", "R13", failing=("R02",), ruleset=RULE_SET.id)
_ASKED: JsonValue = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13", ruleset=RULE_SET.id)
_REASONED: JsonValue = attested("R11", ruleset=RULE_SET.id)
_CHALLENGED = (Kind.DELIVERY, Kind.DECISION, Kind.ANSWER, Kind.CLOSURE, Kind.CHALLENGE)
_MARKS: tuple[JsonValue, ...] = ([], ["NOT_FAMILY"], ["NOT_FAMILY", "REFERRER_PROTECTED"], ["NO_ONWARD"])
_LINES: JsonValue = [
    {"line": line, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6} for line in (1, 2)
]


@cache
def founded() -> tuple[Partnership, Directory, Herald]:
    """A partnership that has switched patterns on; used by one machine after the other."""
    partnership = Partnership(Path(mkdtemp()), TestClock(), policy=SHOWN)
    partnership.settings()
    facts = partnership.founding()
    documents = {sha256_text(raw): raw for _, raw in facts if raw is not None}
    directory = Directory(Registry(partnership.registrar.public, NET), documents)
    for index, (jwt, _) in enumerate(facts):
        directory.apply(parse(jwt), index, START)
    return partnership, directory, Herald(NET, keyring.read(partnership.folder / "keys").sign)


_parties = st.sampled_from(PARTIES)
_people = st.sampled_from(PEOPLE)
_threads = st.sampled_from(THREADS)
_any = st.integers(0, 10_000)


class Exchange(RuleBasedStateMachine):
    """One partnership; every step is a batch of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.partnership, self.directory, self.herald = founded()
        self.book = Casebook()
        self.said = Casebook()  # the same, before anything was erased
        self.heard: list[Heard] = []
        self.effects: list[Effect] = []
        self.made: list[Issued] = []
        self.times: list[datetime] = []
        self.ledger = Replayed()
        self.at = self.partnership.clock.now = START

    # -- steps --------------------------------------------------------------------------------------

    def _hear(self, issued: Issued) -> None:
        sitting = Sitting(len(self.heard) + 100, self.at, self.book, self.directory, RULE_SET, self.herald)
        sitting.hear(matched(issued.statement, issued.body))
        if issued.statement.claims.aud != GATEWAY:  # nobody answers what is said to that
            self.made.append(issued)
        self.times.append(self.at)
        self.heard += sitting.heard
        for heard in sitting.heard:
            self.said.add(heard.logged)
        self.effects += sitting.effects
        self.ledger.note(sitting.effects)

    def _one(self, kind: Kind | None, choice: int) -> Issued | None:
        """One of those made so far; three times in four one that was let through, where there is one."""
        of_kind = [each for each in self.made if kind is None or each.statement.claims.kind is kind]
        if choice % 4:
            of_kind = [each for each in of_kind if self._stands(each)] or of_kind
        return of_kind[choice % len(of_kind)] if of_kind else None

    def _stands(self, issued: Issued) -> bool:
        logged = self.book.find(issued.statement.hash)
        return logged is not None and (logged.passes or logged.verdict.value != "refused")

    def _about(self, choice: int, kind: Kind | None, make: Callable[[Issued], Issued]) -> None:
        chosen = self._one(kind, choice)
        if chosen is not None:
            self._hear(make(chosen))

    @rule(
        frm=_parties,
        to=_parties,
        txn=_threads,
        other=st.booleans(),
        thin=st.booleans(),
        marks=_any,
        held=_any,
    )
    def tell(
        self, frm: AgencyId, to: AgencyId, txn: Txn, other: bool, thin: bool, marks: int, held: int
    ) -> None:
        codes: JsonObject = {"child": OTHER_CHILD if other else CHILD, "marks": _MARKS[marks % len(_MARKS)]}
        codes["checks"] = _THIN if thin else _SOUND
        if held % 4 == 0:
            codes |= {"withheld": _withheld(PARTIES[held % 3], to), "actor": PEOPLE[0]}
        self._hear(self.partnership.concern(frm, to, txn=txn, **codes))

    @rule(choice=_any, to=_parties, marks=_any, txn=_threads)
    def relay(self, choice: int, to: AgencyId, marks: int, txn: Txn) -> None:
        def make(of: Issued) -> Issued:
            own = self.book.find(of.statement.hash)
            kept = own.codes.model_dump(mode="json") if own and own.codes else {}
            codes = {name: kept.get(name) for name in ("onward_to", "withheld", "child") if kept.get(name)}
            return self.partnership.concern(
                of.statement.claims.aud,
                to,
                relays=of.statement.hash,
                txn=txn,
                marks=_MARKS[marks % len(_MARKS)],
                checks=_SOUND,
                **codes,
            )

        self._about(choice, Kind.CONCERN, make)

    @rule(choice=_any, frm=_parties, to=_parties, own=st.booleans())
    def ask(self, choice: int, frm: AgencyId, to: AgencyId, own: bool) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            asker, holder = (claims.iss, claims.aud) if own else (frm, to)
            return self.partnership.request([of.statement.hash], asker, holder, asked=_LINES, checks=_ASKED)

        self._about(choice, Kind.CONCERN, make)

    @rule(frm=_parties, to=_parties, txn=_threads, times=st.integers(1, 5))
    def tell_and_ask(self, frm: AgencyId, to: AgencyId, txn: Txn, times: int) -> None:
        concern = self.partnership.concern(frm, to, txn=txn, checks=_SOUND)
        self._hear(concern)
        for _ in range(times):
            self._hear(
                self.partnership.request([concern.statement.hash], frm, to, asked=_LINES, checks=_ASKED)
            )

    @rule(frm=_parties, lodgee=_parties, txn=_threads)
    def lodge_and_ask(self, frm: AgencyId, lodgee: AgencyId, txn: Txn) -> None:
        withheld = _withheld(lodgee, lodgee)
        concern = self.partnership.concern(
            frm, lodgee, txn=txn, checks=_SOUND, withheld=withheld, actor=PEOPLE[0]
        )
        self._hear(concern)
        assert isinstance(withheld, dict)
        holder = AgencyId(str(withheld["from"]))
        self._hear(
            self.partnership.request([concern.statement.hash], frm, holder, asked=_LINES, checks=_ASKED)
        )

    @rule(frm=_parties, to=_parties)
    def borrow(self, frm: AgencyId, to: AgencyId) -> None:
        self._hear(self.partnership.emergency(frm, to, checks=_ASKED))

    @rule(choice=_any)
    def pay(self, choice: int) -> None:
        self._about(
            choice,
            Kind.REQUEST,
            lambda of: self.partnership.concern(
                of.statement.claims.iss,
                of.statement.claims.aud,
                pays_back=of.statement.hash,
                checks=_SOUND,
            ),
        )

    @rule(choice=_any, opened=st.sampled_from(["sound", "sound", "thin", "mismatch", "unreadable"]))
    def deliver(self, choice: int, opened: str) -> None:
        self._about(choice, None, lambda of: self.partnership.delivery(of, opened))

    @rule(opened=st.sampled_from(["sound", "sound", "sound", "thin"]))
    def deliver_everything(self, opened: str) -> None:
        for logged in self._routed():
            issued = self._named(logged)
            if issued is not None and logged.route and logged.route.settled_by is None:
                self._hear(self.partnership.delivery(issued, opened))

    def _named(self, logged: Logged) -> Issued | None:
        return next((each for each in self.made if each.statement.hash == logged.hash), None)

    @rule(choice=_any, line=st.integers(1, 3), outcome=_any, actor=_people)
    def answer(self, choice: int, line: int, outcome: int, actor: str) -> None:
        what = ("DISCLOSED_FULL", "NEED_MORE", "REFUSED")[outcome % 3]
        reason = "GDPR" if what == "REFUSED" else None
        outcomes: JsonValue = [{"line": line, "outcome": what, "reason": reason}]
        self._about(
            choice,
            Kind.REQUEST,
            lambda of: self.partnership.answer(of, outcomes=outcomes, actor=actor, checks=_REASONED),
        )

    @rule(choice=_any, actor=_people, capacity=st.sampled_from(["second", "lodgee"]), frm=_parties)
    def approve(self, choice: int, actor: str, capacity: str, frm: AgencyId) -> None:
        codes: JsonObject = {"actor": actor, "as": capacity}

        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            who = claims.iss if capacity == "second" else frm
            return self.partnership.say(
                Kind.APPROVAL, who, claims.aud, codes | {"approves": of.statement.hash}
            )

        self._about(choice, Kind.REQUEST, make)

    @rule(choice=_any, actor=_people, final=st.booleans())
    def decide(self, choice: int, actor: str, final: bool) -> None:
        self._about(
            choice,
            Kind.CONCERN,
            lambda of: self.partnership.answering(
                Kind.DECISION, of, decision="ADVICE_NFA", final=final, actor=actor
            ),
        )

    @rule(choice=_any, of_kind=st.sampled_from(_CHALLENGED), stage=st.integers(1, 4), back=st.booleans())
    def challenge(self, choice: int, of_kind: Kind, stage: int, back: bool) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            frm, to = (claims.aud, claims.iss) if back else (claims.iss, claims.aud)
            codes: JsonObject = {"stage": stage, "challenges": of.statement.hash, "actor": PEOPLE[0]}
            return self.partnership.say(Kind.CHALLENGE, frm, to, codes)

        self._about(choice, of_kind, make)

    @rule(choice=_any, kind=st.sampled_from(["WRONG_CHILD", "FACT_WRONG", "UPDATE", "NO_SUCH_KIND"]))
    def correct(self, choice: int, kind: str) -> None:
        self._about(choice, None, lambda of: self._own(Kind.CORRECTION, of, correction_kind=kind))

    @rule(choice=_any)
    def withdraw(self, choice: int) -> None:
        self._about(choice, None, lambda of: self._own(Kind.WITHDRAWAL, of, reason="SENT_IN_ERROR"))

    @rule(choice=_any, reason=st.sampled_from([None, "CHECKS_UNANSWERED"]), own=st.booleans())
    def close(self, choice: int, reason: str | None, own: bool) -> None:
        def make(of: Issued) -> Issued:
            if own:
                return self._own(Kind.CLOSURE, of, reason=reason)
            return self.partnership.answering(Kind.CLOSURE, of, reason=reason)

        self._about(choice, Kind.REQUEST if choice % 3 == 0 else Kind.CONCERN, make)

    def _own(self, kind: Kind, of: Issued, **codes: JsonValue) -> Issued:
        """Its author's later word about it."""
        claims, name = of.statement.claims, of.statement.hash
        named: JsonObject = {"corrects": name} if kind is Kind.CORRECTION else {}
        return self.partnership.say(kind, claims.iss, claims.aud, codes | named, irt=name)

    @rule(choice=_any, applied=st.sampled_from(["yes", "cannot"]))
    def apply(self, choice: int, applied: str) -> None:
        self._about(
            choice, Kind.CORRECTION, lambda of: self.partnership.answering(Kind.APPLIED, of, applied=applied)
        )

    @rule(choice=_any, own=st.booleans())
    def reply(self, choice: int, own: bool) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            frm, to = (claims.iss, claims.aud) if own else (claims.aud, claims.iss)
            return self.partnership.say(Kind.REPLY, frm, to, {}, irt=of.statement.hash)

        self._about(choice, None, make)

    @rule(choice=_any, to=_parties)
    def hand_over(self, choice: int, to: AgencyId) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            return self.partnership.say(
                Kind.TRANSFER, claims.aud, claims.iss, {"to": to}, irt=of.statement.hash
            )

        self._about(choice, Kind.CONCERN, make)

    @rule(frm=_parties, to=_parties, txn=_threads, actor=_people)
    def join(self, frm: AgencyId, to: AgencyId, txn: Txn, actor: str) -> None:
        assert isinstance(OTHER_CHILD, list)
        joins: JsonValue = [txn, OTHER_CHILD[0]]
        self._hear(self.partnership.say(Kind.LINK, frm, to, {"actor": actor, "joins": joins}))

    @rule(choice=_any, more=_any, frm=_parties, own=st.booleans())
    def erase(self, choice: int, more: int, frm: AgencyId, own: bool) -> None:
        def make(of: Issued) -> Issued:
            other = self._one(None, more)
            named = {each.statement.hash: each for each in (of, other) if each}.values()
            return self.partnership.erasure(*named, frm=of.statement.claims.iss if own else frm)

        self._about(choice, None, make)

    @rule(choice=_any, agree=st.booleans(), agreeing=_people)
    def erase_early(self, choice: int, agree: bool, agreeing: str) -> None:
        chosen = self._one(None, choice)
        if chosen is None:
            return
        jwt = erasures.erase(self.partnership.voice, [chosen.statement.hash], self.at)
        self._hear(Issued(parse(jwt), Body(jwt, (), "")))
        for party in PARTIES if agree else ():
            self._hear(self.partnership.agreement(parse(jwt).hash, party, agreeing))

    @rule(choice=_any)
    def say_again(self, choice: int) -> None:
        self._about(choice, None, lambda of: of)

    @rule(hours=st.sampled_from([1, 1, 5, 24 * 8, 24 * 730]))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)
        self.partnership.clock.now = self.at

    # -- what holds after each -----------------------------------------------------------------------

    def _routed(self) -> list[Logged]:
        names = [effect.name for effect in self.effects if isinstance(effect, Routed)]
        return [logged for name in names if (logged := self.book.find(name))]

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
        for answer in (each for each in self._routed() if each.kind is Kind.ANSWER):
            request = self.book.find(answer.irt)
            assert request is not None
            assert request.passes
            if request.is_erased:
                continue
            assert isinstance(request.codes, RequestCodes)
            assert all(opened[name] < answer.index for name in (request.hash, *request.codes.concern_refs))

    @invariant()
    def marks_are_never_lowered(self) -> None:
        for copy in self._routed():
            if isinstance(copy.codes, ConcernCodes) and copy.codes.relays is not None:
                for original in above(copy, self.book):
                    if original.is_erased:
                        break
                    assert isinstance(original.codes, ConcernCodes)
                    assert set(original.codes.marks) <= set(copy.codes.marks)
                    assert "NO_ONWARD" not in original.codes.marks

    @invariant()
    def what_is_owed_is_open_or_settled_and_every_request_has_a_way_out(self) -> None:
        for logged in self._routed():
            if logged.kind is Kind.CONCERN:
                assert {(logged.index, "decision"), (logged.index, "acknowledgement")} <= set(
                    self.ledger.owed
                )
            if logged.kind is not Kind.REQUEST:
                continue
            waits = (logged.history.suspended_by, logged.history.paused_by) != (None, None)
            assert (logged.index, "answer") in self.ledger.open or waits or not is_open(logged)

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
        for logged in self._routed():
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
        shown = [each.to for each in self.effects if isinstance(each, Notified) and each.notice == "pattern"]
        assert set(shown) <= {CSC}

    def teardown(self) -> None:
        """INV-6: the log and T1 alone give the same verdicts, and the same ledger."""
        book, effects = Casebook(), list[Effect]()
        for heard in self.heard:
            sitting = Sitting(heard.logged.index, heard.logged.at, book, self.directory, RULE_SET)
            again = sitting.hear(_from_log(heard))
            assert isinstance(again, Heard)
            assert again.verdict == heard.verdict
            effects += sitting.effects
        told = [each for each in effects if not _is_pattern(each)]
        assert told == [each for each in self.effects if not _is_pattern(each)]
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


def _is_pattern(effect: Effect) -> bool:
    """A pattern's notice opens a thread of its own, which is named at random."""
    return isinstance(effect, Notified) and effect.notice == "pattern"


def _withheld(lodgee: AgencyId, to: AgencyId) -> JsonValue:
    return {
        "from": SCHOOL if to != SCHOOL else GP,
        "reason": "RISK_TO_PERSON",
        "lodged_with": lodgee,
        "second": PEOPLE[1],
        "review_on": (START + timedelta(days=4)).date().isoformat(),
    }


def _lodged(about: Logged, book: Casebook) -> set[AgencyId]:
    withheld = about.codes.withheld if isinstance(about.codes, ConcernCodes) else None
    kept = {parse_address(withheld.kept_from).agency} if withheld and withheld.kept_from else set[AgencyId]()
    return kept | set(lodgees_of(about, book))


def _from_log(heard: Heard) -> Submission:
    """All that is left of a statement: its JWT and its codes."""
    codes: Codes | None = heard.logged.codes
    return Submission(parse(heard.submission.statement.jwt), heard.submission.body, codes)


Exchange.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestExchange = pytest.mark.timeout(600)(Exchange.TestCase)
