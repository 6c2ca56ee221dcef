"""Whatever an agency writes beside its message, the gateway goes on hearing the others."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
from aio_pika import Connection
from aiormq.exceptions import AMQPError
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.topology import GATEWAY_QUEUES
from yarl import URL

from tests.transport import hostile
from tests.transport.realm import Realm
from tests.transport.recorder import CLINIC, SCHOOL, Recorder, to_gateway


async def stands(question: Awaitable[object]) -> bool:
    """Whether the broker still talks to us after what we sent."""
    try:
        await question
    except AMQPError:
        return False
    return True


@pytest.mark.parametrize(("key", "properties"), hostile.CASES.values(), ids=hostile.CASES.keys())
async def test_no_property_of_a_message_deafens_the_gateway(
    realm: Realm, key: bytes, properties: hostile.Properties
) -> None:
    gateway, clinic = await realm.connect(GATEWAY), await realm.connect(CLINIC)
    connection = Connection(URL(realm.url(SCHOOL)))
    await connection.connect(timeout=10)
    assert connection.transport is not None
    channel = await connection.transport.connection.channel()
    recorder = Recorder()

    await hostile.publish(channel, key, properties)
    accepted = await stands(channel.queue_declare(GATEWAY_QUEUES[0], passive=True))
    await connection.close()
    await clinic.publish([to_gateway("in need", CLINIC, urgent=True)])
    await gateway.consume(GATEWAY_QUEUES[0], recorder)
    await recorder.until(lambda: b"in need" in recorder.bodies)

    assert recorder.bodies == ([b"x"] if accepted else []) + [b"in need"]
