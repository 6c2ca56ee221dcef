"""Checkpoints: origin, size and root, signed."""

from __future__ import annotations

import pytest
from candour_protocol.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from candour_protocol.errors import MalformedError, ProofError
from candour_protocol.keys import SigningKey
from candour_protocol.merkle import EMPTY_ROOT
from candour_protocol.note import Signer
from hypothesis import given
from hypothesis import strategies as st

LOG = Signer("log.example/one", SigningKey.from_seed(b"1" * 32))
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_text_of_the_specification_s_example_is_read_and_written_back() -> None:
    checkpoint = parse_checkpoint(EXAMPLE)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.to_text() == EXAMPLE


@given(
    st.integers(0, 10**15), st.binary(min_size=32, max_size=32), st.lists(st.sampled_from("ab"), max_size=2)
)
def test_a_checkpoint_comes_back_as_it_was_signed(size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(LOG.name, size, root, tuple(extensions))

    assert open_checkpoint(sign_checkpoint(checkpoint, LOG), LOG.verifier) == checkpoint


def test_a_checkpoint_of_another_log_under_the_same_key_is_refused() -> None:
    note = sign_checkpoint(Checkpoint("log.example/two", 0, EMPTY_ROOT), LOG)

    with pytest.raises(ProofError, match="origin"):
        open_checkpoint(note, LOG.verifier)
    assert open_checkpoint(note, LOG.verifier, origin="log.example/two").size == 0


@given(st.data())
def test_any_flipped_bit_of_a_checkpoint_fails(data: st.DataObject) -> None:
    raw = bytearray(sign_checkpoint(Checkpoint(LOG.name, 7, b"r" * 32), LOG).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(ProofError):
        open_checkpoint(raw.decode(errors="surrogateescape"), LOG.verifier)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "-1"),
        ("20852163", "+1"),
        ("20852163", "1e3"),
        ("20852163", "٣"),
        ("20852163", "9" * 30),
        ("q2I=", "q2J="),
        ("q2I=", ""),
        ("q2I=\n", "q2I="),
        ("example.com/behind-the-sofa", ""),
        ("q2I=\n", "q2I=\n\n"),
        ("CsUY", ""),
    ],
)
def test_what_is_not_the_text_of_a_checkpoint_is_refused(old: str, new: str) -> None:
    with pytest.raises(ProofError):
        parse_checkpoint(EXAMPLE.replace(old, new))


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, b"r" * 32),
        Checkpoint("two\nlines", 1, b"r" * 32),
        Checkpoint("log", -1, b"r" * 32),
        Checkpoint("log", 1, b"short"),
        Checkpoint("log", 1, b"r" * 32, ("",)),
    ],
)
def test_what_could_not_be_read_again_is_never_signed(checkpoint: Checkpoint) -> None:
    with pytest.raises(MalformedError):
        sign_checkpoint(checkpoint, LOG)
