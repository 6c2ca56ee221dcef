"""``python -m tests.services start|stop``: servers to try things on, named in ``.services/env``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.services import pair
from tests.services.packages import MissingServerError
from tests.services.pair import Pair

FOLDER = Path(__file__).parents[2] / ".services"
ENV, STATE = FOLDER / "env", FOLDER / "state.json"


def start() -> str:
    """Start both, or say that they run already."""
    if STATE.exists() and not pair.runs(Pair.from_json(STATE.read_text())):
        stop()
    if STATE.exists():
        return f"Servers run already; their addresses are in {ENV.relative_to(FOLDER.parent)}."
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    started = pair.start()
    STATE.write_text(started.to_json())
    ENV.write_text("".join(f"{name}={url}\n" for name, url in started.environment.items()))
    ENV.chmod(0o600)
    return f"RabbitMQ and PostgreSQL answer; their addresses are in {ENV.relative_to(FOLDER.parent)}."


def stop() -> str:
    """End both."""
    if not STATE.exists():
        return "No servers run."
    pair.stop(Pair.from_json(STATE.read_text()))
    ENV.unlink(missing_ok=True)
    STATE.unlink()
    return "The servers have ended."


def main(arguments: list[str]) -> int:
    """Do what was asked; the exit status."""
    commands = {"start": start, "stop": stop}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.stderr.write("usage: python -m tests.services start|stop\n")
        return 2
    try:
        sys.stdout.write(commands[arguments[0]]() + "\n")
    except MissingServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
