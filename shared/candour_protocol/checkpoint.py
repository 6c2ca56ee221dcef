"""Checkpoints: the log's signed word about its size and root. Source: C2SP tlog-checkpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass

from candour_protocol.errors import MalformedError, ProofError
from candour_protocol.merkle import HASH_SIZE
from candour_protocol.note import Signer, Verifier, decode_base64, encode_base64, open_note

_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head.

    Attributes:
        origin: which log it is; the name of the log's key, unless the log says otherwise.
        size: number of entries.
        root: 32 bytes.
        extensions: further lines, none of them empty; ours has none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The text that is signed."""
        return "\n".join((self.origin, str(self.size), encode_base64(self.root), *self.extensions)) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint whose signature has been checked.

    Raises:
        ProofError: ``checkpoint``.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _SIZE.match(lines[1]):
        raise ProofError("checkpoint", "a checkpoint is at least three lines: origin, size, root")
    root = decode_base64(lines[2])
    if len(root) != HASH_SIZE:
        raise ProofError("checkpoint", "its root is not a SHA-256")
    return Checkpoint(lines[0], int(lines[1]), root, tuple(lines[3:-1]))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The signed note, with its one signature.

    Raises:
        MalformedError: ``checkpoint``, for what ``open_checkpoint`` would not give back.
    """
    text = checkpoint.to_text()
    try:
        same = parse_checkpoint(text) == checkpoint
    except ProofError:
        same = False
    if not same:
        raise MalformedError("checkpoint", "not a checkpoint that can be written")
    return signer.sign(text)


def open_checkpoint(note: str, verifier: Verifier, *, origin: str | None = None) -> Checkpoint:
    """A checkpoint that the log signed.

    Args:
        note: the whole signed note.
        verifier: the log's key.
        origin: the first line expected; the key's name if not given.

    Raises:
        ProofError: what ``open_note`` and ``parse_checkpoint`` raise, or ``origin``.
    """
    checkpoint = parse_checkpoint(open_note(note, verifier))
    if checkpoint.origin != (origin or verifier.name):
        raise ProofError("origin", "it is the checkpoint of another log")
    return checkpoint
