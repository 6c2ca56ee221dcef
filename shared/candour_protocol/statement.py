"""A statement: one signed message, and the body that carries it beside what it only names by digest.

A hand-written flat SD-JWT (RFC 9901) over a compact JWS (RFC 7515) with Ed25519 (RFC 9864). The bytes that
arrive are checked, hashed and kept; nothing is serialised again to be checked. Source: protocol section 3.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from candour_protocol import base64url, disclosures, ids, sealing, strict_json
from candour_protocol.claims import Claims, SealedRef, check_lifetime, read_claims, write_claims
from candour_protocol.disclosures import CODES, fresh_salt
from candour_protocol.errors import CourierError, MalformedError, MismatchError, UnauthenticError
from candour_protocol.ids import GATEWAY, AgencyId, Jti, Kid, StatementHash
from candour_protocol.keys import SealKey, SigningKey, VerifyKey
from candour_protocol.kinds.lists import OPTIONAL_T1, PLAIN, T1, T2, Kind, digest_count
from candour_protocol.sealing import Envelope
from candour_protocol.strict_json import JsonObject, JsonValue

__all__ = [
    "MAX_BODY",
    "MAX_JWT",
    "MAX_STORY",
    "Body",
    "Claims",
    "Draft",
    "Issued",
    "SealedRef",
    "Statement",
    "authenticate",
    "check_lifetime",
    "issue",
    "match",
    "parse",
]

MAX_BODY = 96 * 1024  # bytes
MAX_STORY = 32 * 1024  # bytes of T2 as UTF-8 JSON; whoever writes checks it. Source: protocol section 5
MAX_JWT = 4 * 1024  # characters

_ALGORITHM = "Ed25519"
_TYPE = "candour-msg+sd-jwt"
_SEGMENTS = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """An issuer JWT that is well formed; ``authenticate`` says whether its issuer made it.

    Attributes:
        hash: base64url SHA-256 of ``jwt``: its name everywhere.
        signing_input: the exact bytes that ``signature`` is over.
    """

    jwt: str
    kid: Kid
    claims: Claims
    hash: StatementHash
    signing_input: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """What travels: an issuer JWT, T1 disclosures as sent, and the sealed part (compact JWE, or empty)."""

    jwt: str
    disclosures: tuple[str, ...]
    sealed: str

    @property
    def members(self) -> dict[str, JsonValue]:
        """The wire body's members."""
        return {"statement": "~".join((self.jwt, *self.disclosures, "")), "sealed": self.sealed}


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be stated, before it is signed and sealed.

    Attributes:
        iat: seconds since 1970; so is ``exp``.
        codes: T1 fields by name; those left out become null.
        content: T2 fields by name; those left out become null.
        facts: the plain claims of a ``registry`` statement.
        erases: of an ``erasure``, the statements that it names.
    """

    net: str
    iss: AgencyId
    aud: AgencyId
    jti: Jti
    iat: int
    exp: int
    kind: Kind
    codes: JsonObject | None = None
    content: JsonObject | None = None
    irt: StatementHash | None = None
    reissues: StatementHash | None = None
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    erases: tuple[StatementHash, ...] = ()


@dataclass(frozen=True, slots=True)
class Issued:
    """A statement with the body that carries it."""

    statement: Statement
    body: Body

    @property
    def raw(self) -> bytes:
        """The bytes of the wire body."""
        return strict_json.dumps(self.body.members).encode("ascii")


def parse(jwt: str) -> Statement:
    """Read an issuer JWT.

    Raises:
        MalformedError: ``size``, ``base64url``, ``json``, ``header``, ``claims`` or ``unknown-kind``.
    """
    if len(jwt) > MAX_JWT:
        raise MalformedError("size", f"an issuer JWT has at most {MAX_JWT} characters")
    segments = jwt.split(".")
    if len(segments) != _SEGMENTS or not jwt.isascii():
        raise MalformedError("header", "not a compact JWS")
    header, payload, signature = segments
    kid = _read_header(header)
    claims = read_claims(strict_json.load_object(base64url.decode(payload)))
    raw = jwt.encode("ascii")
    return Statement(
        jwt=jwt,
        kid=kid,
        claims=claims,
        hash=StatementHash(ids.sha256_text(raw)),
        signing_input=raw[: len(header) + 1 + len(payload)],
        signature=base64url.decode(signature),
    )


def authenticate(statement: Statement, key: VerifyKey) -> None:
    """Check that the holder of this key signed exactly these bytes.

    Raises:
        UnauthenticError: ``signature``; also where the header names another key.
    """
    if statement.kid != key.kid:
        raise UnauthenticError("signature", "the statement names another key")
    key.verify(statement.signature, statement.signing_input)


def match(statement: Statement, body: Body) -> JsonObject | None:
    """Match a body to its statement, and return the value of ``codes``: None for a kind without disclosures.

    The field names inside ``codes`` are for ``kinds.parse_codes`` to judge.

    Raises:
        CourierError: ``body-mismatch``; what came is not what was signed, so its author did not send it.
        MismatchError: ``mismatch``; it is what was signed, and does not fit together.
    """
    claims = statement.claims
    sent = _codes_sent(statement, body)
    sealing.check_sealed(claims, body.sealed)
    if len(claims.sd) != digest_count(claims.kind) or len(set(claims.sd)) != len(claims.sd):
        raise MismatchError("mismatch", "not as many digests as this kind of statement has", pointer="/_sd")
    return None if sent is None else _read_codes(sent)


def issue(
    draft: Draft,
    signer: SigningKey,
    seal_to: SealKey | None,
    *,
    salts: Callable[[], bytes] = fresh_salt,
) -> Issued:
    """Sign and seal a draft, once: every call makes another statement, even under the same ``jti``.

    Args:
        seal_to: the key of the inbox addressed; None for a kind without a narrative.
        salts: 16 fresh random bytes at each call; for test vectors something else.

    Raises:
        MalformedError: ``too-large``, or what the recipients' loader would refuse too.
        MismatchError: ``mismatch`` or ``form``; a draft that does not fit its kind.
    """
    codes, content = _all_codes(draft), _all_fields(draft.content, T2[draft.kind])
    _refuse_unreadable(codes, content)
    shown = () if draft.kind in PLAIN else (disclosures.make(CODES, codes, salts()),)
    hidden = [disclosures.make(name, value, salts()) for name, value in content.items()]
    if draft.aud == GATEWAY and any(value is not None for value in content.values()):
        raise MismatchError("mismatch", "a narrative for the gateway, which can open none")
    sealed, reference = _seal(draft, hidden, seal_to)
    claims = _claims(draft, sorted(map(disclosures.digest, (*shown, *hidden))), reference)
    check_lifetime(claims)
    statement = parse(_sign(claims, signer))
    return Issued(statement, Body(statement.jwt, shown, sealed))


@functools.lru_cache(maxsize=1024)
def _read_header(segment: str) -> Kid:
    """The key id of a header that says exactly what it must; kept, as there are only as many as keys."""
    header = strict_json.load_object(base64url.decode(segment))
    kid = header.get("kid")
    if not isinstance(kid, str) or not ids.is_hash(kid) or header != _header(Kid(kid)):
        raise MalformedError("header", f"the header is not exactly alg {_ALGORITHM}, typ {_TYPE} and a kid")
    return Kid(kid)


def _header(kid: Kid) -> JsonObject:
    return {"alg": _ALGORITHM, "kid": kid, "typ": _TYPE}


def _codes_sent(statement: Statement, body: Body) -> str | None:
    """The one T1 disclosure of a body, None for a kind without; its digest was signed."""
    shown = 0 if statement.claims.kind in PLAIN else 1
    if body.jwt != statement.jwt or len(body.disclosures) != shown:
        raise CourierError("body-mismatch", "not as many disclosures as this kind of statement is sent with")
    if not shown:
        return None
    text = body.disclosures[0]
    if not text.isascii() or disclosures.digest(text) not in statement.claims.sd:
        raise CourierError("body-mismatch", "a disclosure is not the one that was signed")
    return text


def _read_codes(text: str) -> JsonObject:
    disclosure = disclosures.read_signed(text)
    if disclosure.name != CODES or not isinstance(disclosure.value, dict):
        raise MismatchError("mismatch", "the disclosure beside the statement is not its codes")
    return disclosure.value


def _all_codes(draft: Draft) -> JsonObject:
    """T1; what a kind may have besides stands there only where it says something."""
    given = draft.codes or {}
    extra = {name: given[name] for name in OPTIONAL_T1.get(draft.kind, ()) if name in given}
    rest = {name: value for name, value in given.items() if name not in extra}
    return _all_fields(rest, T1[draft.kind]) | extra


def _all_fields(given: JsonObject | None, names: tuple[str, ...]) -> JsonObject:
    fields = given or {}
    if not fields.keys() <= set(names):
        raise MismatchError("mismatch", "a field that this kind of statement does not have")
    return {name: fields.get(name) for name in names}


def _refuse_unreadable(codes: JsonObject, content: JsonObject) -> None:
    """Sign nothing that a recipient's strict loader would refuse; T1 and T2 names are disjoint."""
    raw = strict_json.dumps_utf8({CODES: codes, **content})
    disclosures.refuse_reserved(raw, strict_json.loads(raw))


def _seal(draft: Draft, hidden: list[str], key: SealKey | None) -> tuple[str, SealedRef | None]:
    if sealing.has_narrative(draft.kind, draft.aud) != (key is not None):
        raise MismatchError("mismatch", "a kind is sealed to somebody exactly if it has a narrative")
    if key is None:
        return "", None
    text = sealing.seal(hidden, Envelope(key.kid, draft.iss, draft.aud, draft.jti), key)
    return text, SealedRef(key.kid, ids.sha256_text(text.encode("ascii")))


def _claims(draft: Draft, digests: list[StatementHash], sealed: SealedRef | None) -> Claims:
    return Claims(
        net=draft.net,
        iss=draft.iss,
        aud=draft.aud,
        jti=draft.jti,
        iat=draft.iat,
        exp=draft.exp,
        kind=draft.kind,
        irt=draft.irt,
        reissues=draft.reissues,
        sd=tuple(digests),
        sealed=sealed,
        facts=draft.facts,
        erases=draft.erases,
    )


def _sign(claims: Claims, signer: SigningKey) -> str:
    signed = f"{_segment(_header(signer.public.kid))}.{_segment(write_claims(claims))}"
    return f"{signed}.{base64url.encode(signer.sign(signed.encode('ascii')))}"


def _segment(value: JsonObject) -> str:
    return base64url.encode(strict_json.dumps(value).encode("ascii"))
