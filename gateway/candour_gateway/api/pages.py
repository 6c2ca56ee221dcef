"""Pages: how many, from where on, and the link to the next one."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from candour_protocol import base64url
from candour_protocol.errors import MalformedError
from fastapi import Query, Response

from candour_gateway.api.problems import CallError

Limit = Annotated[int, Query(ge=1, le=500)]
_DIGITS = 16
After = Annotated[int, Query(ge=-1, le=2**53)]


def page(
    response: Response, path: str, items: list[dict[str, Any]], following: dict[str, Any] | None
) -> dict[str, Any]:
    """The body, and the same link in the header (RFC 8288); ``following`` are the next page's parameters."""
    link = None if following is None else f"{path}?{urlencode(following)}"
    if link is not None:
        response.headers["Link"] = f'<{link}>; rel="next"'
    return {"items": items, "links": {"next": link}}


def cursor(*parts: object) -> str:
    """An opaque place in a list."""
    return base64url.encode(" ".join(map(str, parts)).encode())


def read_cursor(text: str, types: tuple[type[int] | type[str], ...]) -> list[Any]:
    """The parts that ``cursor`` was given.

    Raises:
        CallError: it is no cursor of this list.
    """
    try:
        plain = base64url.decode(text).decode("ascii")
        if not plain.isprintable():
            raise ValueError("no database takes a NUL in a text")
        parts = plain.split(" ")
        return [_whole(part) if kind is int else part for kind, part in zip(types, parts, strict=True)]
    except (MalformedError, ValueError):
        raise CallError(422, "cursor", "This is no cursor of this list; follow links.next.") from None


def _whole(text: str) -> int:
    """A number that a database column holds."""
    if not text.isdecimal() or len(text) > _DIGITS:
        raise ValueError("not a number of a cursor")
    return int(text)
