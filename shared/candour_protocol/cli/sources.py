"""Where the command reads a log from: a directory, or a URL. The only place here that does I/O for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from candour_protocol.audit import LogSource
from candour_protocol.tiles import MAX_RESOURCE

_TIMEOUT_SECONDS = 30.0
_CONNECT_TRIES = 2


class UnreachableError(Exception):
    """The log could not be read at all, which says nothing about what it holds."""


class DirectorySource:
    """A log's files below a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, path: str, /) -> bytes | None:
        """The file's bytes, or None.

        Raises:
            UnreachableError: it is there and cannot be read.
        """
        try:
            with (self._directory / path).open("rb") as file:
                return file.read(MAX_RESOURCE + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UnreachableError(f"{path} cannot be read: {error.strerror}.") from None


class HttpSource:
    """A log's files below a URL, over one kept connection."""

    def __init__(self, prefix: str, client: httpx.Client) -> None:
        self._prefix = prefix.rstrip("/")
        self._client = client

    def read(self, path: str, /) -> bytes | None:
        """The file's bytes, or None where the server says that there is no such file.

        Raises:
            UnreachableError: no answer, one that is no answer to this, or one that asks for a token.
        """
        try:
            with self._client.stream("GET", f"{self._prefix}/{path}") as response:
                return _body(response, path)
        except httpx.HTTPError as error:
            raise UnreachableError(f"{path} cannot be fetched: {type(error).__name__}.") from None


def _body(response: httpx.Response, path: str) -> bytes | None:
    if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        return None
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise UnreachableError(
            f"{path} is not shown to everybody: give a token that may read it with --token."
        )
    if response.status_code != httpx.codes.OK:
        raise UnreachableError(f"{path} cannot be fetched: the server answered {response.status_code}.")
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > MAX_RESOURCE:
            break  # longer than any file of a log, and then not equal to what it should be
    return bytes(data)


@contextmanager
def open_source(place: str, token: str | None) -> Iterator[LogSource]:
    """The log at a directory or an http(s) URL.

    Raises:
        UnreachableError: there is no such directory.
    """
    if not place.startswith(("http://", "https://")):
        if not Path(place).is_dir():
            raise UnreachableError(f"{place} is no directory, and no http(s) address.")
        yield DirectorySource(Path(place))
        return
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.HTTPTransport(retries=_CONNECT_TRIES - 1)
    with httpx.Client(transport=transport, timeout=_TIMEOUT_SECONDS, headers=headers) as client:
        yield HttpSource(place, client)
