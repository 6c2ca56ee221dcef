"""Exchanges, queues, bindings and who may publish what, as data.

Source: protocol section 7. Adapters make these; everybody else only asks for names and keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from candour_protocol.ids import GATEWAY, AgencyId

SUBMIT = "candour.submit"
DELIVER = "candour.deliver"
DEAD = "candour.dead"
EXCHANGES = (SUBMIT, DELIVER, DEAD)


class Lane(StrEnum):
    """What may overtake what: urgent is EMERGENCY and RED, and replies to them."""

    URGENT = "urgent"
    ORDINARY = "ordinary"
    RESTRICTED = "restricted"


SUBMIT_LANES = (Lane.URGENT, Lane.ORDINARY)
GATEWAY_QUEUES = tuple(f"gateway.submit.{lane}" for lane in SUBMIT_LANES)
"""What the gateway consumes, urgent first."""
DEAD_QUEUE = "dead"
MAX_KEY = 255  # bytes; AMQP's short string


@dataclass(frozen=True, slots=True)
class Binding:
    """What ``exchange`` gets under a key that fits ``pattern`` (AMQP topic) goes to ``queue`` too."""

    exchange: str
    pattern: str
    queue: str


GATEWAY_BINDINGS = tuple(
    Binding(SUBMIT, f"*.*.{lane}", queue) for lane, queue in zip(SUBMIT_LANES, GATEWAY_QUEUES, strict=True)
)
DEAD_BINDING = Binding(DEAD, "#", DEAD_QUEUE)


def submit_key(agency: str, kind: str, urgent: bool) -> str:
    """The key under which an agency submits a statement of ``kind`` to `SUBMIT`."""
    return f"{agency}.{kind}.{Lane.URGENT if urgent else Lane.ORDINARY}"


def deliver_key(recipient: str, lane: Lane) -> str:
    """The key under which the gateway sends to an agency through `DELIVER`."""
    return f"{recipient}.{lane}"


def first_word(routing_key: str) -> str:
    """Of a submission: the agency that it claims to come from. Of a delivery: the recipient."""
    return routing_key.partition(".")[0]


def inbox_queue(agency: str, lane: Lane) -> str:
    """The queue of one lane of an agency."""
    return f"inbox.{agency}.{lane}"


def inbox_queues(agency: str) -> tuple[str, ...]:
    """All queues that an agency's node consumes, urgent first."""
    return tuple(inbox_queue(agency, lane) for lane in Lane)


def bindings(agencies: Iterable[AgencyId]) -> tuple[Binding, ...]:
    """Every binding of a partnership of these agencies, the gateway's first."""
    inboxes = (
        Binding(DELIVER, deliver_key(agency, lane), inbox_queue(agency, lane))
        for agency in agencies
        for lane in Lane
    )
    return (*GATEWAY_BINDINGS, *inboxes)


def may_publish(user: str, exchange: str, routing_key: str) -> bool:
    """Whether the broker lets ``user`` publish this: an agency as itself, and only the gateway delivers."""
    if len(routing_key) > MAX_KEY or not routing_key.isascii():
        return False
    if exchange == DELIVER:
        return user == GATEWAY
    return exchange == SUBMIT and user != "" and routing_key.startswith(f"{user}.")


def matches(pattern: str, routing_key: str) -> bool:
    """Whether an AMQP topic pattern (``*`` one word, ``#`` any number) fits a key."""
    return _fits(pattern.split("."), routing_key.split("."))


def _fits(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, rest = pattern[0], pattern[1:]
    if head == "#":
        return any(_fits(rest, words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _fits(rest, words[1:])
