"""Become another program that ends when the sandbox does, even when nothing is left to end it.

Run as a script, before anything else is imported: ``python -I -S leash.py <parent's pid> <program> …``.
The kernel sends SIGKILL once the process that started this one is gone. Linux only: prctl(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, and become the program."""
    parent, command = int(arguments[0]), arguments[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        return  # it was gone before the kernel knew of the leash
    os.execv(command[0], command)  # noqa: S606 -- our own program


if __name__ == "__main__":
    main(sys.argv[1:])
