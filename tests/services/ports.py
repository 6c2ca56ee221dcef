"""Ports that nobody listens on."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

_FIRST, _LAST = 20_000, 32_000  # below what the kernel hands out by itself, so that nobody gets one meanwhile
_TRIES = 1000


def free_ports(count: int) -> list[int]:
    """Different ports of this machine that are free now."""
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port not in found:
            found.append(port)
    return found


def free_port(*offsets: int) -> int:
    """A port that is free now, and so are those at these distances above it."""
    for _ in range(_TRIES):
        port = random.randrange(_FIRST, _LAST)  # noqa: S311
        if all(_is_free(port + offset) for offset in (0, *offsets)):
            return port
    raise RuntimeError("this machine has no free ports")


def _is_free(port: int) -> bool:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
