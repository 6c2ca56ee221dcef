"""Whose bytes are these? Everything about a submission that can be told without the log. Source: protocol 5.

What does not authenticate is no exchange: it becomes ``Unfit``, and nothing of it but a digest is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from candour_protocol.errors import CandourError, MismatchError, UnauthenticError
from candour_protocol.ids import sha256_text
from candour_protocol.kinds import Codes, parse_codes
from candour_protocol.kinds.lists import PLAIN
from candour_protocol.registry import Registry
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.transport.topology import first_word
from candour_protocol.wire import parse_body

from candour_gateway.verdict import Submission


@dataclass(frozen=True, slots=True)
class Unfit:
    """Bytes that are no exchange: why, and by which name they are remembered."""

    code: str
    digest: str


def screen(raw: bytes, user: str, routing_key: str, registry: Registry) -> Submission | Unfit:
    """Read and authenticate what ``user`` published under ``routing_key``."""
    try:
        body = parse_body(raw)
        statement = authentic(body.jwt, registry)
        _check_sender(statement, user, routing_key)
        return matched(statement, body)
    except CandourError as error:
        return Unfit(error.code, sha256_text(raw))


def authentic(jwt: str, registry: Registry) -> Statement:
    """A statement that a key made which was ever its issuer's; whether it still is, is judged at its index.

    Raises:
        MalformedError: no party may send this.
        UnauthenticError: ``unknown-kid``, ``signature`` or ``net``.
    """
    statement = parse(jwt)
    key = registry.issuer_key(statement.claims.iss, statement.kid)
    if key is None:
        raise UnauthenticError("unknown-kid", "no sign key of this issuer under this kid")
    authenticate(statement, key.verify_key)
    if statement.claims.net != registry.net:
        raise UnauthenticError("net", "a statement of another partnership", pointer="/net")
    return statement


def _check_sender(statement: Statement, user: str, routing_key: str) -> None:
    """Broker user and routing key speak for the issuer; nobody submits for another."""
    if statement.claims.iss != user or first_word(routing_key) != user:
        raise UnauthenticError("broker-user", "sent by another broker user than its issuer", pointer="/iss")


def matched(statement: Statement, body: Body) -> Submission:
    """The statement with its codes, or with what its author did wrong about them.

    Raises:
        CourierError: ``body-mismatch``: what came beside it is not what was signed.
    """
    try:
        return Submission(statement, body, _codes(statement, body))
    except MismatchError as error:
        return Submission(statement, body, None, error)


def _codes(statement: Statement, body: Body) -> Codes | None:
    value = match(statement, body)
    if value is None or statement.claims.kind in PLAIN:
        return None
    return parse_codes(statement.claims.kind, value)
