"""Opened statements as the rules read them; of a relay with what its originator disclosed."""

from __future__ import annotations

from candour_protocol.disclosures import open_disclosures
from candour_protocol.errors import MismatchError
from candour_protocol.kinds import ConcernContent, Content, Kind, Original, parse_codes, parse_content
from candour_protocol.rules import Matter
from candour_protocol.statement import Statement, parse
from candour_protocol.strict_json import JsonObject


def read_matter(kind: Kind, codes: JsonObject, content: JsonObject) -> Matter:
    """Codes and content as the rules read them; fields of the content may be missing.

    Raises:
        CandourError: they do not fit their kind, or what they relay is not what was signed.
    """
    opened = parse_content(kind, content, partial=True)
    return Matter(kind, parse_codes(kind, codes), opened, relayed_content(opened))


def relayed_content(content: Content) -> ConcernContent | None:
    """What the originator of a relayed concern disclosed. Its digests are checked, not whose signature it is.

    Raises:
        CourierError, MalformedError, MismatchError: it is not what was signed.
    """
    original = content.original if isinstance(content, ConcernContent) else None
    return None if original is None else open_original(parse(original.statement), original)


def open_original(statement: Statement, original: Original) -> ConcernContent:
    """The disclosures of an originator's statement, those that go on.

    Raises:
        CourierError, MismatchError: one of them was not signed, or does not fit.
    """
    values = open_disclosures(statement, original.disclosures)
    content = parse_content(statement.claims.kind, values, partial=True)
    if not isinstance(content, ConcernContent):
        raise MismatchError("mismatch", "what is relayed is no concern", pointer="/original")
    return content
