"""A gateway that a test scripts: a real signed log, and whatever it is told to say about obligations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.growth import Growth
from candour_protocol.keys import SigningKey
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.note import Signer
from candour_protocol.tiles import TileId, parse_path

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MESSAGE = "0193e1a2-5c00-7abc-8def-0123456789ab"


class Log:
    """A log that grows by leaves of no meaning, and can be told to lie."""

    def __init__(self) -> None:
        self.signer = Signer("log.example/test", SigningKey.generate())
        self._frontier = Frontier()
        self._tiles: dict[TileId, bytes] = {}
        self.checkpoint = ""
        self.grow(1)

    def grow(self, count: int, seed: str = "leaf") -> None:
        size = self._frontier.size
        growth = Growth(self._frontier, [leaf_hash(f"{seed}-{size + n}".encode()) for n in range(count)])
        for tile, added in growth.tile_hashes().items():
            self._tiles[tile] = self._tiles.get(tile, b"") + added
        self._frontier = growth.frontier
        self.checkpoint = sign_checkpoint(Checkpoint(self.signer.name, growth.size, growth.root), self.signer)

    def forget_everything(self) -> None:
        """Start another history under the same key."""
        self._frontier, self._tiles = Frontier(), {}

    def read(self, path: str) -> bytes:
        if path == "checkpoint":
            return self.checkpoint.encode()
        tile, width = parse_path(path)
        return self._tiles[tile][: width * 32]


def owed(kind: str, *, since: timedelta, due: timedelta | None, **changes: Any) -> dict[str, Any]:
    """An obligation as the gateway lists it: ``since`` ago, ``due`` from now (negative: late)."""
    return {
        "kind": kind,
        "owed_by": "testborough-csc",
        "owed_to": "testborough-hill",
        "id": MESSAGE,
        "about": "kq3Zr0mJt1cW8u2vYx5b7d9fGhLpNsQeTaRiOoPlKjA",
        "urgency": "URGENT",
        "since": (NOW - since).isoformat(),
        "due_at": None if due is None else (NOW + due).isoformat(),
    } | changes


@dataclass
class GatewayDouble:
    """Answers as the gateway and the nodes would; ``down`` makes connections fail."""

    log: Log = field(default_factory=Log)
    obligations: list[dict[str, Any]] = field(default_factory=list)
    returned: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=lambda: {"passed": 3, "refused": 1})
    ready: dict[str, Any] = field(default_factory=lambda: {"status": "ok", "checks": {}})
    ready_status: int = 200
    node_checks: list[dict[str, str]] = field(default_factory=list)
    down: bool = False
    node_down: bool = False
    nonsense: bool = False
    tokens: list[str] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "node.example":
            if self.node_down:
                raise httpx.ConnectError("refused")
            return httpx.Response(200, json={"status": "ready", "checks": self.node_checks})
        if self.down:
            raise httpx.ConnectError("refused")
        return self._gateway(request)

    def _gateway(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/readyz":
            return httpx.Response(self.ready_status, json=self.ready)
        if path.startswith("/log/"):
            return httpx.Response(200, content=self.log.read(path.removeprefix("/log/")))
        self.tokens.append(request.headers["Authorization"])
        if self.nonsense:
            return httpx.Response(200, json={"items": "none"})
        if path == "/v1/stats":
            return httpx.Response(200, json=self._stats())
        return httpx.Response(200, json={"items": self.obligations[: int(request.url.params["limit"])]})

    def _stats(self) -> dict[str, Any]:
        return {
            "entries": 4,
            "verdicts": self.verdicts,
            "returned_by_rule": self.returned,
            "incidents": 0,
            "owed": self._pairs(),
            "oldest": self._oldest(),
            "at": NOW.isoformat(),
        }

    def _pairs(self) -> list[dict[str, Any]]:
        counted = Counter((one["owed_by"], one["owed_to"], one["kind"]) for one in self.obligations)
        late = Counter(
            (one["owed_by"], one["owed_to"], one["kind"])
            for one in self.obligations
            if one["due_at"] and datetime.fromisoformat(one["due_at"]) < NOW
        )
        return [
            {"owed_by": by, "owed_to": to, "kind": kind, "count": count, "overdue": late[by, to, kind]}
            for (by, to, kind), count in counted.items()
        ]

    def _oldest(self) -> dict[str, Any]:
        newest_first = sorted(self.obligations, key=lambda one: str(one["since"]), reverse=True)
        return {str(one["kind"]): one for one in newest_first}
