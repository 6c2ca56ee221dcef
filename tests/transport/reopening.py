"""What an embedded courier file holds for a new process."""

from __future__ import annotations

from pathlib import Path

from candour_protocol.transport.embedded import EmbeddedTransport

from tests.transport.recorder import INBOX, Recorder


async def reopened(path: Path) -> Recorder:
    """What a new transport on the file hands out, once everything is settled."""
    transport = await EmbeddedTransport.open(path)
    recorder = Recorder()
    messages = (await transport.depth(INBOX)).messages
    await transport.consume(INBOX, recorder)
    await recorder.until_settled(messages)
    await transport.close()
    return recorder
