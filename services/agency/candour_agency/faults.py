"""Why a call cannot be carried out. Not a rule's verdict: those are logged and answered, never raised.

The codes are stable; ``api.problems`` gives each its status and title.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """What is wrong with a call."""

    NOT_JSON = "not-json"
    MEDIA_TYPE = "media-type"
    BODY_TOO_LARGE = "body-too-large"
    STORY_TOO_LONG = "story-too-long"
    INVALID_BODY = "invalid-body"
    INVALID_PARAMETER = "invalid-parameter"
    UNKNOWN_RECIPIENT = "unknown-recipient"
    UNKNOWN_CONCERN = "unknown-concern"
    UNKNOWN_MESSAGE = "unknown-message"
    NO_RECEIPT = "no-receipt-yet"
    NOT_FOUND = "not-found"
    METHOD = "method-not-allowed"
    WRONG_KIND = "wrong-kind"
    NOBODY_NAMED = "nobody-named"
    ALREADY_DONE = "already-done"
    ERASED = "erased"
    SAME_DECIDER = "same-decider"
    OTHER_WORKER = "other-worker"
    REASON_NEEDED = "reason-needed"
    NOT_PASSED_ON = "not-passed-on"
    KEY_REUSED = "idempotency-key-reused"
    UNAUTHENTICATED = "unauthenticated"
    MISSING_SCOPE = "missing-scope"
    RETURNED = "returned"
    TOO_MANY = "too-many-calls"
    NOT_READY = "not-ready"
    DATABASE_AWAY = "database-away"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Place:
    """One member of a body that is wrong: an RFC 6901 pointer, and how to mend it."""

    pointer: str
    detail: str


class CallError(Exception):
    """A call that cannot be carried out.

    Attributes:
        detail: plain words that say how to mend it; never repeats what the caller sent.
        places: the members at fault, where it is a body's.
        members: further members of the problem.
    """

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        places: Sequence[Place] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.places = tuple(places)
        self.members = dict(members or {})


def unknown_message() -> CallError:
    """For an id that is not there, and for one that the caller may not see: the same words for both."""
    return CallError(Code.UNKNOWN_MESSAGE, "There is no message with this id here. Check the id.")
