"""Ed25519 keys that sign and X25519 keys that seal, as OKP JWKs named by their thumbprint.

Public keys of small order, non-canonical ones and those that are no point of the curve are refused wherever
one enters. Source: protocol section 2, RFC 7638, RFC 8037.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from candour_protocol import base64url, ids, strict_json
from candour_protocol.errors import MalformedError, UnauthenticError
from candour_protocol.ids import Kid
from candour_protocol.strict_json import JsonObject

_KEY_BYTES = 32
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P  # the constant of edwards25519, RFC 8032 section 5.1

# y of the eight points whose order divides 8; both signs of x share it.
_ED25519_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_ED25519_SMALL = frozenset({0, 1, _P - 1, _ED25519_ORDER_8, _P - _ED25519_ORDER_8})

# u of the points of small order on the curve and its twist, RFC 7748 section 6.1.
_X25519_SMALL = frozenset(
    {
        0,
        1,
        _P - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half of a signing key; equal when the bytes are."""

    raw: bytes
    kid: Kid = field(init=False)
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _refuse_weak_ed25519(self.raw)
        object.__setattr__(self, "kid", _thumbprint("Ed25519", self.raw))
        object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.raw))

    @classmethod
    def from_raw(cls, raw: bytes) -> VerifyKey:
        """Take 32 bytes as a key.

        Raises:
            MalformedError: ``weak-key``.
        """
        return cls(raw)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> VerifyKey:
        """Read a public JWK of exactly ``kty crv x``.

        Raises:
            MalformedError: ``jwk`` or ``weak-key``.
        """
        return cls(_public_bytes(jwk, "Ed25519"))

    @property
    def jwk(self) -> JsonObject:
        """The public JWK."""
        return _public_jwk("Ed25519", self.raw)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check an Ed25519 signature over exactly these bytes.

        Raises:
            UnauthenticError: ``signature``.
        """
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            raise UnauthenticError("signature", "the signature is not one by this key") from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key pair; never shown by ``repr``."""

    _key: Ed25519PrivateKey = field(repr=False, compare=False)
    public: VerifyKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public", VerifyKey(self._key.public_key().public_bytes_raw()))

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh key pair."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> SigningKey:
        """Read a private JWK of exactly ``kty crv x d``, whose halves belong together.

        Raises:
            MalformedError: ``jwk`` or ``weak-key``.
        """
        public, private = _private_bytes(jwk, "Ed25519")
        key = cls(Ed25519PrivateKey.from_private_bytes(private))
        _refuse_strangers(key.public.raw, public)
        return key

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """The key pair that these 32 bytes make (RFC 8032 section 5.1.5)."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes."""
        return self._key.private_bytes_raw()

    @property
    def private_jwk(self) -> JsonObject:
        """The whole key pair, for a file that only its owner reads."""
        return {**self.public.jwk, "d": base64url.encode(self.seed)}

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature; the same message gives the same bytes."""
        return self._key.sign(message)


@dataclass(frozen=True, slots=True)
class SealKey:
    """The public key of an inbox; equal when the bytes are."""

    raw: bytes
    kid: Kid = field(init=False)

    def __post_init__(self) -> None:
        _refuse_weak_x25519(self.raw)
        object.__setattr__(self, "kid", _thumbprint("X25519", self.raw))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> SealKey:
        """Read a public JWK of exactly ``kty crv x``.

        Raises:
            MalformedError: ``jwk`` or ``weak-key``.
        """
        return cls(_public_bytes(jwk, "X25519"))

    @property
    def jwk(self) -> JsonObject:
        """The public JWK."""
        return _public_jwk("X25519", self.raw)

    @property
    def exchange_key(self) -> X25519PublicKey:
        """What a key agreement takes."""
        return X25519PublicKey.from_public_bytes(self.raw)


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """The X25519 key pair of an inbox; never shown by ``repr``."""

    exchange_key: X25519PrivateKey = field(repr=False, compare=False)
    public: SealKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public", SealKey(self.exchange_key.public_key().public_bytes_raw()))

    @classmethod
    def generate(cls) -> OpeningKey:
        """A fresh key pair."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> OpeningKey:
        """Read a private JWK of exactly ``kty crv x d``, whose halves belong together.

        Raises:
            MalformedError: ``jwk`` or ``weak-key``.
        """
        public, private = _private_bytes(jwk, "X25519")
        key = cls(X25519PrivateKey.from_private_bytes(private))
        _refuse_strangers(key.public.raw, public)
        return key

    @property
    def private_jwk(self) -> JsonObject:
        """The whole key pair, for a file that only its owner reads."""
        return {**self.public.jwk, "d": base64url.encode(self.exchange_key.private_bytes_raw())}


def check_seal_jwk(jwk: Mapping[str, object]) -> None:
    """Refuse an X25519 JWK that could not be a ``SealKey``, without making one: a sealed part's ``epk``.

    Raises:
        MalformedError: ``jwk`` or ``weak-key``.
    """
    _refuse_weak_x25519(_public_bytes(jwk, "X25519"))


def _public_jwk(curve: str, raw: bytes) -> JsonObject:
    return {"crv": curve, "kty": "OKP", "x": base64url.encode(raw)}


def _thumbprint(curve: str, raw: bytes) -> Kid:
    """RFC 7638 section 3: the required members in lexicographic order, which ``_public_jwk`` keeps."""
    return Kid(ids.sha256_text(strict_json.dumps(_public_jwk(curve, raw)).encode("ascii")))


def _public_bytes(jwk: Mapping[str, object], curve: str) -> bytes:
    _refuse_other_members(jwk, {"kty", "crv", "x"}, curve)
    return _key_bytes(jwk["x"])


def _private_bytes(jwk: Mapping[str, object], curve: str) -> tuple[bytes, bytes]:
    _refuse_other_members(jwk, {"kty", "crv", "x", "d"}, curve)
    return _key_bytes(jwk["x"]), _key_bytes(jwk["d"])


def _refuse_other_members(jwk: Mapping[str, object], members: set[str], curve: str) -> None:
    if not isinstance(jwk, Mapping) or jwk.keys() != members or jwk["kty"] != "OKP" or jwk["crv"] != curve:
        raise MalformedError("jwk", f"not an {curve} key of exactly {' '.join(sorted(members))}")


def _refuse_strangers(public: bytes, claimed: bytes) -> None:
    if public != claimed:
        raise MalformedError("jwk", "the public half does not belong to the private one")


def _key_bytes(text: object) -> bytes:
    raw = base64url.decode(text) if isinstance(text, str) else b""
    if len(raw) != _KEY_BYTES:
        raise MalformedError("jwk", "a key is 32 bytes in base64url")
    return raw


def _refuse_weak_ed25519(raw: bytes) -> None:
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)  # the top bit is the sign of x
    if len(raw) != _KEY_BYTES or y >= _P or y in _ED25519_SMALL or not _has_x(y):
        raise MalformedError("weak-key", "a public key that anybody could sign for")


def _has_x(y: int) -> bool:
    """Whether the curve has a point at this y: x² = (y² - 1) / (d y² + 1) by Euler's criterion."""
    square = (y * y - 1) * (_D * y * y + 1) % _P  # a quotient is a square when the product is
    return pow(square, (_P - 1) // 2, _P) == 1


def _refuse_weak_x25519(raw: bytes) -> None:
    u = int.from_bytes(raw, "little")  # the top bit set is non-canonical too
    if len(raw) != _KEY_BYTES or u >= _P or u in _X25519_SMALL:
        raise MalformedError("weak-key", "a public key that anybody could open for")
