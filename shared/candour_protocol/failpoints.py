"""Dying at a named place, on purpose: how the fault tests kill a process between two steps.

Off unless ``CANDOUR_FAILPOINT=<place>:<times>`` is set; then the process kills itself (SIGKILL, as a crash or
a power cut would) when it reaches the place for that time. A production policy refuses to start with it.
"""

from __future__ import annotations

import os
import signal
from typing import Final

from candour_protocol.errors import CandourError

VARIABLE: Final = "CANDOUR_FAILPOINT"

PLACES: Final = frozenset(
    {
        "gateway.judged",  # everything is written, nothing committed
        "gateway.committed",  # logged, and nothing published
        "gateway.published",  # published, and the submissions not acknowledged
        "node.composed",  # a call's statements are written, not committed
        "node.accepted",  # committed, and the call not answered
        "node.submitted",  # the courier has it, and the node has not noted that
        "node.opened",  # what came is written, not committed
        "node.taken",  # committed, and not acknowledged to the courier
    }
)


class FailpointError(CandourError):
    """The variable is set where it may not be, or names no place."""


class _Armed:
    """What this process was told; read once."""

    def __init__(self, text: str) -> None:
        self.place, _, times = text.partition(":")
        if text and (self.place not in PLACES or not times.isdecimal() or int(times) < 1):
            raise FailpointError("failpoint", f"{VARIABLE} is one of these places and a number: {PLACES}")
        self.left = int(times or 0)


_armed = _Armed("")


def arm(*, allowed: bool) -> None:
    """Read the variable; called once, at a service's start.

    Args:
        allowed: whether the policy is a test policy.

    Raises:
        FailpointError: ``failpoint``: it is set and not allowed, or names no place.
    """
    global _armed  # noqa: PLW0603 - one process, one place to die at
    text = os.environ.get(VARIABLE, "")
    if text and not allowed:
        raise FailpointError("failpoint", f"{VARIABLE} is set, and this is no test policy: unset it")
    _armed = _Armed(text)


def reach(place: str) -> None:
    """Die here, if that was asked for; otherwise nothing."""
    if _armed.left and _armed.place == place:
        _armed.left -= 1
        if not _armed.left:
            os.kill(os.getpid(), signal.SIGKILL)
