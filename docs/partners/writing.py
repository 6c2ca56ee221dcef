"""Statements of this agency: signed and sealed once, and put in the outbox in the same transaction.

What people write comes as a ``Letter``; what the protocol adds to it is added here: thread, pseudonym, child
tokens, what the rules found, and for a request the concerns that it rests on.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from candour_protocol import rules
from candour_protocol.children import RANDOM_BYTES, child_tokens, request_tokens, tokens_in
from candour_protocol.claims import MAX_LIFETIME
from candour_protocol.errors import MalformedError
from candour_protocol.ids import (
    GATEWAY,
    GENERAL,
    Address,
    Jti,
    StatementHash,
    Txn,
    new_uuid7,
    parse_address,
)
from candour_protocol.keys import SealKey
from candour_protocol.kinds import (
    T1,
    T2,
    Kind,
    Person,
    RequestContent,
    parse_codes,
    parse_content,
)
from candour_protocol.matters import read_matter
from candour_protocol.statement import Draft, issue, parse
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport.topology import submit_key

from book import Book, Message
from directory import Directory
from office import Office, now

URGENT = ("EMERGENCY", "RED")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be stated.

    Attributes:
        about: what it answers, approves or reports as delivered.
        waits: own statements whose receipts must be held before this one may leave.
        iat: seconds since 1970; this machine's clock if not given.
    """

    kind: Kind
    to: Address
    txn: Txn
    urgent: bool
    codes: JsonObject
    content: JsonObject = field(default_factory=dict)
    about: StatementHash | None = None
    waits: tuple[StatementHash, ...] = ()
    reissues: StatementHash | None = None
    iat: int | None = None


class Desk:
    """Where statements are written."""

    def __init__(self, office: Office, book: Book, directory: Directory) -> None:
        self._office = office
        self._book = book
        self._directory = directory

    # -- what people say --------------------------------------------------------------------------------

    def tell(self, given: Mapping[str, Any]) -> Letter:
        """A concern. It is never refused for what it says.

        Args:
            given: ``{"to", "staff_id", "codes", "content"}``, and ``"thread"`` to go on in one.
        """
        to = parse_address(given["to"])
        txn = Txn(given.get("thread") or new_uuid7(now()))
        content = parse_content(Kind.CONCERN, given["content"], partial=True).model_dump(exclude_none=True)
        subject = Person.model_validate(content.get("subject") or {})
        tokens = child_tokens(subject, self._office.partnership, secrets.token_bytes(RANDOM_BYTES))
        codes: JsonObject = dict(given["codes"]) | {
            "txn": txn,
            "actor": self._office.actor(txn, given.get("staff_id")),
            "child": list(tokens),
            "inbox": to.inbox,
        }
        codes = _whole(Kind.CONCERN, {"categories": [], "marks": [], **codes})
        codes["checks"] = self._checks(Kind.CONCERN, codes, content, ())
        return Letter(Kind.CONCERN, to, txn, codes["urgency"] in URGENT, codes, content)

    def ask(self, given: Mapping[str, Any]) -> Letter:
        """A request, which cites concerns that its holder was told. It leaves once their receipts are held.

        Args:
            given: ``{"to", "staff_id", "concerns": [ids], "countersigned_by"?, "codes", "content"}``.
        """
        to = parse_address(given["to"])
        cited = [self._found(jti) for jti in given.get("concerns", [])]
        txn = cited[0].txn if cited else Txn(new_uuid7(now()))
        content = parse_content(Kind.REQUEST, given["content"], partial=True)
        codes = self._request_codes(given, to, txn, content, cited)
        dumped = content.model_dump(exclude_none=True)
        codes["checks"] = self._checks(Kind.REQUEST, codes, dumped, cited)
        waits = tuple(one.hash for one in cited if one.own)
        return Letter(Kind.REQUEST, to, txn, codes["urgency"] in URGENT, codes, dumped, waits=waits)

    def respond(self, kind: Kind, about: Message, given: Mapping[str, Any]) -> Letter:
        """An answer, acknowledgement, decision, reply, outcome or approval, about a statement in the book.

        Args:
            given: ``{"staff_id", "countersigned_by"?, "codes"?, "content"}``.
        """
        txn, content = about.txn, dict(given.get("content") or {})
        codes: JsonObject = dict(given.get("codes") or {}) | {
            "txn": txn,
            "actor": self._office.actor(txn, given.get("staff_id")),
        }
        if kind is Kind.APPROVAL:
            codes["approves"] = about.hash
        if kind is Kind.ANSWER:
            codes["countersigned"] = self._office.actor(txn, given.get("countersigned_by"))
        codes = _whole(kind, codes)
        if kind is Kind.ANSWER:
            codes["checks"] = self._checks(kind, codes, content, ())
        to = Address(about.party, about.inbox if about.own else GENERAL)
        waits = (about.hash,) if about.own else ()
        return Letter(kind, to, txn, about.urgent, codes, content, about.hash, waits)

    def _request_codes(
        self,
        given: Mapping[str, Any],
        to: Address,
        txn: Txn,
        content: Any,
        cited: Sequence[Message],
    ) -> JsonObject:
        assert isinstance(content, RequestContent)  # noqa: S101 - narrows the type
        own = child_tokens(
            content.subject or Person(), self._office.partnership, secrets.token_bytes(RANDOM_BYTES)
        )
        joined = request_tokens(own, [tokens_in(one.codes) for one in cited])
        codes: JsonObject = dict(given["codes"]) | {
            "txn": txn,
            "actor": self._office.actor(txn, given.get("staff_id")),
            "countersigned": self._office.actor(txn, given.get("countersigned_by")),
            "child": list(joined),
            "concern_refs": [one.hash for one in cited],
            "inbox": to.inbox,
            "author_level": content.author.training_level if content.author else None,
            "still_current": rules.still_current(content, self._directory.policy),
        }
        return _whole(Kind.REQUEST, {"asked": [], **codes})

    def _checks(
        self, kind: Kind, codes: JsonObject, content: JsonObject, cited: Sequence[Message]
    ) -> JsonObject:
        """What the rules found that only the author can run: attested, never hidden. The gateway judges."""
        told = [read_matter(one.kind, one.codes or {}, one.content or {}) for one in cited]
        matter, iat = read_matter(kind, codes, content), int(now().timestamp())
        return dict(rules.check_matter(matter, told, iat, self._directory.policy).checks)

    def _found(self, jti: str) -> Message:
        found = self._book.by_jti(jti)
        if found is None or found.kind is not Kind.CONCERN:
            raise MalformedError("concern", "no concern of this id was told or heard here")
        return found

    # -- what the machine does ----------------------------------------------------------------------------

    def write(self, letter: Letter, once: str | None = None) -> Message:
        """Sign, seal, keep and offer a letter, inside the caller's transaction: these bytes, for ever."""
        instant = now()
        iat = int(instant.timestamp()) if letter.iat is None else letter.iat
        draft = Draft(
            net=self._office.net,
            iss=self._office.agency,
            aud=letter.to.agency,
            jti=Jti(new_uuid7(instant)),
            iat=iat,
            exp=iat + int(MAX_LIFETIME.total_seconds()),
            kind=letter.kind,
            codes=letter.codes,
            content=letter.content,
            irt=None if letter.kind is Kind.APPROVAL else letter.about,
            reissues=letter.reissues,
        )
        issued = issue(draft, self._office.sign, self._seal_to(letter))
        message = _kept(letter, draft.jti, issued.statement.jwt, int(instant.timestamp() * 1000))
        self._book.keep(message, once)
        key = submit_key(self._office.agency, letter.kind, letter.urgent)
        self._book.offer(draft.jti, key, issued.raw, letter.waits)
        return message

    def reissue(self, message: Message, iat: int | None = None) -> bool:
        """Say the same under another id: after ``clock``, or sealed to the key that its recipient has now.

        ``False`` where nothing would differ; then people have to talk.
        """
        to = Address(message.party, message.inbox)
        key, sealed = self._directory.seal_to(to), parse(message.jwt).claims.sealed
        if iat is None and (key is None or sealed is None or key.kid == sealed.kid):
            return False
        codes, content = message.codes or {}, message.content or {}
        refs = codes.get("concern_refs")
        waits = tuple(StatementHash(str(ref)) for ref in refs) if isinstance(refs, list) else ()
        letter = Letter(
            message.kind, to, message.txn, message.urgent, codes, content, message.about, waits,
            message.hash, iat,
        )  # fmt: skip
        self.write(letter)
        self._book.settle(message.jti)
        return True

    def _seal_to(self, letter: Letter) -> SealKey | None:
        if not T2[letter.kind] or letter.to.agency == GATEWAY:
            return None
        key = self._directory.seal_to(letter.to)
        if key is None:
            raise MalformedError("recipient", "nobody is known under this recipient")
        return key


def _kept(letter: Letter, jti: Jti, jwt: str, at: int) -> Message:
    return Message(
        hash=parse(jwt).hash,
        jti=jti,
        own=True,
        kind=letter.kind,
        party=letter.to.agency,
        inbox=letter.to.inbox,
        txn=letter.txn,
        urgent=letter.urgent,
        about=letter.about,
        reissues=letter.reissues,
        codes=letter.codes,
        content=letter.content,
        jwt=jwt,
        kept_at=at,
    )


def _whole(kind: Kind, codes: JsonObject) -> JsonObject:
    """Every T1 field of the kind, absent ones null; the gateway judges what is missing, not this script."""
    parse_codes(kind, dict.fromkeys(T1[kind]) | codes)
    return dict.fromkeys(T1[kind]) | codes
