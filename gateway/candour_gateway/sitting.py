"""One batch before the gateway: statements are heard in order, and each sees what those before it have done.

Pure: the casebook and the directory are changed in memory only; whoever holds the transaction writes down
what ``heard`` and ``effects`` say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from candour_protocol.entry import Entry
from candour_protocol.errors import CandourError, MismatchError
from candour_protocol.ids import StatementHash, sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Policy
from candour_protocol.rules import Outcome
from candour_protocol.wire import render_body

from candour_gateway import consequences
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.clocks import Terms
from candour_gateway.directory import Directory
from candour_gateway.effects import Effect
from candour_gateway.instants import to_ms
from candour_gateway.ledger import NewEntry
from candour_gateway.notices import Herald
from candour_gateway.screening import Unfit
from candour_gateway.verdict import Hearing, Submission, Verdict, decide


@dataclass(frozen=True, slots=True)
class Heard:
    """A statement that gets an entry."""

    submission: Submission
    logged: Logged
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Again:
    """A statement that has an entry already; ``logged`` is the one to answer with."""

    submission: Submission
    logged: Logged


Result = Heard | Again | Unfit


@dataclass(slots=True)
class Sitting:
    """The state of one batch; ``first`` is the index of its first new entry, ``at`` every entry's time.

    Attributes:
        stumbled: what could not be judged, with the code of the error: a fault of ours that the operator is
            to see, and never its neighbours'.
    """

    first: int
    at: datetime
    book: Casebook
    directory: Directory
    policy: Policy
    herald: Herald | None = None
    heard: list[Heard] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    stumbled: list[tuple[StatementHash, str]] = field(default_factory=list)
    _terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        self._terms = Terms(self.policy)

    def hear(self, submission: Submission) -> Result:
        """Judge one statement, and let its consequences be seen by the next."""
        try:
            return self._hear(submission)
        except CandourError as error:
            self.stumbled.append((submission.statement.hash, error.code))
            return self._refuse_unread(submission)

    def _hear(self, submission: Submission) -> Result:
        hearing = self.hearing()
        decided = decide(submission, hearing, self.book)
        if isinstance(decided, Logged):
            return Again(submission, decided)
        if submission.claims.kind is Kind.REGISTRY:
            unfit = self._take_in(submission, decided, hearing)
            if unfit:
                return unfit
        return self._log(submission, decided, hearing)

    def _refuse_unread(self, submission: Submission) -> Heard:
        """It gets its answer; its codes are not kept, as of anything that does not fit together."""
        fault = MismatchError("mismatch", "its codes cannot be judged")
        verdict = Verdict(Outcome.REFUSED, (fault.code,), ((fault.code, ""),))
        return self.take(replace(submission, codes=None, fault=fault), verdict)

    def _take_in(self, submission: Submission, verdict: Verdict, hearing: Hearing) -> Unfit | None:
        """A registry fact is logged only if the chain allows it: its plain claims would stay for good."""
        code = "" if verdict.passes else verdict.rules[0]
        try:
            if not code:
                self.directory.apply(submission.statement, hearing.index, hearing.at)
        except CandourError as error:
            code = error.code
        return Unfit(code, sha256_text(render_body(submission.body))) if code else None

    def take(self, submission: Submission, verdict: Verdict) -> Heard:
        """Log a verdict that was given elsewhere, and let its consequences be seen."""
        return self._log(submission, verdict, self.hearing())

    def hearing(self) -> Hearing:
        """The next statement's place in the log."""
        index = self.first + len(self.heard)
        return Hearing(index, self.at, self.directory, self.policy, self._terms)

    def _log(self, submission: Submission, verdict: Verdict, hearing: Hearing) -> Heard:
        heard = Heard(submission, _logged(submission, verdict, hearing), verdict)
        follows = self._follows(heard, hearing)
        self.heard.append(heard)
        for effect in follows:
            consequences.apply(effect, self.book)
        self.effects += follows
        for notice in self.herald.after(follows, self.at) if self.herald else ():
            self.hear(notice)
        return heard

    def _follows(self, heard: Heard, hearing: Hearing) -> list[Effect]:
        """With it in the book; if that fails, nothing of it stays there."""
        logged, reissues = heard.logged, heard.submission.claims.reissues
        self.book.add(logged)
        try:
            return consequences.consequences(logged, heard.verdict, reissues, hearing, self.book)
        except CandourError:
            self.book.drop(logged)
            raise

    def entries(self) -> Sequence[NewEntry]:
        """What is to be appended, in order."""
        return [_entry(heard, self.policy) for heard in self.heard]


def _logged(submission: Submission, verdict: Verdict, hearing: Hearing) -> Logged:
    claims = submission.claims
    return Logged(
        index=hearing.index,
        hash=submission.statement.hash,
        jti=claims.jti,
        iss=claims.iss,
        aud=claims.aud,
        kind=claims.kind,
        irt=claims.irt,
        verdict=verdict.outcome,
        rules=verdict.rules,
        at=hearing.at,
        exp=claims.exp,
        codes=submission.codes,
        erases=claims.erases,
    )


def _entry(heard: Heard, policy: Policy) -> NewEntry:
    logged, claims = heard.logged, heard.submission.claims
    entry = Entry.at(logged.at, logged.verdict.value, logged.rules, policy.id, heard.submission.statement.jwt)
    return NewEntry(
        raw=entry.to_bytes(),
        t_ms=to_ms(logged.at),
        kind=logged.kind,
        verdict=logged.verdict.value,
        rules=logged.rules,
        iss=logged.iss,
        aud=logged.aud,
        jti=logged.jti,
        hash=logged.hash,
        irt=logged.irt,
        iat=claims.iat,
        exp=claims.exp,
    )
