"""The gateway on the courier that the sandbox uses: from one agency's queue to another's inbox and back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from candour_gateway.assembly import build
from candour_protocol.transport import connect
from candour_protocol.transport.port import Ack, Delivery, Outbound, Settlement
from candour_protocol.transport.topology import SUBMIT, Lane, inbox_queue, submit_key
from candour_protocol.wire import Answered, Delivered, parse_inbound

from tests.gateway.partnership import GP, SCHOOL, Partnership


class Inbox:
    """Collects what one agency receives."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[Delivered | Answered] = asyncio.Queue()

    async def handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        for each in deliveries:
            content = parse_inbound(each.body)
            assert isinstance(content, Delivered | Answered)
            self.received.put_nowait(content)
        return [Ack() for _ in deliveries]


async def test_a_concern_goes_through_the_embedded_courier(founded: Partnership, tmp_path: Path) -> None:
    transport = await connect(f"embedded://{tmp_path}/courier.db")
    shutil.copytree(founded.folder, tmp_path / "gateway")
    partnership = replace(founded, folder=tmp_path / "gateway")
    gateway = await build(partnership.settings(), transport, partnership.clock)
    await gateway.start()
    inboxes = {agency: Inbox() for agency in (GP, SCHOOL)}
    for agency, inbox in inboxes.items():
        await transport.consume(inbox_queue(agency, Lane.ORDINARY), inbox.handle)
    concern = partnership.concern()

    await transport.publish([Outbound(SUBMIT, submit_key(GP, "concern", False), concern.raw, GP)])
    answered = await asyncio.wait_for(inboxes[GP].received.get(), 10)
    delivered = await asyncio.wait_for(inboxes[SCHOOL].received.get(), 10)

    assert isinstance(answered, Answered)
    assert isinstance(delivered, Delivered)
    assert answered.receipt == delivered.receipt
    assert delivered.body == concern.body
    await gateway.stop()
    await transport.close()
