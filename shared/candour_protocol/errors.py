"""What can go wrong with bytes that two parties exchange, and who can mend it.

    CandourError
    ├── MalformedError      bytes that no party may send: JSON, base64url, size, header, claims
    ├── UnauthenticError    unknown key, wrong signature, a key that was not valid
    ├── CourierError        the parts that travel beside the signed statement are not the signed ones
    ├── MismatchError       authentic, but its parts do not fit together: the author's software is at fault
    ├── UnreadableError     sealed to a key that is not held here, or altered
    ├── RegistryError       a registry fact that the chain of keys does not allow
    ├── ProofError          an inclusion or consistency proof, checkpoint or receipt does not verify
    ├── PolicyError         a policy file that cannot be accepted
    ├── TransportError      the courier cannot be used at all
    └── client.ClientError  a call to a node or the gateway that was not answered with success

Expected outcomes (a refusal, a held request) are values, never exceptions.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class MendedBy(StrEnum):
    """Who can do something about an error."""

    SENDER = "sender"
    COURIER = "courier"
    RECIPIENT = "recipient"
    OPERATOR = "operator"
    LOG = "log"


class CandourError(Exception):
    """The root of everything this package raises on purpose.

    Attributes:
        code: stable, lower case with hyphens, for machines: ``json``, ``unknown-kid``, ``body-mismatch``.
        detail: one sentence for people; never holds a name, an identifier or a narrative.
        pointer: RFC 6901 pointer to the member at fault, or ``""`` for the whole.
    """

    mended_by: ClassVar[MendedBy] = MendedBy.SENDER

    def __init__(self, code: str, detail: str, *, pointer: str = "") -> None:
        super().__init__(f"{code}: {detail}" + (f" ({pointer})" if pointer else ""))
        self.code = code
        self.detail = detail
        self.pointer = pointer


class MalformedError(CandourError):
    """Bytes that no party may send."""


class UnauthenticError(CandourError):
    """Nothing shows that the named issuer made this."""


class CourierError(CandourError):
    """The signed statement is whole, but what came with it is not what was signed."""

    mended_by = MendedBy.COURIER


class MismatchError(CandourError):
    """Signed by its author, but its parts do not fit together."""


class UnreadableError(CandourError):
    """The sealed part cannot be opened here."""

    mended_by = MendedBy.RECIPIENT


class RegistryError(CandourError):
    """A registry fact that the chain of keys does not allow."""

    mended_by = MendedBy.OPERATOR


class ProofError(CandourError):
    """The log's word does not verify."""

    mended_by = MendedBy.LOG


class PolicyError(CandourError):
    """A policy file that cannot be accepted."""

    mended_by = MendedBy.OPERATOR


class TransportError(CandourError):
    """The courier cannot be used at all."""

    mended_by = MendedBy.OPERATOR
