"""Who calls, and what they may do here. Source: protocol section 8; RFC 6750, RFC 9068."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from candour_protocol.keys import SigningKey
from candour_protocol.tokens import Access, verify_access_token
from starlette.requests import Request

from candour_agency.faults import CallError, Code
from candour_agency.office import Clock

CONCERNS_SEND: Final = "concerns.send"
REQUESTS_SEND: Final = "requests.send"
REQUESTS_APPROVE: Final = "requests.approve"
MESSAGES_READ: Final = "messages.read"
INBOX_READ: Final = "inbox.read"
INBOX_RESTRICTED: Final = "inbox.restricted"
INBOX_ANSWER: Final = "inbox.answer"
AUDIT_READ: Final = "audit.read"
SCOPES: Final = (
    CONCERNS_SEND,
    REQUESTS_SEND,
    REQUESTS_APPROVE,
    MESSAGES_READ,
    INBOX_READ,
    INBOX_RESTRICTED,
    INBOX_ANSWER,
    AUDIT_READ,
)

_REMEMBERED: Final = 256
_GOOD_FOR: Final = timedelta(seconds=30)  # how long a checked token is not checked again


@dataclass(frozen=True, slots=True)
class _Checked:
    """A token that was checked ``at``, and is believed unchecked ``until``."""

    access: Access
    at: datetime
    until: datetime


@dataclass(slots=True)
class Gate:
    """Checks access tokens of this node; the same token again within seconds is believed."""

    key: SigningKey
    party: str  # issuer and audience: net/agency
    clock: Clock
    _checked: OrderedDict[bytes, _Checked] = field(default_factory=OrderedDict)

    def admit(self, request: Request, *scopes: str) -> Access:
        """The caller, if the token has one of these scopes (any, if none is named).

        Raises:
            CallError: no token, or without the scope.
            UnauthenticError: the token is not valid.
        """
        access = self._access(_bearer(request))
        if scopes and access.scopes.isdisjoint(scopes):
            detail = f"Ask for a token with the scope {' or '.join(scopes)}."
            raise CallError(Code.MISSING_SCOPE, detail)
        return access

    def _access(self, token: str) -> Access:
        name, now = hashlib.sha256(token.encode()).digest(), self.clock()
        known = self._checked.get(name)
        if known is not None and known.at <= now < known.until:
            return known.access
        access = verify_access_token(token, self.key.public, self.party, self.party, now)
        self._checked[name] = _Checked(access, now, min(now + _GOOD_FOR, access.expires_at))
        if len(self._checked) > _REMEMBERED:
            self._checked.popitem(last=False)
        return access


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CallError(Code.UNAUTHENTICATED, "Send an access token as Authorization: Bearer.")
    return token.strip()


def sees_restricted(access: Access) -> bool:
    """Whether the caller may see the restricted inbox."""
    return INBOX_RESTRICTED in access.scopes
