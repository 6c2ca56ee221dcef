"""Random agencies take random steps with every kind of statement: a machine without a database.

What must hold after each step stands beside the tests that run it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from candour_gateway import keyring
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.directory import Directory
from candour_gateway.effects import Effect, Routed
from candour_gateway.notices import Herald
from candour_gateway.replay import Replayed
from candour_gateway.screening import matched
from candour_gateway.sitting import Heard, Sitting
from candour_protocol import erasures
from candour_protocol.ids import GATEWAY, AgencyId, Txn, sha256_text
from candour_protocol.kinds import CHALLENGEABLE, ConcernCodes
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import load_policy
from candour_protocol.statement import Body, Issued, parse
from candour_protocol.strict_json import JsonObject, JsonValue
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.gateway.directories import directory_of
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

SHOWN = (
    POLICY.replace(b"shown = false", b"shown = true")
    .replace(b"adults = false", b"adults = true")
    .replace(b"adult_children = 3 ", b"adult_children = 2 ")
)
ADULTS: JsonValue = ["a1." + sha256_text(b"an adult")]
RULE_SET = load_policy(SHOWN)
PARTIES = (GP, SCHOOL, CSC, POLICE)
PEOPLE = tuple(an_actor() for _ in range(3))
THREADS = tuple(a_txn() for _ in range(3))
_SOUND: JsonValue = attested("R02", "R03", "R13", ruleset=RULE_SET.id)
_THIN: JsonValue = attested("R02", "R03", "R13", failing=("R02",), ruleset=RULE_SET.id)
_ASKED: JsonValue = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13", ruleset=RULE_SET.id)
_REASONED: JsonValue = attested("R11", ruleset=RULE_SET.id)
CHALLENGED = (*sorted(CHALLENGEABLE), Kind.CHALLENGE)
_MARKS: tuple[JsonValue, ...] = ([], ["NOT_FAMILY"], ["NOT_FAMILY", "REFERRER_PROTECTED"], ["NO_ONWARD"])
_LINES: JsonValue = [
    {"line": line, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6} for line in (1, 2)
]


@cache
def founded() -> tuple[Partnership, Directory, Herald]:
    """A partnership that has switched patterns on; used by one machine after the other."""
    partnership = Partnership(Path(mkdtemp()), TestClock(), policy=SHOWN)
    partnership.settings()
    directory = directory_of(partnership)
    return partnership, directory, Herald(NET, keyring.read(partnership.folder / "keys").sign)


_parties = st.sampled_from(PARTIES)
_people = st.sampled_from(PEOPLE)
_threads = st.sampled_from(THREADS)
_any = st.integers(0, 10_000)


class Steps(RuleBasedStateMachine):
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
        codes |= {"adults": ADULTS} if marks % 2 == 0 else {}
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
            codes: JsonObject = {"asked": _LINES, "checks": _ASKED, "adults": ADULTS}
            codes |= {
                "urgency": "GREEN" if choice % 2 else "AMBER"
            }  # what can wait waits for an outcome (R06)
            told = self.book.find(of.statement.hash)
            if told and isinstance(told.codes, ConcernCodes):
                codes |= {"child": [*told.codes.child], "txn": told.codes.txn}
            return self.partnership.request([of.statement.hash], asker, holder, **codes)

        self._about(choice, Kind.CONCERN, make)

    @rule(frm=_parties, to=_parties, txn=_threads, times=st.integers(1, 5))
    def tell_and_ask(self, frm: AgencyId, to: AgencyId, txn: Txn, times: int) -> None:
        about: JsonObject = {"child": OTHER_CHILD if times % 2 else CHILD, "txn": txn, "adults": ADULTS}
        concern = self.partnership.concern(frm, to, **about, checks=_SOUND)
        self._hear(concern)
        for _ in range(times):
            codes: JsonObject = {**about, "asked": _LINES, "checks": _ASKED}
            self._hear(self.partnership.request([concern.statement.hash], frm, to, **codes))

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
        for logged in self.routed():
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

    @rule(choice=_any, of_kind=st.sampled_from(CHALLENGED), stage=st.integers(1, 4), back=st.booleans())
    def challenge(self, choice: int, of_kind: Kind, stage: int, back: bool) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            frm, to = (claims.aud, claims.iss) if back else (claims.iss, claims.aud)
            codes: JsonObject = {"stage": stage, "challenges": of.statement.hash, "actor": PEOPLE[0]}
            return self.partnership.say(Kind.CHALLENGE, frm, to, codes)

        self._about(choice, of_kind, make)

    @rule(
        choice=_any,
        kind=st.sampled_from(["WRONG_CHILD", "FACT_WRONG", "UPDATE", "NO_SUCH_KIND"]),
        actor=_people,
    )
    def correct(self, choice: int, kind: str, actor: str) -> None:
        self._about(
            choice, None, lambda of: self._own(Kind.CORRECTION, of, correction_kind=kind, actor=actor)
        )

    @rule(choice=_any, actor=_people)
    def conclude(self, choice: int, actor: str) -> None:
        self._about(
            choice,
            Kind.ANSWER,
            lambda of: self.partnership.answering(Kind.OUTCOME, of, outcome="ASSESS_S17", actor=actor),
        )

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

    @rule(choice=_any, own=st.booleans(), actor=_people)
    def reply(self, choice: int, own: bool, actor: str) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            frm, to = (claims.iss, claims.aud) if own else (claims.aud, claims.iss)
            return self.partnership.say(Kind.REPLY, frm, to, {"actor": actor}, irt=of.statement.hash)

        self._about(choice, Kind.CHALLENGE if choice % 3 == 0 else None, make)

    @rule(choice=_any, to=_parties, actor=_people)
    def hand_over(self, choice: int, to: AgencyId, actor: str) -> None:
        def make(of: Issued) -> Issued:
            claims = of.statement.claims
            return self.partnership.say(
                Kind.TRANSFER, claims.aud, claims.iss, {"to": to, "actor": actor}, irt=of.statement.hash
            )

        self._about(choice, Kind.REQUEST if choice % 3 == 0 else Kind.CONCERN, make)

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

    def routed(self) -> list[Logged]:
        """What was let through and sent on, in the order in which it was."""
        names = [effect.name for effect in self.effects if isinstance(effect, Routed)]
        return [logged for name in names if (logged := self.book.find(name))]


def _withheld(lodgee: AgencyId, to: AgencyId) -> JsonValue:
    return {
        "from": SCHOOL if to != SCHOOL else GP,
        "reason": "RISK_TO_PERSON",
        "lodged_with": lodgee,
        "second": PEOPLE[1],
        "review_on": (START + timedelta(days=4)).date().isoformat(),
    }
