"""Signed notes: text that people can read and machines can check. Source: C2SP signed-note.

Only Ed25519 (signature type 1) is made and checked here; lines by unknown keys, such as witnesses', are
passed over, as the specification demands.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from dataclasses import dataclass

from candour_protocol.errors import MalformedError, ProofError, UnauthenticError
from candour_protocol.keys import SigningKey, VerifyKey

ED25519 = b"\x01"
MAX_NOTE = 256 * 1024
MAX_SIGNATURES = 64

_NAME = re.compile(r"[^\s+\x00-\x1f]+\Z")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\Z")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_ID_SIZE = 4
_KEY_SIZE = 32
_PRIVATE = "PRIVATE+KEY+"


def encode_base64(raw: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4), as C2SP formats use it."""
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Decode standard base64, refusing everything but the one canonical text of the bytes.

    Raises:
        ProofError: ``base64``.
    """
    try:
        raw = binascii.a2b_base64(text)  # skips what is no base64; the comparison below does not
    except ValueError:
        raise ProofError("base64", "not base64") from None
    if encode_base64(raw) != text:
        raise ProofError("base64", "not the canonical base64 of its bytes")
    return raw


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that, with the name, point out an Ed25519 key."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:_ID_SIZE]


def parse_key_name(name: str) -> str:
    """A key's name: not empty, without spaces, plus signs or control characters.

    Raises:
        MalformedError: ``key-name``.
    """
    if not _NAME.match(name):
        raise MalformedError("key-name", "a key's name has no spaces and no plus sign")
    return name


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half of a log's key, with the name it signs under."""

    name: str
    key: VerifyKey

    @classmethod
    def from_vkey(cls, vkey: str) -> Verifier:
        """Read ``<name>+<hex key id>+<base64 of type and key>``.

        Raises:
            MalformedError: ``vkey`` or ``weak-key``.
        """
        name, id_text, encoded = _three_parts(vkey.strip(), "vkey")
        public = _material(encoded, "vkey")
        if id_text != key_id(name, public).hex():
            raise MalformedError("vkey", "its key id does not belong to its name and key; was it cut short?")
        return cls(name, VerifyKey.from_raw(public))

    @property
    def id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return key_id(self.name, self.key.raw)

    @property
    def vkey(self) -> str:
        """The text by which it is handed out."""
        return f"{self.name}+{self.id.hex()}+{encode_base64(ED25519 + self.key.raw)}"


def _three_parts(text: str, code: str) -> tuple[str, str, str]:
    parts = text.split("+", 2)
    if len(parts) != 3 or not _NAME.match(parts[0]):
        raise MalformedError(code, "not of the form name+id+key")
    return parts[0], parts[1], parts[2]


def _material(encoded: str, code: str) -> bytes:
    """The 32 bytes behind the type of an Ed25519 key."""
    try:
        raw = decode_base64(encoded)
    except ProofError:
        raise MalformedError(code, "the key in it is not base64") from None
    if raw[:1] != ED25519 or len(raw) != 1 + _KEY_SIZE:
        raise MalformedError(code, "not an Ed25519 note key")
    return raw[1:]


class Signer:
    """A log's signing key, with the name it signs under."""

    __slots__ = ("_key", "_prefix", "verifier")

    def __init__(self, name: str, key: SigningKey) -> None:
        self._key = key
        self.verifier = Verifier(parse_key_name(name), key.public)
        self._prefix = self.verifier.id

    @classmethod
    def from_skey(cls, skey: str) -> Signer:
        """Read ``PRIVATE+KEY+<name>+<hex key id>+<base64 of type and seed>``, as Go's note package writes it.

        Raises:
            MalformedError: ``skey``.
        """
        if not skey.startswith(_PRIVATE):
            raise MalformedError("skey", "not a note's signing key")
        name, id_text, encoded = _three_parts(skey.strip().removeprefix(_PRIVATE), "skey")
        signer = cls(name, SigningKey.from_seed(_material(encoded, "skey")))
        if id_text != signer.verifier.id.hex():
            raise MalformedError("skey", "its key id does not belong to its name and key")
        return signer

    @property
    def skey(self) -> str:
        """The text by which it is kept; secret."""
        seed = encode_base64(ED25519 + self._key.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{seed}"

    @property
    def name(self) -> str:
        """The name that stands in the signature line."""
        return self.verifier.name

    def sign(self, text: str) -> str:
        """The note: ``text``, a blank line, one signature line.

        Raises:
            MalformedError: ``note``, if the text does not end in a newline or has control characters.
        """
        if not text.endswith("\n") or _CONTROL.search(text):
            raise MalformedError("note", "a note's text ends in a newline and has no control characters")
        signature = encode_base64(self._prefix + self._key.sign(text.encode()))
        return f"{text}\n— {self.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, not yet checked."""

    name: str
    id: bytes
    signature: bytes


def split_note(note: str) -> tuple[str, tuple[Signature, ...]]:
    """A note's text (with its last newline) and its signature lines; nothing is verified.

    Raises:
        ProofError: ``note``.
    """
    if len(note) > MAX_NOTE or _CONTROL.search(note) or not _encodes(note):
        raise ProofError("note", "not a signed note: too large, or with control characters")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or lines.count("\n") > MAX_SIGNATURES:
        raise ProofError("note", "not a signed note: no signature lines behind a blank line")
    return text + "\n", tuple(map(_signature, lines[:-1].split("\n")))


def _encodes(text: str) -> bool:
    """Whether it is UTF-8 at all; a lone surrogate is not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _signature(line: str) -> Signature:
    found = _SIGNATURE.match(line)
    raw = decode_base64(found[2]) if found else b""
    if not found or len(raw) <= _ID_SIZE:
        raise ProofError("note", "not a signed note: a signature line is not in form")
    return Signature(found[1], raw[:_ID_SIZE], raw[_ID_SIZE:])


def open_note(note: str, verifier: Verifier) -> str:
    """The text of a note that ``verifier`` signed. Lines by other keys are passed over.

    Raises:
        ProofError: ``note``, ``base64``, ``unsigned`` (not by this key), ``signature`` (by it, wrongly).
    """
    text, signatures = split_note(note)
    expected = verifier.id
    known = [each for each in signatures if (each.name, each.id) == (verifier.name, expected)]
    if not known:
        raise ProofError("unsigned", "it is not signed by the key that was given")
    for each in known:
        try:
            verifier.key.verify(each.signature, text.encode())
        except UnauthenticError:
            raise ProofError("signature", "the signature under it is wrong") from None
    return text
