"""Sandboxes in processes of their own, each in a fresh folder on free ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.process import Process, free_base_port
from tests.transport.waiting import hold

Start = Callable[..., Process]
PATIENCE = 60  # seconds


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a sandbox on the test's folder; whatever still runs in the end is killed."""
    running: list[Process] = []
    base_port = free_base_port()

    def up(*options: str) -> Process:
        process = Process.up(tmp_path / "data", base_port, *options)
        running.append(process)
        return process

    yield up
    for process in running:
        if process.popen.poll() is None:
            process.kill()


class Partner:
    """A system of one agency, with what the manifest gives it."""

    def __init__(self, door: dict[str, str], *, restricted: bool = False) -> None:
        token = door["restricted_token" if restricted else "token"]
        self._http = httpx.Client(
            base_url=door["url"], headers={"Authorization": f"Bearer {token}"}, timeout=40, trust_env=False
        )

    def __enter__(self) -> Partner:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post(self, path: str, body: dict[str, Any], key: str) -> httpx.Response:
        return self._http.post(path, json=body, headers={"Idempotency-Key": key, "Prefer": "wait=20"})

    def tell(self, concern: dict[str, Any], key: str) -> httpx.Response:
        """Post a concern, and wait for nothing but its acceptance."""
        return self._http.post("/v1/concerns", json=concern, headers={"Idempotency-Key": key})

    def get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def message(self, message_id: str) -> dict[str, Any]:
        return self.get(f"/v1/messages/{message_id}")

    def judged(self, message_id: str) -> dict[str, Any]:
        """A message once the log has its verdict: a slow machine may take longer than a call waits."""
        hold(lambda: self.message(message_id)["verdict"] is not None, PATIENCE)
        return self.message(message_id)

    def standing(self, message_id: str, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """A message once it stands as it should."""
        hold(lambda: done(self.message(message_id)), PATIENCE)
        return self.message(message_id)

    def arrival(self, **wanted: str) -> dict[str, Any]:
        """The newest of the worklist of this kind, once there is one."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.inbox() if wanted.items() <= one.items()]

        hold(lambda: bool(found()), PATIENCE)
        return found()[-1]

    def inbox(self) -> list[dict[str, Any]]:
        """Everything in the worklist."""
        items: list[dict[str, Any]] = []
        link: str | None = "/v1/inbox?limit=200"
        while link:
            page = self._http.get(link).json()
            items += page["items"]
            link = page["links"]["next"] if page["items"] else None
        return items
