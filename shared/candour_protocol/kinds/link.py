"""``link``: a named person says that two threads, or two tokens, are one child. Source: protocol 3.1."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from candour_protocol.kinds.fields import MAX_REFERENCES, THREAD, TOKEN, Codes, Content, Hash

# A thread, or the token of a child.
Joined = Annotated[str, Field(pattern=rf"^({THREAD}|{TOKEN})$")]


class LinkCodes(Codes):
    """T1 of a link; one that ``undoes`` an earlier link joins nothing."""

    joins: Annotated[tuple[Joined, ...], Field(strict=False, min_length=2, max_length=MAX_REFERENCES)] | None
    undoes: Hash | None


class LinkContent(Content):
    """T2 of a link."""

    why: str | None = None
