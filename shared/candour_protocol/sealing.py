"""The sealed part: T2 disclosures, encrypted to one inbox and bound to the statement that signed them.

Compact JWE, ECDH-ES with X25519, A256GCM. What the header may say is checked here, by members and values,
before joserfc sees it. Source: protocol section 3, RFC 7516, RFC 8037 section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from candour_protocol import base64url, ids, strict_json
from candour_protocol.disclosures import Disclosure, digest, read_signed
from candour_protocol.errors import CourierError, MalformedError, MismatchError, UnreadableError
from candour_protocol.ids import GATEWAY, AgencyId, Jti, Kid
from candour_protocol.keys import OpeningKey, SealKey, check_seal_jwk
from candour_protocol.kinds.lists import T2, Kind
from candour_protocol.strict_json import JsonObject

if TYPE_CHECKING:
    from candour_protocol.claims import Claims
    from candour_protocol.statement import Body, Statement

PADDED_SIZES = tuple(kibibytes * 1024 for kibibytes in (2, 8, 32, 56))  # bytes; all that a size betrays
_SEPARATOR = "~"
_SEGMENTS = 5
_MAX_HEADER = 1024  # characters


class _Registry(jwe.JWERegistry):
    max_protected_header_length = _MAX_HEADER
    max_ciphertext_length = (
        80 * 1024
    )  # characters: base64url of the largest padded size; joserfc stops at 64 Ki


_REGISTRY = _Registry(
    algorithms=["ECDH-ES", "A256GCM"],
    header_registry={name: HeaderParameter(name, "str", required=True) for name in ("iss", "aud", "jti")},
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a sealed part repeats of its statement, so that it cannot be moved under another."""

    kid: Kid
    iss: AgencyId
    aud: AgencyId
    jti: Jti

    def header(self) -> JsonObject:
        """The JWE header, but for the ephemeral key."""
        return {
            "alg": "ECDH-ES",
            "enc": "A256GCM",
            "kid": self.kid,
            "typ": "candour-sealed+jwe",
            "iss": self.iss,
            "aud": self.aud,
            "jti": self.jti,
        }


def seal(disclosures: Sequence[str], envelope: Envelope, key: SealKey) -> str:
    """Seal disclosures to an inbox; every call gives another text.

    Raises:
        MalformedError: ``too-large``; more than 56 KiB.
    """
    plaintext = _pad(_SEPARATOR.join(disclosures))
    recipient = OKPKey.import_key(key.exchange_key)
    return jwe.encrypt_compact(envelope.header(), plaintext, recipient, registry=_REGISTRY)


def has_narrative(kind: Kind, aud: AgencyId) -> bool:
    """Whether something is sealed to the recipient; never to the gateway, which holds no key that opens."""
    return bool(T2[kind]) and aud != GATEWAY


def check_sealed(claims: Claims, sealed: str) -> None:
    """Check, without opening it, that a sealed text is the signed one and its header says what was signed.

    Raises:
        CourierError: ``body-mismatch``; another text than the signed one, or none.
        MismatchError: ``mismatch``; the author sealed a kind that has nothing to seal, did not seal one that
            has, or wrote a header that differs from the claims or holds a key that anybody could open for.
    """
    signed = claims.sealed.digest if claims.sealed else None
    if (_text_digest(sealed) if sealed else None) != signed:
        raise CourierError(
            "body-mismatch", "the sealed part is not the one that was signed", pointer="/sealed"
        )
    if has_narrative(claims.kind, claims.aud) != bool(sealed):
        raise _mismatch("this kind of statement has a sealed part exactly if it has a narrative")
    if claims.sealed:
        _check_header(sealed, Envelope(claims.sealed.kid, claims.iss, claims.aud, claims.jti))


def open_sealed(statement: Statement, body: Body, keys: Mapping[Kid, OpeningKey]) -> JsonObject:
    """The narrative by field name, all fields of the kind present; empty for a kind that has none.

    Args and Raises: as ``unseal``.
    """
    return {one.name: one.value for one in unseal(statement, body, keys)}


def unseal(statement: Statement, body: Body, keys: Mapping[Kid, OpeningKey]) -> tuple[Disclosure, ...]:
    """The narrative as its disclosures, whose exact texts a relay passes on; every field of the kind once.

    Args:
        keys: this inbox's keys, those retired in the last 30 days included.

    Raises:
        CourierError: ``body-mismatch``; the sealed part is not the signed one.
        UnreadableError: ``unknown-kid`` (sealed to a key not held) or ``unreadable`` (does not decrypt).
        MismatchError: ``mismatch``; what was sealed does not fit what was signed.
    """
    claims = statement.claims
    check_sealed(claims, body.sealed)
    if claims.sealed is None:
        return ()
    key = keys.get(claims.sealed.kid)
    if key is None:
        raise UnreadableError("unknown-kid", "sealed to a key that is not held here", pointer="/sealed")
    return _fields(claims, _unpad(_decrypt(body.sealed, key)))


def _mismatch(detail: str) -> MismatchError:
    return MismatchError("mismatch", detail, pointer="/sealed")


def _text_digest(sealed: str) -> str:
    return ids.sha256_text(sealed.encode("ascii")) if sealed.isascii() else ""


def _check_header(sealed: str, envelope: Envelope) -> None:
    segments = sealed.split(".")
    if len(segments) != _SEGMENTS or len(segments[0]) > _MAX_HEADER:
        raise _mismatch("not a compact JWE")
    try:
        header = strict_json.load_object(base64url.decode(segments[0]))
        epk = header.pop("epk", None)
        check_seal_jwk(epk if isinstance(epk, dict) else {})
    except MalformedError as error:
        raise _mismatch(f"the header of the sealed part: {error.detail}") from None
    if header != envelope.header():
        raise _mismatch("the header of the sealed part is not what the statement says")


def _decrypt(sealed: str, key: OpeningKey) -> bytes:
    try:
        opened = jwe.decrypt_compact(sealed, OKPKey.import_key(key.exchange_key), registry=_REGISTRY)
    except (JoseError, ValueError):
        raise UnreadableError("unreadable", "the sealed part does not open", pointer="/sealed") from None
    opened.recipient = None  # it points back: the narrative would lie in memory until garbage is looked for
    return opened.plaintext or b""


def _pad(text: str) -> bytes:
    for size in PADDED_SIZES:
        if len(text) <= size:
            return text.ljust(size, _SEPARATOR).encode("ascii")
    raise MalformedError("too-large", "the narrative is larger than a sealed part can be")


def _unpad(plaintext: bytes) -> list[str]:
    if len(plaintext) not in PADDED_SIZES or not plaintext.isascii():
        raise _mismatch("the sealed part is not padded as it must be")
    return plaintext.decode("ascii").rstrip(_SEPARATOR).split(_SEPARATOR)


def _fields(claims: Claims, texts: list[str]) -> tuple[Disclosure, ...]:
    signed = set(claims.sd)
    if not signed.issuperset(map(digest, texts)):
        raise _mismatch("a sealed disclosure was not signed")
    opened = tuple(map(read_signed, texts))
    names = {one.name for one in opened}
    if len(texts) != len(names) or names != set(T2[claims.kind]):
        raise _mismatch("the sealed disclosures are not those of this kind")
    return opened
