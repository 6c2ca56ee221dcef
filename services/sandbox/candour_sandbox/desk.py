"""One agency's desk in the story: its node's REST interface, used as any case system would use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from candour_protocol.client import Calls, ClientError

PATIENCE = timedelta(seconds=30)
_POLL = timedelta(seconds=10)
_EMPTY_POLLS = 6
_PAUSES = (*(0.02 * 1.3**n for n in range(20)), 5.0, 5.0)  # seconds; 20 in all

Body = Mapping[str, Any]


class StuckError(Exception):
    """Something that must happen within seconds did not."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A request that came back: its id, and what it broke as the node's problem lists it."""

    id: str
    violations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """``token`` is the one that the manifest will hold."""

    agency: str
    calls: Calls
    token: str

    async def tell(self, body: Body, key: str) -> dict[str, str]:
        """Tell a concern; the ids of its messages by recipient."""
        answer = await self._send("POST", "/v1/concerns", body, key)
        return {message["recipient"]: message["id"] for message in answer["messages"]}

    async def ask(self, body: Body, key: str) -> dict[str, str] | Returned:
        """Ask; the request's ids by recipient (relays sent on the way are left out), or what came back."""
        try:
            answer = await self._send("POST", "/v1/requests", body, key)
        except ClientError as error:
            if error.status != 422 or "violations" not in error.problem:
                raise
            return Returned(error.problem["message"]["id"], tuple(error.problem["violations"]))
        return {m["recipient"]: m["id"] for m in answer["messages"] if m["kind"] == "request"}

    async def answer(self, request: str, body: Body, key: str) -> str:
        """Answer a request; the answer's id."""
        answer = await self._send("POST", f"/v1/requests/{request}/answer", body, key)
        return _only_id(answer)

    async def acknowledge(self, message: str, body: Body, key: str) -> str:
        """Put a name to a message; the acknowledgement's id."""
        return _only_id(await self._send("PUT", f"/v1/inbox/{message}/acknowledgement", body, key))

    async def message(self, message_id: str) -> dict[str, Any]:
        answer = await self.calls.get(f"/v1/messages/{message_id}", token=self.token)
        found: dict[str, Any] = answer.json()
        return found

    async def judged(self, message_id: str) -> dict[str, Any]:
        """A message once the log has its verdict."""
        return await self.until(message_id, lambda message: message["verdict"] is not None)

    async def until(
        self,
        message_id: str,
        done: Callable[[Mapping[str, Any]], bool],
    ) -> dict[str, Any]:
        """A message as soon as it is ``done``.

        Raises:
            StuckError: it did not get there.
        """
        for pause in _PAUSES:
            message = await self.message(message_id)
            if done(message):
                return message
            await asyncio.sleep(pause)
        raise StuckError(f"a message of {self.agency} does not get on")

    async def receipt(self, message_id: str) -> str:
        return (await self.calls.get(f"/v1/messages/{message_id}/receipt", token=self.token)).text

    async def arrival(self, message_id: str) -> None:
        """Wait until a message stands in this agency's worklist.

        Raises:
            StuckError: it did not come.
        """
        after: str | None = None
        for _ in range(_EMPTY_POLLS):
            while items := (page := await self._worklist(after))["items"]:
                if any(item["id"] == message_id for item in items):
                    return
                after = _cursor(page["links"]["next"])
        raise StuckError(f"a message did not reach {self.agency}")

    async def _worklist(self, after: str | None) -> dict[str, Any]:
        """What came behind ``after``; an empty page only once a poll's time is over."""
        params = {"after": after, "wait": int(_POLL.total_seconds())}
        answer = await self.calls.get("/v1/inbox", params=params, token=self.token, wait=_POLL)
        page: dict[str, Any] = answer.json()
        return page

    async def _send(self, method: str, path: str, body: Body, key: str) -> dict[str, Any]:
        headers = {"Idempotency-Key": key, "Prefer": f"wait={int(PATIENCE.total_seconds())}"}
        answer = await self.calls.send(
            method, path, token=self.token, headers=headers, json=body, wait=PATIENCE
        )
        parsed: dict[str, Any] = answer.json()
        return parsed


def _only_id(answer: Mapping[str, Any]) -> str:
    """The id of a reply that names one message, alone or in a list."""
    message = answer["messages"][0] if "messages" in answer else answer
    return str(message["id"])


def _cursor(link: str | None) -> str | None:
    return None if link is None else link.partition("after=")[2].partition("&")[0]
