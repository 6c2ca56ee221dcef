"""How a caller of a node gets its access token. Source: protocol section 8, RFC 6749, RFC 7523."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, TypeAdapter

from candour_protocol import tokens
from candour_protocol.client.calls import Calls, read
from candour_protocol.keys import SigningKey

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EARLY: Final = timedelta(seconds=30)  # a token is renewed this long before it ends


class Credentials(Protocol):
    """Where the token for a call comes from."""

    async def token(self, calls: Calls, *, refused: str | None = None) -> str | None:
        """A token; ``refused`` is one that the node no longer took. ``None``: there is no other one."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that somebody else fetched, as the sandbox hands out."""

    value: str

    async def token(self, calls: Calls, *, refused: str | None = None) -> str | None:
        """The token, as long as it is taken."""
        return None if refused == self.value else self.value


class _Granted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    access_token: str
    expires_in: int


_GRANTED: Final = TypeAdapter(_Granted)


class ClientCredentials:
    """Fetches tokens by ``private_key_jwt`` and keeps each until shortly before it ends.

    ``audience`` is ``net/<agency>`` of the node. Callers at the same time share one fetch.
    """

    def __init__(
        self,
        audience: str,
        client_id: str,
        key: SigningKey,
        scopes: Sequence[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._audience = audience
        self._client_id = client_id
        self._key = key
        self._scopes = tuple(scopes)
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._token: str | None = None
        self._until: datetime | None = None

    async def token(self, calls: Calls, *, refused: str | None = None) -> str | None:
        """The kept token, or a new one."""
        async with self._one_at_a_time:
            if self._token is None or self._token == refused or self._is_ending():
                await self._fetch(calls)
            return self._token

    def _is_ending(self) -> bool:
        return self._until is None or self._clock() >= self._until - _EARLY

    async def _fetch(self, calls: Calls) -> None:
        now = self._clock()
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(self._scopes),
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": tokens.client_assertion(self._key, self._client_id, self._audience, now),
        }
        granted = read(_GRANTED, (await calls.send("POST", "/oauth/token", form=form)).content)
        self._token, self._until = granted.access_token, now + timedelta(seconds=granted.expires_in)
