"""Ports that nobody listens on, below what the kernel hands out by itself, so that nobody gets one meanwhile.

Test workers that run at the same time draw from different ports.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterable, Sequence

MANAGEMENT = 10_000  # above the AMQP port, as RabbitMQ's own 5672 and 15672
_SERVERS = range(20_000, 22_000)  # and with them everything that is MANAGEMENT above
_RUNS = range(22_000, 30_000, 200)  # where each run of neighbours begins


def free_ports(count: int) -> list[int]:
    """Different ports of this machine that are free now."""
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port not in found:
            found.append(port)
    return found


def free_port() -> int:
    """A port that is free now, and so is the one that is ``MANAGEMENT`` above it."""
    return _drawn(_SERVERS, (0, MANAGEMENT))


def free_run(offsets: Sequence[int]) -> int:
    """A port from which those at these distances, below 200, are free now."""
    return _drawn(_RUNS, offsets)


def _drawn(ports: Sequence[int], offsets: Iterable[int]) -> int:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = list(ports[worker::workers])
    random.shuffle(mine)
    for port in mine:
        if all(_is_free(port + offset) for offset in offsets):
            return port
    raise RuntimeError("this machine has no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
