"""HTTP/1.1 as a node reads it: by llhttp, in C, which turns a flood away at two thirds of what h11 costs.

Where llhttp is not good enough this is: it takes heads of any length, so that somebody without a token could
fill a node's memory, and it drops the body of a call that offers another protocol along with it. Java's own
client does that with every call over plain HTTP; what it tells must arrive (RFC 9110, section 7.8: who does
not want another protocol answers as if none had been offered).
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD: Final = 64 * 1024  # bytes; a longer head is not read to its end
_TOO_LONG: Final = f"The headers of a call are at most {MAX_HEAD // 1024} KiB."
_BEHIND: Final = "Send a call that offers another protocol once the one before it is answered."


class BoundedHeads(HttpToolsProtocol):
    """One connection. What is read at once may be beyond `MAX_HEAD` by its own length, at most 256 KiB."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unfinished: list[bytes] = []  # a head so far; or a chunk's length, or a trailer
        self._length = 0  # bytes of it
        self._behind = False  # the head began within what was read with the call before it

    def data_received(self, data: bytes) -> None:
        self._unfinished.append(data)
        self._length += len(data)
        super().data_received(data)
        if self._length > MAX_HEAD and not self.transport.is_closing():
            structlog.get_logger().warning("head-too-long")
            self.send_400_response(_TOO_LONG)

    def on_message_begin(self) -> None:
        self._behind = not self._unfinished
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._finish()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._finish()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._finish()
            super().on_message_complete()

    def _finish(self) -> None:
        self._unfinished.clear()
        self._length = 0

    def _should_upgrade(self) -> bool:
        return False

    def _unsupported_upgrade_warning(self) -> None:
        """The parser has stopped behind a head that offers another protocol: h11 goes on from its start."""
        if self._behind or not (self.cycle is None or self.cycle.response_complete):
            self.send_400_response(_BEHIND)
            return
        read = b"".join(self._unfinished)
        self._finish()
        self.connections.discard(self)
        other = H11Protocol(self.config, self.server_state, self.app_state)
        other.connection_made(self.transport)
        self.transport.set_protocol(other)
        other.data_received(read)
