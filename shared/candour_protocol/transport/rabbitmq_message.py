"""What one message looks like in AMQP, both ways.

``user_id`` is whom the broker has authenticated: it closes the channel of whoever sets another. The AMQP
``message_id`` names one attempt to publish, not a statement: returned messages are told apart by it, and two
in flight with the same one would swap their results.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from candour_protocol.transport.port import Delivery, Parked
from candour_protocol.transport.rabbitmq_post import Stamp

ENQUEUED = "timestamp_in_ms"
"""Header: when it was published, milliseconds since 1970; the name that RabbitMQ's own interceptor writes."""
PARKED, REASON, USER, KEY = "candour-parked-in-ms", "candour-reason", "candour-user", "candour-key"
PERSISTENT = 2
MEDIA_TYPE = "application/candour+json"

_LONGEST_MS = 253_402_300_799_999  # the last millisecond that a datetime holds


def outgoing(user: str, now: datetime) -> Stamp:
    """Properties of what ``user`` publishes in one go."""
    return _stamp(user, {ENQUEUED: _to_ms(now)})


def parking(delivery: Delivery, reason: str, user: str, now: datetime) -> Stamp:
    """Properties of a message that ``user`` parks; what the broker would forget stands in headers."""
    headers: dict[str, int | str] = {
        ENQUEUED: _to_ms(delivery.enqueued_at),
        PARKED: _to_ms(now),
        REASON: reason,
        USER: delivery.user,
        KEY: delivery.routing_key,
    }
    return _stamp(user, headers)


def incoming(message: DeliveredMessage, queue: str, attempt: int, now: datetime) -> Delivery:
    """A delivery; everything that its sender may have written wrongly has a value all the same."""
    properties = message.header.properties
    return Delivery(
        queue=queue,
        routing_key=message.routing_key or "",
        user=properties.user_id or "",
        body=message.body,
        attempt=attempt,
        enqueued_at=_enqueued_at(properties, now),
    )


def parked(message: DeliveredMessage, now: datetime) -> Parked:
    """What lies in the dead queue: parked by a consumer, or by the broker itself."""
    properties = message.header.properties
    headers = _headers(properties)
    delivery = Delivery(
        queue=message.routing_key or "",
        routing_key=_text(headers, KEY, message.routing_key or ""),
        user=_text(headers, USER, properties.user_id or ""),
        body=message.body,
        attempt=1,
        enqueued_at=_enqueued_at(properties, now),
    )
    reason = _text(headers, REASON, _text(headers, "x-first-death-reason", "unknown"))
    return Parked(delivery, reason, _moment(headers.get(PARKED)) or delivery.enqueued_at)


def message_id(message: DeliveredMessage) -> str | None:
    """The id of the attempt to publish that made this message, if its sender gave one."""
    return message.header.properties.message_id or None


def returns(message: DeliveredMessage) -> int:
    """How often the broker took this message back from a consumer."""
    count = _headers(message.header.properties).get("x-delivery-count")
    return count if isinstance(count, int) and count > 0 else 0


def _stamp(user: str, headers: dict[str, int | str]) -> Stamp:
    properties = Basic.Properties(
        content_type=MEDIA_TYPE, delivery_mode=PERSISTENT, user_id=user, headers={**headers}
    )
    return Stamp.of(properties)


def _headers(properties: Basic.Properties) -> Mapping[str, object]:
    return properties.headers or {}


def _text(headers: Mapping[str, object], name: str, absent: str) -> str:
    value = headers.get(name)
    return value if isinstance(value, str) else absent


def _enqueued_at(properties: Basic.Properties, now: datetime) -> datetime:
    stated = _moment(_headers(properties).get(ENQUEUED)) or properties.timestamp
    if stated is None:
        return now
    return stated if stated.tzinfo else stated.replace(tzinfo=UTC)


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int) or not 0 <= milliseconds <= _LONGEST_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _to_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
