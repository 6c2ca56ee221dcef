"""Where Debian puts the servers, and what to say when it has not."""

from __future__ import annotations

from pathlib import Path


class MissingServerError(RuntimeError):
    """A server that the tests drive is not installed. Never a reason to skip a test."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"{package} is not installed, and these tests need it. As root: apt-get install"
            f" --no-install-recommends {package} (or run .ci/needs). Servers elsewhere will do too: set"
            " CANDOUR_TEST_AMQP_URL and CANDOUR_TEST_DATABASE_URL."
        )


def rabbitmq_scripts() -> Path:
    """The package's own scripts: those on PATH drop the environment and change the user."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
    if not found:
        raise MissingServerError("rabbitmq-server")
    return found[-1]


def postgresql_programs() -> Path:
    """The newest installed PostgreSQL's own folder of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda it: int(it.parts[-3]))
    if not found:
        raise MissingServerError("postgresql")
    return found[-1].parent
