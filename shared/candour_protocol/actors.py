"""Actor tokens: the same person in one thread, nobody anywhere else. Source: protocol section 3.1."""

from __future__ import annotations

import hmac

from candour_protocol import base64url
from candour_protocol.ids import ActorToken, Txn


def actor_token(agency_key: bytes, txn: Txn, staff_id: str) -> ActorToken:
    """The token of a member of staff in a thread.

    Args:
        agency_key: 32 random bytes that only the agency has.
        staff_id: of the authenticated person, never as typed into a form.
    """
    # A txn has one length, so nothing has to stand between it and the staff id.
    digest = hmac.digest(agency_key, (txn + staff_id).encode(), "sha256")
    return ActorToken(base64url.encode(digest[:16]))
