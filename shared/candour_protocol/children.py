"""Child tokens: the same child, recognised by the parties and nobody else. Source: protocol section 3.1."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence

from candour_protocol import base64url
from candour_protocol.identifiers import normalise
from candour_protocol.ids import ChildToken
from candour_protocol.kinds.people import Person
from candour_protocol.strict_json import JsonObject

RANDOM_BYTES = 32


def child_tokens(
    subject: Person, partnership_keys: Sequence[bytes], thread_random: bytes
) -> list[ChildToken]:
    """The sorted tokens of a child: one for each identifier that is known, under each key in use.

    Args:
        partnership_keys: the current key, and for 180 days after a rotation the one before it.
        thread_random: 32 bytes for this child in this thread; used where no identifier is known.
    """
    known = keyed_tokens(subject, partnership_keys)
    return sorted(known) if known else [random_token(thread_random)]


def random_token(thread_random: bytes) -> ChildToken:
    """The token of a child without an identifier.

    Raises:
        ValueError: not 32 bytes.
    """
    if len(thread_random) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are wanted")
    return ChildToken(f"r1.{base64url.encode(thread_random)}")


def is_random(token: ChildToken) -> bool:
    """Whether a token says nothing about any identifier."""
    return token.startswith("r1.")


def tokens_in(codes: JsonObject | None) -> tuple[ChildToken, ...]:
    """The tokens that the codes of a concern or request state; none where they cannot be read."""
    stated = (codes or {}).get("child")
    return (
        tuple(ChildToken(one) for one in stated if isinstance(one, str)) if isinstance(stated, list) else ()
    )


def same_child(left: Collection[ChildToken], right: Collection[ChildToken]) -> bool:
    """Whether two statements name the same child: one token in common. (A ``link`` can also join them.)"""
    return not set(left).isdisjoint(right)


def may_be_one_child(left: Collection[ChildToken], right: Collection[ChildToken]) -> bool:
    """Whether two statements of one thread can name the same child: also where either knew no identifier."""
    return same_child(left, right) or any(all(map(is_random, each)) for each in (left, right))


def connected(start: Collection[str], bonds: Iterable[Collection[str]]) -> set[str]:
    """Everything that hangs together with the start, where what stands in one bond is joined."""
    reached, apart = set(start), [set(bond) for bond in bonds]
    while touching := [bond for bond in apart if reached & bond]:
        reached = reached.union(*touching)
        apart = [bond for bond in apart if bond not in touching]
    return reached


def of_one_child(children: Sequence[Collection[str]]) -> set[str]:
    """The tokens of statements that are all about one child; none, where they are about several."""
    together = connected(children[0], children) if children else set()
    return together if all(together.issuperset(child) for child in children) else set()


def request_tokens(
    own: Collection[ChildToken], cited: Collection[Collection[ChildToken]]
) -> list[ChildToken]:
    """The sorted tokens of a request or relay: its own, and those of each concern it cites on the same child.

    A cited concern counts as the same child where it shares a token with the request's own, or where nobody
    knew an identifier. The tokens of another child are never taken over, so that R04 sees them missing.
    """
    joined = {token for tokens in cited if _joins(own, tokens) for token in tokens}
    return sorted(joined | set(own))


def recomputes(
    claimed: Collection[ChildToken],
    subject: Person | None,
    partnership_keys: Sequence[bytes],
    cited: Collection[Collection[ChildToken]] = (),
) -> bool:
    """Whether the tokens in T1 are those of the child in the sealed part.

    Every keyed token must come from the sealed identifiers or from a cited concern, and all sealed
    identifiers must stand there under at least one key.

    Args:
        cited: the tokens of each cited concern, as logged.
    """
    by_key = [keyed_tokens(subject or Person(), [key]) for key in partnership_keys]
    expected = {token for tokens in by_key for token in tokens}
    inherited = {token for tokens in cited if _joins(expected, tokens) for token in tokens}
    keyed = {token for token in claimed if not is_random(token)}
    complete = any(tokens <= keyed for tokens in by_key)
    return complete and keyed <= expected | inherited


def _joins(own: Collection[ChildToken], cited: Collection[ChildToken]) -> bool:
    return same_child(own, cited) or all(is_random(token) for token in cited)


def keyed_tokens(subject: Person, partnership_keys: Sequence[bytes]) -> set[ChildToken]:
    """The tokens of whatever identifiers are known of somebody; none, where none is."""
    named = [f"{scheme}:{normalise(value)}" for scheme, value in identifiers(subject)]
    return {_token(key, text) for key in partnership_keys for text in named}


def _token(key: bytes, named: str) -> ChildToken:
    digest = hmac.digest(key, named.encode(), "sha256")
    return ChildToken(f"v1.{base64url.encode(digest)}")


def identifiers(subject: Person) -> Iterator[tuple[str, str]]:
    """The identifiers of a child, each with its scheme, as they were typed."""
    given = {"nhs": subject.nhs_number, "upn": subject.upn, "chi": subject.chi, "hcn": subject.hcn}
    for scheme, value in given.items():
        if value and value.strip():
            yield scheme, value
    mother, due = subject.mother_nhs_number, subject.edd
    if mother and mother.strip() and due and due.strip():
        yield "unborn", f"{mother}:{due}"
