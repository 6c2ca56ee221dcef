"""What came out of the courier's inbox, proven or parked; nothing is acted on before this. No database.

A statement counts once the log's key shows that the log holds it with a verdict that lets it through, and its
issuer's key, valid at that place of the log, that its issuer made it. Source: protocol sections 2, 5 and 6.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from candour_protocol import erasures
from candour_protocol import receipt as receipts
from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.errors import CandourError, MalformedError, MismatchError, ProofError
from candour_protocol.ids import GATEWAY, AgencyId, Jti, StatementHash
from candour_protocol.kinds import ApprovalCodes, Kind, parse_codes
from candour_protocol.note import Verifier
from candour_protocol.receipt import VerifiedReceipt
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.wire import Answered, Delivered, Problem, parse_inbound

from candour_agency.directory import Directory

_REMEMBERED: Final = 1024  # checkpoints whose signature was checked
_POINTER: Final = re.compile(r"(?:/[A-Za-z0-9_.-]{1,40}){0,8}\Z")  # into a body; no place for a sentence
_LETS_THROUGH: Final = ("passed", "flagged")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A statement for this agency, proven to be its issuer's and to be in the log.

    Its content is not opened yet.
    """

    statement: Statement
    body: Body
    receipt: str
    proven: VerifiedReceipt
    approval: Arrival | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the log holds about a statement that this agency submitted under this id."""

    jti: Jti
    receipt: str
    proven: VerifiedReceipt
    violations: tuple[tuple[str, str], ...]

    @property
    def hash(self) -> StatementHash:
        """The statement that the receipt is for."""
        return self.proven.entry.statement

    @property
    def blames_a_key(self) -> bool:
        """Whether it was refused for what may be a key that has ended, which is not known here yet."""
        entry = self.proven.entry
        return entry.verdict == "refused" and not {"key", "mismatch"}.isdisjoint(entry.rules)


class Witness:
    """Checks receipts, remembers the checkpoints behind them, and notices two that contradict each other."""

    def __init__(self, verifier: Verifier, origin: str) -> None:
        self._verifier = verifier
        self._origin = origin
        self._opened: OrderedDict[str, Checkpoint] = OrderedDict()
        self._roots: OrderedDict[int, bytes] = OrderedDict()
        self.largest: Checkpoint | None = None
        self.note = ""  # the text of the largest

    def recall(self, note: str) -> None:
        """Take up the largest checkpoint of an earlier run."""
        if note:
            self.open(note)

    def open(self, note: str) -> Checkpoint:
        """A checkpoint that the log signed.

        Raises:
            ProofError: not signed by it, or ``fork``: it contradicts one that was seen before.
        """
        known = self._opened.get(note)
        if known is not None:
            return known
        checkpoint = open_checkpoint(note, self._verifier, origin=self._origin)
        if self._roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            raise ProofError("fork", "the log has shown two different trees of one size")
        self._opened[note] = checkpoint
        for memory in (self._opened, self._roots):
            if len(memory) > _REMEMBERED:
                memory.popitem(last=False)
        if self.largest is None or checkpoint.size > self.largest.size:
            self.largest, self.note = checkpoint, note
        return checkpoint

    def prove(self, text: str) -> VerifiedReceipt:
        """What a receipt proves.

        Raises:
            ProofError: it does not verify, or its checkpoint contradicts another.
        """
        read = receipts.parse(text)
        return receipts.verify_under(read, self.open(read.checkpoint))


@dataclass(frozen=True, slots=True)
class Examiner:
    """Everything that a message is examined by."""

    net: str
    agency: AgencyId
    directory: Directory
    witness: Witness

    def examine(self, raw: bytes) -> Arrival | Verdict | Problem:
        """Read and prove one message.

        Raises:
            CandourError: why it is to be parked; ``unknown-kid`` may be cured by reading the registry
                further.
        """
        match parse_inbound(raw):
            case Delivered() as delivered:
                return self._delivered(delivered)
            case Answered() as answered:
                proven = self.witness.prove(answered.receipt)
                return Verdict(answered.jti, answered.receipt, proven, _borne_out(answered, proven))
            case Problem() as problem:
                return problem

    def _delivered(self, delivered: Delivered) -> Arrival:
        arrival = self._arrival(delivered.body, delivered.receipt, self.agency)
        part, erases = delivered.approval, erasures.is_spoken_of(arrival.statement, arrival.body)
        if erases and part is None:
            raise ProofError("no-proof", "word of an erasure without the erasure", pointer="/approval")
        to = GATEWAY if erases else self.agency
        approval = self._arrival(part.body, part.receipt, to) if part else None
        if approval is not None and erases:
            verdict = approval.proven.entry.verdict
            erasures.check(approval.statement, verdict, arrival.statement, arrival.body)
        elif approval is not None:
            _check_approves(approval, arrival)
        released = approval.proven.entry.verdict if approval and not erases else arrival.proven.entry.verdict
        if released not in _LETS_THROUGH:
            raise ProofError("not-passed", "the log holds it with a verdict that lets nothing through")
        return Arrival(arrival.statement, arrival.body, arrival.receipt, arrival.proven, approval)

    def _arrival(self, body: Body, receipt: str, to: AgencyId) -> Arrival:
        statement = parse(body.jwt)
        proven = self.witness.prove(receipt)
        if proven.entry.jwt != statement.jwt:
            raise ProofError("other-statement", "the receipt is for another statement")
        claims = statement.claims
        if (claims.net, claims.aud) != (self.net, to):
            raise ProofError("not-for-us", "the statement is for somebody else")
        key = self.directory.sign_key(statement, proven.index, proven.entry.moment)
        authenticate(statement, key)
        return Arrival(statement, body, receipt, proven)


def _borne_out(answered: Answered, proven: VerifiedReceipt) -> tuple[tuple[str, str], ...]:
    """Those violations whose rule the log holds: the list beside a receipt is signed by nobody."""
    return tuple(
        (rule, pointer if _POINTER.match(pointer) else "")
        for rule, pointer in answered.violations
        if rule in proven.entry.rules
    )


def _check_approves(approval: Arrival, held: Arrival) -> None:
    """That the approval is one, of exactly that statement, by whom it may be.

    That is a second person of the same agency; or a lodgee, who is neither asker nor holder (R10).
    """
    if approval.statement.claims.kind is not Kind.APPROVAL:
        raise MalformedError("body", "what came as an approval is none", pointer="/approval")
    codes = parse_codes(Kind.APPROVAL, match(approval.statement, approval.body) or {})
    claims, same = approval.statement.claims, approval.statement.claims.iss == held.statement.claims.iss
    if not isinstance(codes, ApprovalCodes) or codes.approves != held.statement.hash:
        raise MismatchError("mismatch", "the approval is of something else", pointer="/approval")
    same = same and codes.capacity == "second"
    lodgee = codes.capacity == "lodgee" and claims.iss not in (held.statement.claims.iss, claims.aud)
    if not (same or lodgee):
        raise MismatchError("mismatch", "the approval is by somebody who may not", pointer="/approval")


def is_curable(error: CandourError) -> bool:
    """Whether reading the registry further may help."""
    return error.code == "unknown-kid"
