"""Statements of this agency: signed and sealed once, and put in the outbox in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from candour_protocol import strict_json
from candour_protocol.claims import MAX_LIFETIME
from candour_protocol.errors import MalformedError
from candour_protocol.ids import GATEWAY, Address, Jti, StatementHash, Txn, new_uuid7
from candour_protocol.keys import SealKey
from candour_protocol.kinds import T2, Kind
from candour_protocol.statement import MAX_STORY, Draft, issue, parse
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

    def write(self, letter: Letter, once: str | None = None) -> Message:
        """Sign, seal, keep and offer a letter, inside the caller's transaction: these bytes, for ever.

        Raises:
            MalformedError: too much text, or nobody to seal it to.
        """
        if len(strict_json.dumps_utf8(letter.content)) > MAX_STORY:
            raise MalformedError(
                "too-large", "one statement holds at most 32 KiB of text; reply with the rest"
            )
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
