"""The broker's post as its operator sees it: what waits, what is parked, copies of all that is carried."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aio_pika
import httpx
from candour_protocol import strict_json
from candour_protocol.transport import connect
from candour_protocol.transport.port import Outbound, PublishResult
from candour_protocol.transport.rabbitmq_message import REASON
from candour_protocol.transport.topology import DEAD_QUEUE, DELIVER, SUBMIT
from candour_sandbox import cast
from candour_sandbox.estate import Estate

from tests.services.broker import OPERATOR, Broker

_PATIENCE = 60  # seconds
_AS_MANY = 5000  # messages; all there are
_COPIES = "faults.copies"


@dataclass(frozen=True, slots=True)
class Post:
    """Of the partnership whose data folder this is."""

    broker: Broker
    data: Path

    # -- looking -------------------------------------------------------------------------------------

    def waiting(self) -> dict[str, int]:
        """How many messages each queue has that are not settled, queues that have none left out."""
        found = self._call("GET", f"queues/{self._vhost}").json()
        return {one["name"]: one["messages"] for one in found if one.get("messages")}

    def parked(self) -> list[tuple[str, bytes]]:
        """Reason and body of everything that was given up; looking changes nothing."""
        return [
            (str(one["properties"]["headers"].get(REASON, "")), _body(one))
            for one in self._take(DEAD_QUEUE, "ack_requeue_true")
        ]

    @contextmanager
    def copied(self) -> Iterator[Callable[[], list[Outbound]]]:
        """Keep a copy of whatever is published meanwhile; the function takes those that there are."""
        place = f"{self._vhost}/{_COPIES}"
        self._call("PUT", f"queues/{place}", {"durable": True, "arguments": {"x-queue-type": "classic"}})
        for exchange in (SUBMIT, DELIVER):
            self._call("POST", f"bindings/{self._vhost}/e/{exchange}/q/{_COPIES}", {"routing_key": "#"})
        try:
            yield lambda: [_outbound(one) for one in self._take(_COPIES, "ack_requeue_false")]
        finally:
            self._call("DELETE", f"queues/{place}")

    # -- doing ---------------------------------------------------------------------------------------

    def publish(self, messages: Sequence[Outbound]) -> None:
        """Each as the user that it names."""
        asyncio.run(self._publish(messages))

    async def _publish(self, messages: Sequence[Outbound]) -> None:
        for user in dict.fromkeys(one.user for one in messages):
            transport = await connect(self._url(user), user)
            try:
                results = await transport.publish([one for one in messages if one.user == user])
            finally:
                await transport.close()
            assert set(results) == {PublishResult.CONFIRMED}, results

    def snatch(self, queue: str, user: str, until: bytes, times: int) -> None:
        """Consume as a user until these bytes are in hand, and end without a word; so many times."""
        for _ in range(times):
            asyncio.run(self._snatch(queue, user, until))

    async def _snatch(self, queue: str, user: str, until: bytes) -> None:
        found = asyncio.Event()

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            if message.body == until:
                found.set()

        async with await aio_pika.connect(self._url(user)) as connection, asyncio.timeout(_PATIENCE):
            channel = await connection.channel()
            await (await channel.get_queue(queue, ensure=False)).consume(take)
            await found.wait()

    # -- the operator's interface --------------------------------------------------------------------

    @property
    def _vhost(self) -> str:
        tag = strict_json.load_object(Estate(self.data).engine.read_bytes())["tag"]
        return f"{cast.NET}-{tag}"

    def _url(self, user: str) -> str:
        words = strict_json.load_object(Estate(self.data).broker_passwords.read_bytes())
        return f"amqp://{user}:{quote(str(words[user]), safe='')}@127.0.0.1:{self.broker.port}/{self._vhost}"

    def _take(self, queue: str, mode: str) -> list[dict[str, Any]]:
        wanted = {"count": _AS_MANY, "ackmode": mode, "encoding": "base64"}
        found: list[dict[str, Any]] = self._call("POST", f"queues/{self._vhost}/{queue}/get", wanted).json()
        return found

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        answer = httpx.request(
            method, f"{self.broker.management}/api/{path}", json=body, timeout=_PATIENCE,
            auth=(OPERATOR, self.broker.password), trust_env=False,
        )  # fmt: skip
        return answer.raise_for_status()


def _body(message: Mapping[str, Any]) -> bytes:
    return base64.b64decode(message["payload"])


def _outbound(message: Mapping[str, Any]) -> Outbound:
    user = message["properties"]["user_id"]
    return Outbound(message["exchange"], message["routing_key"], _body(message), user)
