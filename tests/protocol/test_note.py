"""Signed notes, against the specification's own example and against forgers."""

from __future__ import annotations

import pytest
from candour_protocol import note
from candour_protocol.errors import CandourError, MalformedError, ProofError
from candour_protocol.keys import SigningKey
from candour_protocol.note import Signer, Verifier, open_note
from hypothesis import given
from hypothesis import strategies as st

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
EXAMPLE = (
    TEXT + "\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SIGNER = Signer("log.example/one", SigningKey.from_seed(b"1" * 32))
WITNESS = Signer("witness.example", SigningKey.from_seed(b"2" * 32))


def test_the_example_of_the_specification_verifies() -> None:
    verifier = Verifier.from_vkey(VKEY)

    assert open_note(EXAMPLE, verifier) == TEXT
    assert verifier.vkey == VKEY
    assert verifier.name == "example.com/foo"


def test_a_note_opens_for_each_of_its_signers_and_for_nobody_else() -> None:
    one, two = SIGNER.sign(TEXT), WITNESS.sign(TEXT)
    both = one + two.removeprefix(TEXT + "\n")

    assert open_note(both, SIGNER.verifier) == open_note(both, WITNESS.verifier) == TEXT
    with pytest.raises(ProofError, match="unsigned"):
        open_note(one, WITNESS.verifier)
    with pytest.raises(ProofError, match="unsigned"):
        open_note(both, Signer(SIGNER.name, SigningKey.from_seed(b"3" * 32)).verifier)


def test_a_signature_under_the_right_name_over_another_text_is_wrong() -> None:
    forged = SIGNER.sign("Another text.\n").replace("Another", "An")

    with pytest.raises(ProofError, match="signature"):
        open_note(forged, SIGNER.verifier)


def test_a_note_whose_text_has_empty_lines_is_split_at_the_last_one() -> None:
    text = "one\n\ntwo\n\n"

    assert open_note(SIGNER.sign(text), SIGNER.verifier) == text


@given(st.integers(0, len(SIGNER.sign(TEXT).encode()) - 1), st.integers(0, 7))
def test_any_flipped_bit_makes_a_note_fail(at: int, bit: int) -> None:
    raw = bytearray(SIGNER.sign(TEXT).encode())
    raw[at] ^= 1 << bit

    with pytest.raises(ProofError):
        open_note(raw.decode(errors="surrogateescape"), SIGNER.verifier)


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    for note_text in (text, TEXT + "\n" + text, EXAMPLE + text):
        try:
            opened = open_note(note_text, Verifier.from_vkey(VKEY))
        except ProofError:
            continue
        assert opened == TEXT


@pytest.mark.parametrize(
    "forged",
    [
        "",
        TEXT,
        TEXT + "\n",
        EXAMPLE[:-1],
        EXAMPLE + "\n",
        EXAMPLE.replace("—", "-"),
        EXAMPLE.replace("aQM=", "aQN="),
        EXAMPLE.replace("aQM=", "aQM"),
        EXAMPLE.replace("\n", "\r\n"),
        EXAMPLE.replace("This", "This\x00"),
        EXAMPLE + "— example.com/bar AAAA\n",
        EXAMPLE + "— example.com/bar AAAAAAAA\n" * note.MAX_SIGNATURES,
        "x" * note.MAX_NOTE + EXAMPLE,
    ],
)
def test_what_is_not_in_form_is_refused(forged: str) -> None:
    with pytest.raises(ProofError):
        open_note(forged, Verifier.from_vkey(VKEY))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("foo", "fo"),
        VKEY.replace("foo", "f oo"),
        VKEY[:-1],
        VKEY[:-4],
        VKEY.replace("+Aeky", "+Beky"),
        "+" + VKEY,
        Signer("x", SigningKey.from_seed(b"1" * 32)).verifier.vkey + "+",
    ],
)
def test_a_verifier_key_that_was_cut_or_retyped_is_refused(vkey: str) -> None:
    with pytest.raises(MalformedError):
        Verifier.from_vkey(vkey)


def test_a_verifier_key_that_anybody_could_sign_for_is_refused() -> None:
    weak = (1).to_bytes(32, "little")
    encoded = note.encode_base64(b"\x01" + weak)
    vkey = "log+" + note.key_id("log", weak).hex() + "+" + encoded

    with pytest.raises(MalformedError, match="weak-key"):
        Verifier.from_vkey(vkey)


def test_a_signing_key_is_kept_as_text_and_read_again() -> None:
    again = Signer.from_skey(SIGNER.skey)

    assert again.verifier == SIGNER.verifier
    assert again.sign(TEXT) == SIGNER.sign(TEXT)
    assert SIGNER.skey.startswith("PRIVATE+KEY+log.example/one+")


def test_a_spoilt_signing_key_a_bad_name_and_a_bad_text_are_refused() -> None:
    for skey in ("", SIGNER.verifier.vkey, SIGNER.skey[:-1], SIGNER.skey.replace("one", "two")):
        with pytest.raises(CandourError):
            Signer.from_skey(skey)
    for name in ("", "with space", "with+plus", "with\nline"):
        with pytest.raises(MalformedError):
            Signer(name, SigningKey.from_seed(b"1" * 32))
    for text in ("", "no newline", "tab\t\n"):
        with pytest.raises(MalformedError):
            SIGNER.sign(text)


@given(st.binary(max_size=80))
def test_base64_has_one_text_for_each_value(raw: bytes) -> None:
    assert note.decode_base64(note.encode_base64(raw)) == raw


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "AA==\n", "A A=", "_-==", "AAAA====", "é"])
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    with pytest.raises(ProofError):
        note.decode_base64(text)
