"""Whether two signatures are two people's. Source: protocol section 3.1, `actor`."""

from __future__ import annotations

from candour_protocol.ids import ActorToken


def are_two(author: ActorToken | None, second: ActorToken | None) -> bool:
    """Whether somebody else than the author has signed; beside an author whom nobody named, nobody is."""
    return author is not None and second is not None and author != second


def is_another(first: ActorToken | None, again: ActorToken | None) -> bool:
    """Whether a named person decides again who did not decide first; one who was not named is another."""
    return again is not None and again != first
