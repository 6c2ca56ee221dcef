"""Put parcels on the courier, after their commit. Source: protocol sections 5 and 7."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Outbound, PublishResult, Transport
from candour_protocol.transport.topology import DELIVER, deliver_key
from candour_protocol.wire import (
    Answered,
    Delivered,
    Problem,
    render_answered,
    render_delivered,
    render_problem,
)

from candour_gateway.admission import Parcel
from candour_gateway.metrics import Metrics

log = structlog.get_logger("candour.gateway")


class Publisher:
    """The only place from which anything leaves for an agency.

    A result other than ``CONFIRMED`` is counted and left: what was routed is sent again until its
    ``delivery`` is logged, and a sender without its receipt asks again.
    """

    def __init__(self, transport: Transport, metrics: Metrics) -> None:
        self._transport = transport
        self._metrics = metrics

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Send everything in one go.

        Raises:
            TransportError: the courier cannot be used at all.
        """
        await self._send([_outbound(parcel) for parcel in parcels])

    async def _send(self, messages: Sequence[Outbound]) -> None:
        if not messages:
            return
        results = await self._transport.publish(messages)
        for result, count in Counter(results).items():
            self._metrics.published.labels(result.value).inc(count)
        for message, result in zip(messages, results, strict=True):
            if result is not PublishResult.CONFIRMED:
                log.warning("not-confirmed", routing_key=message.routing_key, result=result.value)


def _outbound(parcel: Parcel) -> Outbound:
    return Outbound(DELIVER, deliver_key(parcel.to, parcel.lane), _render(parcel.content), GATEWAY)


def _render(content: Delivered | Answered | Problem) -> bytes:
    match content:
        case Delivered():
            return render_delivered(content)
        case Answered():
            return render_answered(content)
        case Problem():
            return render_problem(content)
