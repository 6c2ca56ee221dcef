"""T1 at rest: the disclosure as it was sent, AES-256-GCM under a key from a file. Source: protocol section 6.

The statement's hash is authenticated with it, so that one row cannot stand in for another.
"""

from __future__ import annotations

import hmac
import secrets

from candour_protocol import base64url
from candour_protocol.ids import StatementHash
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
KEY_BYTES = 32


class T1Box:
    """Seals and opens the ``codes`` table's boxes; ``key`` is 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of the T1 store has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

        self._blind = hmac.digest(key, b"keyed names of what T1 says", "sha256")

    def blind(self, text: str) -> str:
        """A name that says nothing to anybody without the key: 43 characters, the same for the same text."""
        return base64url.encode(hmac.digest(self._blind, text.encode(), "sha256"))

    def seal(self, name: StatementHash, disclosure: str) -> bytes:
        """A fresh nonce, then the ciphertext with its tag."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, disclosure.encode("ascii"), name.encode("ascii"))

    def open(self, name: StatementHash, box: bytes) -> str:
        """The disclosure.

        Raises:
            cryptography.exceptions.InvalidTag: another key, another statement's box, or altered bytes.
        """
        plain = self._cipher.decrypt(box[:_NONCE], box[_NONCE:], name.encode("ascii"))
        return plain.decode("ascii")
