"""On what a sandbox runs: SQLite and the embedded courier in one process, or the real engine.

What was asked for at the command line is checked here; an `Engine` that exists fits together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from candour_sandbox import cast

_BROKER = ("amqp", "amqps")
_DATABASE = ("postgresql", "postgresql+asyncpg")
MOST_WORKERS = 8
MANAGEMENT = 10_000  # above the AMQP port, as RabbitMQ's own 5672 and 15672


class EngineError(Exception):
    """What was asked for cannot be done, in words for whoever asked."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The options of ``up`` that choose the engine.

    Attributes:
        amqp: an administrator's address of RabbitMQ; ``None`` is the embedded courier.
        management: of the same RabbitMQ's management API; ``None`` is its usual place.
        database: a PostgreSQL server's address, of a user who may create databases; ``None`` is SQLite.
        processes: every service in a process of its own.
        workers: how many processes serve the gateway.
        partner: the agency that speaks to RabbitMQ itself, and has no node here.

    Raises:
        EngineError: they do not fit together.
    """

    amqp: str | None = None
    management: str | None = None
    database: str | None = None
    processes: bool = False
    workers: int = 1
    partner: str | None = None

    def __post_init__(self) -> None:
        if self.amqp is not None:
            _check_address("--amqp", self.amqp, _BROKER, "amqp://administrator:password@host:5672")
        if self.database is not None:
            _check_address(
                "--database",
                self.database,
                _DATABASE,
                "postgresql+asyncpg://user:password@host:5432/postgres",
            )
        self._check_courier()
        self._check_processes()
        if self.partner is not None and self.partner not in cast.PARTS:
            raise EngineError(f"No agency is called {self.partner}. There are: {', '.join(cast.PARTS)}.")

    def _check_courier(self) -> None:
        if self.amqp is not None:
            return
        needing = {
            "--processes": (self.processes, "the embedded courier carries messages within one process"),
            "--partner": (self.partner is not None, "a partner without a node speaks to RabbitMQ"),
            "--amqp-management": (self.management is not None, "it says where --amqp is administered"),
        }
        for option, (given, why) in needing.items():
            if given:
                raise EngineError(f"{option} needs --amqp: {why}.")

    def _check_processes(self) -> None:
        if self.processes and sys.platform != "linux":
            raise EngineError("--processes needs Linux, which ends them together with the sandbox.")
        if self.workers > 1 and not (self.processes and self.database):
            raise EngineError("Several --workers need --processes, and a --database that they can share.")

    @property
    def nodes(self) -> tuple[str, ...]:
        """The agencies that have a node here."""
        return tuple(agency for agency in cast.PARTS if agency != self.partner)

    @property
    def management_url(self) -> str:
        """Where RabbitMQ is administered."""
        if self.management is not None:
            return self.management
        parts = urlsplit(self.amqp or "")
        scheme, port = ("https", 5671) if parts.scheme == "amqps" else ("http", 5672)
        return f"{scheme}://{parts.hostname}:{(parts.port or port) + MANAGEMENT}"


def _check_address(option: str, url: str, schemes: tuple[str, ...], example: str) -> None:
    """The address itself is not quoted: it holds a password."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in schemes and parts.hostname and parts.username and (parts.port or 1)
    except ValueError:
        fits = False
    if not fits:
        raise EngineError(f"{option} does not name a server as {example} does.")
