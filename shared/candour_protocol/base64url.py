"""base64url without padding, canonical in both directions (RFC 4648 section 5, RFC 7515 section 2)."""

from __future__ import annotations

import binascii

from candour_protocol.errors import MalformedError

_TO_URL = bytes.maketrans(b"+/", b"-_")
# The other alphabet and padding become a character that no alphabet has.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/???")
# By how many characters there are over a multiple of four: what may stand last, so that no spare bit is set.
_LAST = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}


def encode(raw: bytes) -> str:
    """Encode without ``=``."""
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode(text: str) -> bytes:
    """Decode, refusing padding, white space, the other alphabet and set trailing bits.

    Raises:
        MalformedError: ``base64url``; two texts never decode to the same bytes.
    """
    over = len(text) % 4
    if over and text[-1] not in _LAST.get(over, ()):
        raise MalformedError("base64url", "not the canonical base64url of its bytes")
    try:
        standard = text.encode("ascii").translate(_TO_STANDARD)
        return binascii.a2b_base64(standard + b"=" * (-over % 4), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise MalformedError("base64url", "not unpadded base64url") from None
