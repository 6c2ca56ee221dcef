"""One agency's system under faults: every call is repeated under its key until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from tests.faults.ledger import Accepted, Attempted, Fate, Ledger, Line, Seen

_PATIENCE = timedelta(minutes=6)
_PAUSE = 0.25  # seconds between two tries
_ASKED_AGAIN = 5  # every so-manieth call is repeated though it was answered
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
    thread: str


Item = Mapping[str, Any]
"""A line of a worklist, as the node gives it."""


class Caller:
    """Calls of one agency's system, and a watch on its worklist."""

    def __init__(self, agency: str, door: Mapping[str, str], ledger: Ledger) -> None:
        self.agency = agency
        self._ledger = ledger
        self._calls = 0
        self._came: dict[tuple[str, ...], asyncio.Future[Item]] = {}
        headers = {"Authorization": f"Bearer {door['restricted_token']}"}
        self._http = httpx.AsyncClient(
            base_url=door["url"], headers=headers, timeout=20, trust_env=False,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
        )  # fmt: skip

    async def say(
        self,
        path: str,
        body: Mapping[str, Any],
        key: str,
        *,
        fate: Fate = Fate.PASSES,
        method: str = "POST",
    ) -> list[Sent]:
        """Call until it is answered, and every so often once more.

        Args:
            fate: that of its last message; all others pass.

        Raises:
            UnansweredError: with what the node said.
        """
        self.note(Attempted(key, self.agency, path))
        self._calls += 1
        for _ in range(1 + (self._calls % _ASKED_AGAIN == 0)):
            sent = _sent(await self._answered(method, path, body, key))
            for place, one in enumerate(sent):
                its = fate if one is sent[-1] else Fate.PASSES
                self.note(Accepted(key, one.id, one.kind, self.agency, one.recipient, its, place))
        return sent

    def note(self, line: Line) -> None:
        """Keep what was said, or what must come of it."""
        self._ledger.write(line)

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
        await asyncio.shield(self._future(message))

    async def found(self, thread: str, kind: str, sender: str, notice: str = "") -> str:
        """The id of the first such message of a thread, once it stands in this agency's worklist."""
        return str((await asyncio.shield(self._future(thread, kind, sender, notice)))["id"])

    def _future(self, *key: str) -> asyncio.Future[Item]:
        if key not in self._came:
            self._came[key] = asyncio.get_running_loop().create_future()
        return self._came[key]

    def _take(self, item: Item) -> None:
        self._ledger.write(Seen(self.agency, item["id"], item["kind"], item["sender"]))
        about = (item["thread"], item["kind"], item["sender"], item["notice"] or "")
        for came in (self._future(item["id"]), self._future(*about)):
            if not came.done():
                came.set_result(item)

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
                self._take(item)
            link = page["links"]["next"] or link

    async def close(self) -> None:
        """Let go."""
        await self._http.aclose()


def _sent(answer: Mapping[str, Any]) -> list[Sent]:
    """Each with the agency that it is for, whichever of its inboxes."""
    thread = answer["thread"]
    return [
        Sent(one["id"], one["kind"], one["recipient"].partition("/")[0], thread) for one in answer["messages"]
    ]
