"""The courier between agencies and the gateway. The URL's scheme chooses the adapter."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from candour_protocol.errors import TransportError
from candour_protocol.transport.embedded import MAX_MESSAGES, Clock, EmbeddedTransport, utc_now
from candour_protocol.transport.port import Transport

__all__ = ["connect"]

_BROKER = ("amqp", "amqps")


async def connect(
    url: str, user: str | None = None, *, patiently: bool = False, clock: Clock = utc_now
) -> Transport:
    """Open a courier.

    Args:
        url: ``embedded:///absolute/path/file.db``, with ``?limit=`` the most messages in one queue. The
            folder must exist; the file is made, and locked until `Transport.close`. Or RabbitMQ:
            ``amqps://user:password@host:port/vhost``, which needs the extra ``amqp``.
        user: whom a broker is to authenticate, the URL's user. The embedded adapter, which all parties of a
            process share, has no use for it.
        patiently: a broker that does not answer is waited for by the transport itself: until it does, what is
            published is ``UNKNOWN``. For a service, which has other things to do meanwhile.
        clock: aware UTC.

    Raises:
        TransportError: ``url extra in-use schema unusable refused unreachable``.
    """
    parts = urlsplit(url)
    if parts.scheme in _BROKER:
        return await _connect_broker(url, user, patiently)
    if parts.scheme != "embedded":
        raise TransportError("url", "no transport of that scheme; use embedded:///path/file.db or amqps://")
    if parts.netloc or not parts.path.startswith("/"):
        raise TransportError("url", "the path must be absolute: embedded:///path/file.db")
    return await EmbeddedTransport.open(Path(unquote(parts.path)), clock=clock, limit=_limit(parts.query))


async def _connect_broker(url: str, user: str | None, patiently: bool) -> Transport:
    try:
        # an extra: who carries messages in one process needs no AMQP library
        from candour_protocol.transport.rabbitmq import RabbitTransport  # noqa: PLC0415
    except ModuleNotFoundError:
        raise TransportError("extra", "RabbitMQ needs candour-protocol[amqp]") from None
    return await RabbitTransport.open(url, user, patiently=patiently)


def _limit(query: str) -> int:
    options = parse_qs(query)
    text = options.pop("limit", [str(MAX_MESSAGES)])[-1]
    if options or not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise TransportError("url", "the only option is limit, a whole number above zero")
    return int(text)
