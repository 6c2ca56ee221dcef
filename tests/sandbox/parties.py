"""The agencies of a running sandbox, each as its own case system sees it: over REST, and by long polls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
from candour_sandbox.samples import samples

from tests.sandbox.conftest import Partner

PATIENCE = 240  # seconds, for what takes five on an idle machine
_POLL = 10  # seconds that a call waits for something to arrive

Message = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heard:
    """One stage of something that is owed, as one side was told of it.

    Attributes:
        at: when the stage was reached.
        index: where the notice stands in the log.
    """

    kind: str
    stage: int
    notice: str
    hears: str
    at: datetime
    index: int


class Party(Partner):
    """One agency: calls that go through, and its worklist as it grows."""

    def __init__(self, agency: str, door: dict[str, str]) -> None:
        super().__init__(door, restricted=True)
        self._http.timeout = httpx.Timeout(PATIENCE)
        self.agency = agency
        self.items: list[dict[str, Any]] = []
        self._link = "/v1/inbox?limit=200"

    def call(self, path: str, body: Any, *, method: str = "POST") -> httpx.Response:
        """A call that waits for its verdicts."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Prefer": "wait=30"}
        return self._http.request(method, path, json=body, headers=headers)

    def say(self, path: str, body: Any, *, method: str = "POST") -> list[Message]:
        """A call that goes through; its messages, once the log has them."""
        answer = self.call(path, body, method=method)
        assert answer.status_code in (200, 202), answer.text
        return [self.judged(one["id"]) for one in answer.json()["messages"]]

    def tells(self, name: str, **changes: Any) -> Message:
        """A sample's concern; its message to the first recipient."""
        return self.say("/v1/concerns", {**samples().call(name).body, **changes})[0]

    def asks(self, name: str, **changes: Any) -> Message:
        """A sample's request; its message, after what was relayed on the way."""
        return self.say("/v1/requests", {**samples().call(name).body, **changes})[-1]

    def reply(self, thread: str, body: Any) -> list[Message]:
        """More for a thread."""
        return self.say(f"/v1/threads/{thread}/replies", body)

    # -- what comes in -------------------------------------------------------------------------------

    def until(self, found: Callable[[], T], what: str) -> T:
        """Follow the worklist until there is something.

        Raises:
            AssertionError: it did not come, with what did.
        """
        deadline = time.monotonic() + PATIENCE
        while not (value := found()):
            assert time.monotonic() < deadline, f"{self.agency} waits for {what}: {self._came()}"
            self._follow(_POLL)
        return value

    def came(self, message: str) -> Message:
        """A message, once it stands in the worklist."""
        self.until(lambda: any(one["id"] == message for one in self.items), message)
        return self.message(message)

    def stands(self, message: str, done: Callable[[Message], object]) -> Message:
        """A message as soon as it stands so: what changes it need not be in the worklist."""
        deadline = time.monotonic() + PATIENCE
        while not done(found := self.message(message)):
            assert time.monotonic() < deadline, f"{self.agency} waits: {found['timeline']}"
            self._follow(1)
        return found

    def notices(self, code: str, about: str | None = None) -> list[dict[str, Any]]:
        """Lines of the worklist by which the gateway gives notice of something, no matter what is owed."""
        found = [one for one in self.items if one["notice"] == code and one["reminder"] is None]
        return [one for one in found if about in (None, one["about"])]

    def hears(self, about: str, *kinds: str, stages: int = 3) -> list[Heard]:
        """Every stage of what is owed about a message, in the order of the log, once the last has come."""

        def told() -> list[dict[str, Any]]:
            found = [one for one in self.items if one["about"] == about and one["reminder"]]
            found = [one for one in found if one["reminder"]["kind"] in kinds]
            return found if len(found) >= stages * len(kinds) else []

        heard = [self._heard(one) for one in self.until(told, f"reminders of {kinds}")]
        return sorted(heard, key=lambda one: one.index)

    def _heard(self, item: dict[str, Any]) -> Heard:
        reminder, index = item["reminder"], self.message(item["id"])["log_index"]
        return Heard(
            reminder["kind"], reminder["stage"], item["notice"], reminder["hears"], moment(item["id"]), index
        )

    def _follow(self, seconds: int) -> None:
        page = self.get(f"{self._link}&wait={seconds}")
        self.items += page["items"]
        self._link = page["links"]["next"] or self._link

    def _came(self) -> list[tuple[str, str | None, str | None]]:
        return [(one["kind"], one["notice"], one["text"]) for one in self.items]


def moment(jti: str) -> datetime:
    """The instant that stands in an id, to the millisecond."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=uuid.UUID(jti).int >> 80)


def event(message: Message, name: str) -> datetime:
    """When something happened to a message."""
    return next(datetime.fromisoformat(one["at"]) for one in message["timeline"] if one["event"] == name)


@contextmanager
def parties(manifest: dict[str, Any]) -> Iterator[dict[str, Party]]:
    """Everybody's doors, open for a while."""
    with ExitStack() as stack:
        yield {
            agency: stack.enter_context(_entered(agency, door))
            for agency, door in manifest["agencies"].items()
        }


@contextmanager
def _entered(agency: str, door: dict[str, str]) -> Iterator[Party]:
    with (party := Party(agency, door)):
        yield party
