"""A process to be killed. Usage: victim.py hold|publish|lock FILE"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from candour_protocol.errors import TransportError
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport import connect
from candour_protocol.transport.port import Delivery, Outbound, Settlement, Transport
from candour_protocol.transport.topology import DELIVER

SCHOOL = AgencyId("oakfield-school")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def message(number: int) -> Outbound:
    return Outbound(DELIVER, f"{SCHOOL}.ordinary", b"%d" % number, GATEWAY)


async def hold(transport: Transport) -> None:
    """Take five messages in hand and never settle them."""

    async def handler(batch: Sequence[Delivery]) -> Sequence[Settlement]:
        say(f"in hand {len(batch)}")
        await asyncio.Event().wait()
        return []

    await transport.publish([message(number) for number in range(5)])
    await transport.consume(f"inbox.{SCHOOL}.ordinary", handler)
    await asyncio.Event().wait()


async def publish(transport: Transport) -> None:
    """Publish without end, naming each message once it is confirmed."""
    for number in range(10**9):
        await transport.publish([message(number)])
        say(str(number))


async def main(what: str, path: str) -> None:
    try:
        transport = await connect(f"embedded://{path}")
    except TransportError as error:
        say(error.code)
        return
    await transport.declare([SCHOOL])
    await (hold if what == "hold" else publish)(transport)


asyncio.run(main(*sys.argv[1:]))
