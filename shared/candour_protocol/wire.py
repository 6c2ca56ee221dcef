"""What is put on the wire: a body on its way in, and the three things a node can find in its inbox.

Media type ``application/candour+json``. Source: protocol sections 3 and 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from candour_protocol import ids, strict_json
from candour_protocol.errors import MalformedError
from candour_protocol.ids import Jti
from candour_protocol.statement import MAX_BODY, Body
from candour_protocol.strict_json import JsonObject, JsonValue

__all__ = [
    "MAX_INBOUND",
    "Answered",
    "ApprovalPart",
    "Body",
    "Delivered",
    "Problem",
    "parse_body",
    "parse_inbound",
    "render_answered",
    "render_body",
    "render_delivered",
    "render_problem",
]

MAX_INBOUND = 256 * 1024  # bytes: a body, its receipt, and an approval with its own
_MAX_DISCLOSURES = 64
_MAX_VIOLATIONS = 1024
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_MAX_CODE = 40  # characters

_BODY = frozenset({"statement", "sealed"})
_DELIVERED = _BODY | {"receipt"}


@dataclass(frozen=True, slots=True)
class ApprovalPart:
    """The approval that released a held statement, with its own receipt.

    Of two that it wanted, the one that came last: each is judged together with those before it, so its entry
    says ``passed`` only once all are in the log. What came before is in there, and is not sent on.
    """

    body: Body
    receipt: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A statement for this agency, with the receipt that proves it was logged first."""

    body: Body
    receipt: str
    approval: ApprovalPart | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a statement that this agency submitted; violations are (rule, pointer)."""

    jti: Jti
    receipt: str
    violations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that this agency's broker user sent could not be taken for a statement.

    Attributes:
        problem: an error's code.
        digest: base64url SHA-256 of the bytes sent.
    """

    problem: str
    digest: str


def parse_body(raw: bytes) -> Body:
    """Read a submission.

    Raises:
        MalformedError: ``size``, ``json`` or ``body``.
    """
    return _body(_load(raw, MAX_BODY), _BODY)


def parse_inbound(raw: bytes) -> Delivered | Answered | Problem:
    """Read what the gateway sent to a node.

    Raises:
        MalformedError: ``size``, ``json`` or ``body``.
    """
    members = _load(raw, MAX_INBOUND)
    if "statement" in members:
        return _delivered(members)
    if "problem" in members:
        return _problem(members)
    return _answered(members)


def render_body(body: Body) -> bytes:
    """The bytes that ``parse_body`` reads."""
    return _dump(body.members)


def render_delivered(delivered: Delivered) -> bytes:
    """The bytes that ``parse_inbound`` reads as this."""
    members = delivered.body.members | {"receipt": delivered.receipt}
    approval = delivered.approval
    if approval is not None:
        members["approval"] = approval.body.members | {"receipt": approval.receipt}
    return _dump(members)


def render_answered(answered: Answered) -> bytes:
    """The bytes that ``parse_inbound`` reads as this."""
    violations: list[JsonValue] = [
        {"rule": rule, "pointer": pointer} for rule, pointer in answered.violations
    ]
    return _dump({"jti": answered.jti, "receipt": answered.receipt, "violations": violations})


def render_problem(problem: Problem) -> bytes:
    """The bytes that ``parse_inbound`` reads as this."""
    return _dump({"problem": problem.problem, "digest": problem.digest})


def _dump(members: JsonObject) -> bytes:
    return strict_json.dumps(members).encode("ascii")


def _load(raw: bytes, limit: int) -> JsonObject:
    if len(raw) > limit:
        raise MalformedError("size", f"more than {limit} bytes")
    return strict_json.load_object(raw)


def _body(members: JsonObject, expected: frozenset[str]) -> Body:
    statement, sealed = _texts(members, expected, "statement", "sealed")
    jwt, *disclosures = statement.split("~")
    if not jwt or not disclosures or disclosures.pop() or not all(disclosures):
        raise MalformedError("body", "not an issuer JWT and disclosures, each with ~ after it")
    if len(disclosures) > _MAX_DISCLOSURES or not (statement.isascii() and sealed.isascii()):
        raise MalformedError("body", "a statement and a sealed part are ASCII, with at most 64 disclosures")
    return Body(jwt, tuple(disclosures), sealed)


def _delivered(members: JsonObject) -> Delivered:
    approval = members.pop("approval", None)
    body, (receipt,) = _body(members, _DELIVERED), _texts(members, _DELIVERED, "receipt")
    if approval is None:
        return Delivered(body, receipt)
    if not isinstance(approval, dict):
        raise MalformedError("body", "not an approval", pointer="/approval")
    (approved,) = _texts(approval, _DELIVERED, "receipt")
    return Delivered(body, receipt, ApprovalPart(_body(approval, _DELIVERED), approved))


def _answered(members: JsonObject) -> Answered:
    violations = members.pop("violations", None)
    jti, receipt = _texts(members, frozenset({"jti", "receipt"}), "jti", "receipt")
    if not isinstance(violations, list) or len(violations) > _MAX_VIOLATIONS:
        raise MalformedError("body", "not a list of violations", pointer="/violations")
    return Answered(Jti(ids.parse_uuid7(jti)), receipt, tuple(map(_violation, violations)))


def _violation(value: JsonValue) -> tuple[str, str]:
    members = value if isinstance(value, dict) else {}
    rule, pointer = _texts(members, frozenset({"rule", "pointer"}), "rule", "pointer")
    return rule, pointer


def _problem(members: JsonObject) -> Problem:
    problem, digest = _texts(members, frozenset({"problem", "digest"}), "problem", "digest")
    if len(problem) > _MAX_CODE or not _CODE.match(problem):
        raise MalformedError("body", "not an error's code", pointer="/problem")
    return Problem(problem, ids.parse_hash(digest))


def _texts(members: JsonObject, expected: frozenset[str], *names: str) -> list[str]:
    """The values of some members of an object that has exactly those expected, all of these being strings."""
    if members.keys() != expected:
        raise MalformedError("body", f"not exactly the members {' '.join(sorted(expected))}")
    values = [members[name] for name in names]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        raise MalformedError("body", "a member is not a string")
    return texts
