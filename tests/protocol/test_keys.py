"""Keys are named by thumbprint; those that anybody could use are refused wherever one enters."""

from __future__ import annotations

import pytest
from candour_protocol import base64url
from candour_protocol.errors import MalformedError, UnauthenticError
from candour_protocol.keys import OpeningKey, SealKey, SigningKey, VerifyKey

P = 2**255 - 19
TOP = 1 << 255

# The eight points of small order of edwards25519: y, with either sign of x.
ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
SMALL_Y = [0, 1, P - 1, ORDER_8, P - ORDER_8]

# RFC 7748 has no list; these are the u of the points of small order on the curve and its twist.
SMALL_U = [
    0,
    1,
    P - 1,
    int.from_bytes(
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"), "little"
    ),
]


def thirty_two(number: int) -> bytes:
    return number.to_bytes(32, "little")


def test_a_thumbprint_is_that_of_rfc_8037() -> None:
    key = VerifyKey.from_jwk(
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    )

    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_signature_is_that_of_rfc_8032() -> None:
    key = SigningKey.from_jwk(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }
    )

    signature = key.sign(b"")

    assert signature.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    key.public.verify(signature, b"")


def test_keys_survive_their_jwks() -> None:
    signing, opening = SigningKey.generate(), OpeningKey.generate()

    assert SigningKey.from_jwk(signing.private_jwk).sign(b"x") == signing.sign(b"x")
    assert VerifyKey.from_jwk(signing.public.jwk) == signing.public == VerifyKey.from_raw(signing.public.raw)
    assert OpeningKey.from_jwk(opening.private_jwk).public == opening.public
    assert SealKey.from_jwk(opening.public.jwk) == opening.public


def test_a_private_key_is_never_shown() -> None:
    signing, opening = SigningKey.generate(), OpeningKey.generate()

    assert str(signing.private_jwk["d"]) not in repr(signing)
    assert str(opening.private_jwk["d"]) not in repr(opening)


@pytest.mark.parametrize("message", [b"", b"other"])
def test_a_signature_over_other_bytes_does_not_verify(message: bytes) -> None:
    key = SigningKey.generate()

    with pytest.raises(UnauthenticError, match="signature"):
        key.public.verify(key.sign(b"one"), message)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_does_not_verify(length: int) -> None:
    with pytest.raises(UnauthenticError, match="signature"):
        SigningKey.generate().public.verify(bytes(length), b"one")


def test_a_signature_with_the_order_added_to_s_does_not_verify() -> None:
    key, order = SigningKey.generate(), 2**252 + 27742317777372353535851937790883648493
    signature = key.sign(b"one")

    other = signature[:32] + thirty_two(int.from_bytes(signature[32:], "little") + order)

    with pytest.raises(UnauthenticError, match="signature"):
        key.public.verify(other, b"one")


@pytest.mark.parametrize("y", SMALL_Y)
@pytest.mark.parametrize("sign", [0, TOP])
def test_a_verify_key_of_small_order_is_refused(y: int, sign: int) -> None:
    with pytest.raises(MalformedError, match="weak-key"):
        VerifyKey.from_raw(thirty_two(y | sign))


@pytest.mark.parametrize("y", [P, P + 1, P + 3, P + 18])
@pytest.mark.parametrize("sign", [0, TOP])
def test_a_verify_key_that_is_not_canonical_is_refused(y: int, sign: int) -> None:
    with pytest.raises(MalformedError, match="weak-key"):
        VerifyKey.from_raw(thirty_two(y | sign))


def test_a_verify_key_that_is_no_point_is_refused() -> None:
    with pytest.raises(MalformedError, match="weak-key"):
        VerifyKey.from_raw(thirty_two(2))


@pytest.mark.parametrize("u", [*SMALL_U, P, P + 1, P + 18, TOP, TOP | 9])
def test_a_seal_key_of_small_order_or_not_canonical_is_refused(u: int) -> None:
    with pytest.raises(MalformedError, match="weak-key"):
        SealKey.from_jwk({"kty": "OKP", "crv": "X25519", "x": base64url.encode(thirty_two(u))})


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "EC"},
        {"kty": "oct"},
        {"crv": "X25519"},
        {"crv": "Ed448"},
        {"x": None},
        {"x": 1},
        {"x": ""},
        {"x": "AAAA"},
        {"kid": "mine"},
        {"x5u": "https://keys.example"},
        {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
    ],
)
def test_a_jwk_with_other_members_or_values_is_refused(change: dict[str, object]) -> None:
    jwk = {**SigningKey.generate().public.jwk, **change}

    with pytest.raises(MalformedError, match="jwk"):
        VerifyKey.from_jwk(jwk)


def test_a_padded_key_is_refused() -> None:
    jwk = SigningKey.generate().public.jwk

    with pytest.raises(MalformedError, match="base64url"):
        VerifyKey.from_jwk({**jwk, "x": f"{jwk['x']}="})


def test_a_private_jwk_whose_halves_do_not_belong_together_is_refused() -> None:
    stranger = SigningKey.generate().public.jwk["x"]

    with pytest.raises(MalformedError, match="does not belong"):
        SigningKey.from_jwk({**SigningKey.generate().private_jwk, "x": stranger})
