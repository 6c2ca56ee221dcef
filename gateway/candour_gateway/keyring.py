"""The gateway's own keys, from files that only it reads. None of them opens a narrative."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from candour_protocol import base64url, strict_json
from candour_protocol.keys import SigningKey, VerifyKey
from candour_protocol.note import Signer

from candour_gateway.t1box import KEY_BYTES, T1Box

SIGN = "sign.jwk"
TOKEN = "token.jwk"  # noqa: S105 - a file's name
LOG = "log.skey"
CODES = "codes.key"
SHOWN = "shown.checkpoint"


@dataclass(frozen=True, slots=True)
class Keyring:
    """``sign`` makes notices, ``token`` access tokens, ``log`` checkpoints; ``box`` keeps T1."""

    sign: SigningKey
    token: SigningKey
    log: Signer
    box: T1Box
    shown: Path


def read(folder: Path) -> Keyring:
    """Read every key.

    Raises:
        OSError: a file is missing.
        MalformedError: one is not the key that its name says.
    """
    return Keyring(
        sign=_signing_key(folder / SIGN),
        token=_signing_key(folder / TOKEN),
        log=Signer.from_skey((folder / LOG).read_text("utf-8")),
        box=T1Box(base64url.decode((folder / CODES).read_text("ascii").strip())),
        shown=folder / SHOWN,
    )


def make(folder: Path, origin: str) -> Keyring:
    """Make fresh keys; files that exist are never overwritten.

    Args:
        origin: the log's name, such as ``candour.example/testborough``.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (SIGN, TOKEN):
        _write(folder / name, strict_json.dumps(SigningKey.generate().private_jwk))
    _write(folder / LOG, Signer(origin, SigningKey.generate()).skey)
    _write(folder / CODES, base64url.encode(secrets.token_bytes(KEY_BYTES)))
    return read(folder)


def read_public(path: Path) -> VerifyKey:
    """A public JWK, such as the registrar's."""
    return VerifyKey.from_jwk(strict_json.load_object(path.read_bytes()))


def _signing_key(path: Path) -> SigningKey:
    return SigningKey.from_jwk(strict_json.load_object(path.read_bytes()))


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
