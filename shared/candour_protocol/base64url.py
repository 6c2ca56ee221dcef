"""base64url without padding, canonical in both directions (RFC 4648 section 5, RFC 7515 section 2)."""

from __future__ import annotations

import base64
import binascii

from candour_protocol.errors import MalformedError


def encode(raw: bytes) -> str:
    """Encode without ``=``."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Decode, refusing padding, white space, the other alphabet and set trailing bits.

    Raises:
        MalformedError: ``base64url``; two texts never decode to the same bytes.
    """
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise MalformedError("base64url", "not unpadded base64url") from None
    if encode(raw) != text:
        raise MalformedError("base64url", "not the canonical base64url of its bytes")
    return raw
