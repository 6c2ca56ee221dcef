"""What came from the queue: proven, opened, kept with its ``delivery`` in one transaction, or parked.

The courier brings everything at least once. What is in the book already has no second effect: for a statement
that comes again, its ``delivery`` is submitted again, the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from candour_protocol import erasures
from candour_protocol.errors import MalformedError, MismatchError, ProofError
from candour_protocol.ids import GATEWAY, Address, AgencyId, StatementHash, Txn, new_uuid7
from candour_protocol.kinds import ApprovalCodes, DeliveryCodes, Kind, Notice, NoticeCodes, parse_codes
from candour_protocol.opening import UNREADABLE, Opened, Opener
from candour_protocol.receipt import VerifiedReceipt
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.strict_json import JsonObject
from candour_protocol.wire import Answered, Delivered, Problem, parse_inbound

from book import Book, Message
from directory import Directory
from office import Office, now
from proof import prove
from writing import URGENT, Desk, Letter


@dataclass(frozen=True, slots=True)
class Arrival:
    """A statement for this agency, proven to be its issuer's and to be in the log."""

    statement: Statement
    body: Body
    receipt: str
    proven: VerifiedReceipt


class Reception:
    """Takes in one message at a time, inside the caller's transaction.

    Attributes:
        wants_registry: something of ours was sealed or signed with a key that may have ended: read the
            registry, then ``mend``.
    """

    def __init__(self, office: Office, book: Book, directory: Directory, desk: Desk) -> None:
        self._office = office
        self._book = book
        self._directory = directory
        self._desk = desk
        self.wants_registry = False

    def take(self, raw: bytes) -> str:
        """Take a message in; what it was, in a line for people: ids and codes, nothing that is somebody's.

        Raises:
            CandourError: why it is to be parked; ``unknown-kid`` may be cured by reading the registry on.
        """
        match parse_inbound(raw):
            case Delivered() as delivered:
                return self._delivered(delivered)
            case Answered() as answered:
                return self._answered(answered)
            case Problem() as problem:
                self._incident(problem.problem, problem.digest)
                return f"problem {problem.problem} {problem.digest}"

    # -- a verdict on what was said here ------------------------------------------------------------------

    def _answered(self, answered: Answered) -> str:
        proven = prove(self._office, self._book, answered.receipt)
        message, entry = self._book.by_jti(answered.jti), proven.entry
        if message is None or not message.own or message.hash != entry.statement:
            return self._superseded(message, answered, proven)
        if message.receipt is None:
            borne_out = [each for each in answered.violations if each[0] in entry.rules]
            verdict = message.verdict or entry.verdict  # that it was released may overtake its receipt
            self._book.note_verdict(message.hash, answered.receipt, proven.index, verdict, borne_out)
            self._act(message, proven, verdict)
        return f"receipt {entry.verdict} {message.kind} {message.jti} {' '.join(entry.rules)}".rstrip()

    def _superseded(self, message: Message | None, answered: Answered, proven: VerifiedReceipt) -> str:
        """Of a reissue: the earlier one had passed after all, and its verdict stands."""
        name = proven.entry.statement
        if message is None or not message.own or message.reissues != name:
            self._incident("foreign-receipt", name)
            return f"incident foreign-receipt {name}"
        self._book.settle(message.jti)
        self._book.note_verdict(name, answered.receipt, proven.index, proven.entry.verdict, ())
        return f"receipt {proven.entry.verdict} {message.kind} {message.jti} superseded"

    def _act(self, message: Message, proven: VerifiedReceipt, verdict: str) -> None:
        """Submit on until its delivery is here; not while it waits for a second person."""
        if verdict == "refused":
            self._refused(message, proven)
        elif verdict == "held":
            self._book.submit_again(message.jti, _to_ms(parse(message.jwt).claims.exp))
        elif message.kind is Kind.APPROVAL and message.about is not None:
            self._released(message.about, verdict)
        if not message.awaits_delivery or message.opened is not None or verdict == "refused":
            self._book.settle(message.jti)

    def _refused(self, message: Message, proven: VerifiedReceipt) -> None:
        """Say again what was refused for its form, never what was refused for what it says."""
        rules = proven.entry.rules
        if message.kind is Kind.DELIVERY:
            self._incident("delivery-refused", message.hash)
        elif "clock" in rules:
            self._desk.reissue(message, proven.entry.t_ms // 1000)
        elif {"key", "mismatch"} & set(rules):
            self.wants_registry = True

    def mend(self) -> None:
        """Seal anew what a key was wrong for, by the registry as it is now; the rest is for people."""
        for message in self._book.to_be_mended():
            if not self._desk.reissue(message):
                self._incident("not-said-again", message.hash)

    def _released(self, request: StatementHash, verdict: str) -> None:
        """A second person has approved it: on from here as if it had passed at once."""
        held = self._book.by_hash(request)
        if held is not None and held.own and held.verdict in (None, "held"):
            self._book.note_released(request, verdict)
            self._book.submit_again(held.jti)

    # -- a statement of somebody else's -------------------------------------------------------------------

    def _delivered(self, delivered: Delivered) -> str:
        arrival = self._prove(delivered.body, delivered.receipt, self._office.agency)
        part, erases = delivered.approval, erasures.is_spoken_of(arrival.statement, arrival.body)
        to = GATEWAY if erases else self._office.agency
        approval = self._prove(part.body, part.receipt, to) if part else None
        if erases:
            return self._word_of_erasure(arrival, approval)
        if approval is not None:
            _check_approves(approval, arrival)
        if (approval or arrival).proven.entry.verdict not in ("passed", "flagged"):
            raise ProofError("not-passed", "the log holds it with a verdict that lets nothing through")
        return self._take_arrival(arrival, approval)

    def _word_of_erasure(self, notice: Arrival, erasure: Arrival | None) -> str:
        """Nothing is deleted on the gateway's word alone; whether the proof is enough, people look at."""
        if erasure is None:
            raise ProofError("no-proof", "word of an erasure without the erasure", pointer="/approval")
        verdict = erasure.proven.entry.verdict
        erasures.check(erasure.statement, verdict, notice.statement, notice.body)
        said = self._take_arrival(notice, None)
        self._incident("erasure", erasure.statement.hash)
        return said

    def _prove(self, body: Body, receipt: str, to: AgencyId) -> Arrival:
        """Its receipt verifies and is for these bytes; they are for ``to``; its issuer's key made them.

        Raises:
            CandourError: one of these is not so.
        """
        statement, proven = parse(body.jwt), prove(self._office, self._book, receipt)
        if proven.entry.jwt != statement.jwt:
            raise ProofError("other-statement", "the receipt is for another statement")
        if (statement.claims.net, statement.claims.aud) != (self._office.net, to):
            raise ProofError("not-for-us", "the statement is for somebody else")
        authenticate(statement, self._directory.sign_key(statement, proven))
        return Arrival(statement, body, receipt, proven)

    def _take_arrival(self, arrival: Arrival, approval: Arrival | None) -> str:
        statement = arrival.statement
        known = self._book.by_jti(statement.claims.jti)
        if known is not None:
            return self._again(known, statement)
        if statement.claims.kind is Kind.DELIVERY:
            return self._delivery(arrival)
        opened = self._opener.open(statement, arrival.body, self._cited(arrival))
        verdict = (approval or arrival).proven.entry.verdict
        message = self._keep(arrival, opened, verdict)
        self._desk.write(_delivery_of(message, opened))
        self._heed(message)
        if approval is not None:
            with_it = self._opener.open(approval.statement, approval.body, ())
            self._keep(approval, with_it, verdict, about=message.hash)
        claims = statement.claims
        return f"received {opened.opened} {claims.kind} {claims.jti} from {claims.iss}"

    def _heed(self, message: Message) -> None:
        """A lodgee gave its word on an own request: the gateway says so, and sends it on."""
        codes = (
            parse_codes(message.kind, message.codes)
            if message.kind is Kind.NOTICE and message.codes
            else None
        )
        if (
            isinstance(codes, NoticeCodes)
            and codes.notice is Notice.RELEASED
            and isinstance(codes.about, str)
        ):
            self._released(codes.about, "passed")

    @property
    def _opener(self) -> Opener:
        """By the registry as it is now."""
        office, directory = self._office, self._directory
        return Opener(
            net=office.net,
            keys=office.opening,
            inboxes=office.inboxes,
            partnership=office.partnership,
            registry=directory.registry,
            rule_set=directory.rule_set,
        )

    def _again(self, known: Message, statement: Statement) -> str:
        """The log still lacks our word for it: say the same again."""
        if known.hash != statement.hash:
            self._incident("equivocation", statement.hash)
            return f"incident equivocation {statement.hash}"
        for own in self._book.about(known.hash, Kind.DELIVERY):
            self._book.submit_again(own.jti)
        return f"again {known.kind} {known.jti}"

    def _delivery(self, arrival: Arrival) -> str:
        """Its recipient has what was said here, and found it so. Only ``unreadable`` can change later."""
        statement = arrival.statement
        parent = self._book.by_hash(statement.claims.irt)
        codes = match(statement, arrival.body) or {}
        found = parse_codes(Kind.DELIVERY, codes)
        if parent is None or not parent.own or parent.party != statement.claims.iss:
            self._incident("stray-delivery", statement.hash)
            return f"incident stray-delivery {statement.hash}"
        assert isinstance(found, DeliveryCodes)  # noqa: S101 - narrows the type
        self._keep(arrival, Opened("", parent.inbox, codes, {}), arrival.proven.entry.verdict)
        if parent.opened in (None, UNREADABLE):
            self._book.note_opened(parent.hash, found.opened)
            self._settle(parent, found.opened)
        return f"delivered {found.opened} {parent.kind} {parent.jti}"

    def _settle(self, parent: Message, opened: str) -> None:
        if parent.receipt is not None:
            self._book.settle(parent.jti)
        self.wants_registry |= opened == UNREADABLE

    def _cited(self, arrival: Arrival) -> list[Message]:
        """The concerns of a request, and what was added to them before it, as they are in the book."""
        if arrival.statement.claims.kind is not Kind.REQUEST:
            return []
        try:
            refs = (match(arrival.statement, arrival.body) or {}).get("concern_refs")
        except MismatchError:
            return []
        names = [StatementHash(str(ref)) for ref in refs] if isinstance(refs, list) else []
        found = [self._book.by_hash(name) for name in names]
        concerns = [one for one in found if one is not None and one.kind is Kind.CONCERN]
        index = arrival.proven.index
        return [*concerns, *(reply for one in concerns for reply in self._book.added_to(one, index))]

    def _keep(
        self, arrival: Arrival, opened: Opened, verdict: str, about: StatementHash | None = None
    ) -> Message:
        claims, codes = arrival.statement.claims, opened.codes or {}
        parent = self._book.by_hash(claims.irt)
        message = Message(
            hash=arrival.statement.hash,
            jti=claims.jti,
            own=False,
            kind=claims.kind,
            party=claims.iss,
            inbox=opened.inbox,
            txn=Txn(str(codes.get("txn") or new_uuid7(now()))),
            urgent=codes.get("urgency") in URGENT or (parent is not None and parent.urgent),
            about=about or claims.irt,
            reissues=claims.reissues,
            codes=opened.codes,
            content=opened.content,
            jwt=arrival.statement.jwt,
            kept_at=_to_ms(now().timestamp()),
            receipt=arrival.receipt,
            log_index=arrival.proven.index,
            verdict=verdict,
            opened=opened.opened or None,
        )
        self._book.keep(message)
        if claims.kind is Kind.CONCERN and opened.disclosures:
            self._book.keep_disclosed(message.hash, opened.disclosures)
        return message

    def _incident(self, code: str, digest: str) -> None:
        self._book.incident(code, digest, _to_ms(now().timestamp()))


def _check_approves(approval: Arrival, held: Arrival) -> None:
    """That an approval is one, by the held statement's own agency, and of exactly that statement."""
    claims = approval.statement.claims
    if claims.kind is not Kind.APPROVAL:
        raise MalformedError("body", "what came as an approval is none", pointer="/approval")
    codes = parse_codes(Kind.APPROVAL, match(approval.statement, approval.body) or {})
    fits = isinstance(codes, ApprovalCodes) and codes.approves == held.statement.hash
    if not fits or claims.iss != held.statement.claims.iss:
        raise MismatchError("mismatch", "the approval is of something else", pointer="/approval")


def _delivery_of(message: Message, opened: Opened) -> Letter:
    """The word that every statement but a ``delivery`` is owed: we have it, and found it so."""
    codes: JsonObject = {
        "txn": message.txn,
        "actor": None,
        "opened": opened.opened,
        "rules": dict(opened.rules),
    }
    to = Address(message.party)
    return Letter(Kind.DELIVERY, to, message.txn, message.urgent, codes, about=message.hash)


def _to_ms(seconds: float) -> int:
    return int(seconds * 1000)
