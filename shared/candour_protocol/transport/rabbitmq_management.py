"""The operator's way into RabbitMQ: its management API."""

from __future__ import annotations

import base64
import secrets
from types import TracebackType
from urllib.parse import quote

import httpx

from candour_protocol import strict_json
from candour_protocol.errors import TransportError
from candour_protocol.strict_json import JsonObject

_PATIENCE = 30.0  # seconds


class Management:
    """A client of one broker's management API; a context manager.

    Args:
        url: the API's address, such as ``https://broker:15671``.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, auth=(user, password), timeout=_PATIENCE)

    def __enter__(self) -> Management:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def definitions(self) -> JsonObject:
        """Everything that the broker has been told."""
        found = self._call("GET", "/api/definitions").json()
        return found if isinstance(found, dict) else {}

    def apply(self, definitions: JsonObject) -> None:
        """Make what is missing and set what differs. Removes nothing; queues keep what is in them."""
        self._call("POST", "/api/definitions", definitions)

    def remove(self, vhost: str) -> None:
        """Throw away a virtual host with everything in it, if it is there; users are the whole broker's."""
        named = {each.get("name") for each in self._call("GET", "/api/vhosts").json()}
        if vhost in named:
            self._call("DELETE", f"/api/vhosts/{quote(vhost, safe='')}")

    def takes_messages(self, vhost: str, queue: str) -> bool:
        """Whether an empty queue that nobody consumes confirms a message; the message is taken out again.

        A queue that lost its log right after it was declared says that it runs, and never answers. Others
        prove themselves by their traffic, and count as sound.
        """
        place = f"{quote(vhost, safe='')}/{quote(queue, safe='')}"
        state = self._call("GET", f"/api/queues/{place}").json()
        if state.get("consumers") or state.get("messages"):
            return True
        try:
            # those numbers are some seconds old, and what has come since is somebody's message
            if self._first(place) is None:
                self._probe(vhost, queue, place)
        except TransportError:
            return False
        return True

    def _probe(self, vhost: str, queue: str, place: str) -> None:
        """Put a message into an empty queue, and take out just that one."""
        name = secrets.token_hex(16)
        probe: JsonObject = {
            "properties": {"message_id": name, "delivery_mode": 2},
            "routing_key": queue,
            "payload": base64.b64encode(b"probe").decode(),
            "payload_encoding": "base64",
        }
        self._call("POST", f"/api/exchanges/{quote(vhost, safe='')}/amq.default/publish", probe)
        if self._first(place) == name:
            self._first(place, keep=False)

    def _first(self, place: str, *, keep: bool = True) -> str | None:
        """The message id of a queue's first message, which gets its place back; `None` for an empty queue."""
        mode = "ack_requeue_true" if keep else "ack_requeue_false"
        take: JsonObject = {"count": 1, "ackmode": mode, "encoding": "base64"}
        found = self._call("POST", f"/api/queues/{place}/get", take).json()
        return str(found[0]["properties"].get("message_id", "")) if found else None

    def _call(self, method: str, path: str, body: JsonObject | None = None) -> httpx.Response:
        content = None if body is None else strict_json.dumps(body)
        headers = {"content-type": "application/json"}
        try:
            answer = self._client.request(method, path, content=content, headers=headers)
        except httpx.TransportError:
            raise TransportError("unreachable", "no management API answers at this address") from None
        if answer.is_success:
            return answer
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise TransportError("refused", "the broker knows no such administrator")
        raise TransportError("broker", f"the broker answered {answer.status_code}: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return "nothing more"
    return str(said.get("reason", "nothing more")) if isinstance(said, dict) else "nothing more"
