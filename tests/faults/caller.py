"""One agency's system under faults: every call is repeated under its key until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from tests.faults.ledger import Accepted, Attempted, Ledger, Seen

_PATIENCE = timedelta(minutes=6)
_PAUSE = 0.25  # seconds between two tries
_AGAIN = frozenset({408, 429, 502, 503, 504})
_NOT_YET = frozenset({"unknown-message", "unknown-concern", "not-found"})


class UnansweredError(Exception):
    """A call was answered with something that no repetition mends, or not at all."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a call was answered with."""

    id: str
    kind: str
    recipient: str


class Caller:
    """Calls of one agency's system; ``seen`` are futures of what comes into its worklist."""

    def __init__(self, agency: str, door: Mapping[str, str], ledger: Ledger) -> None:
        self.agency = agency
        self._ledger = ledger
        self._came: dict[str, asyncio.Event] = {}
        headers = {"Authorization": f"Bearer {door['restricted_token']}"}
        self._http = httpx.AsyncClient(
            base_url=door["url"], headers=headers, timeout=20, trust_env=False,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
        )  # fmt: skip

    async def say(
        self, path: str, body: Mapping[str, Any], key: str, *, passes: bool = True, method: str = "POST"
    ) -> list[Sent]:
        """Call until it is answered; ``passes`` is what the rules must make of its last message's kind.

        Raises:
            UnansweredError: with what the node said.
        """
        self._ledger.write(Attempted(key, self.agency, path))
        answer = await self._answered(method, path, body, key)
        sent = [Sent(one["id"], one["kind"], one["recipient"]) for one in answer["messages"]]
        for one in sent:
            expected = passes or one.kind != sent[-1].kind
            line = Accepted(key, one.id, one.kind, self.agency, one.recipient, expected)
            self._ledger.write(line)
        return sent

    async def _answered(self, method: str, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                while True:
                    found = await self._try(method, path, body, key)
                    if found is not None:
                        return found
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            raise UnansweredError(f"{self.agency} {path}: no answer") from None

    async def _try(self, method: str, path: str, body: Mapping[str, Any], key: str) -> dict[str, Any] | None:
        try:
            answer = await self._http.request(method, path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None
        if answer.status_code in _AGAIN:
            return None
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        if answer.status_code in (404, 409, 422) and answer.json().get("code") in _NOT_YET:
            return None
        raise UnansweredError(f"{self.agency} {path}: {answer.status_code} {answer.text[:500]}")

    async def came(self, message: str) -> None:
        """Until a message stands in this agency's worklist."""
        await self._came.setdefault(message, asyncio.Event()).wait()

    async def watch(self) -> None:
        """Follow the worklist, by long polls, until cancelled."""
        link = "/v1/inbox?limit=200"
        while True:
            try:
                answer = await self._http.get(f"{link}&wait=10")
            except httpx.TransportError:
                answer = None
            if answer is None or answer.status_code != 200:
                await asyncio.sleep(_PAUSE)
                continue
            page = answer.json()
            for item in page["items"]:
                self._ledger.write(Seen(self.agency, item["id"], item["kind"], item["sender"]))
                self._came.setdefault(item["id"], asyncio.Event()).set()
            link = page["links"]["next"] or link

    async def close(self) -> None:
        """Let go."""
        await self._http.aclose()
