"""How long an emergency waits behind rubbish that one agency's program puts before the gateway's queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.transport.port import Outbound
from candour_protocol.transport.topology import SUBMIT, submit_key

from tests.bench.contestants import Contestant
from tests.gateway.partnership import GP, POLICE, Partnership
from tests.gateway.world import found
from tests.services.pair import AMQP_URL
from tests.transport.realm import Realm

JUNK = 5_000
AIM = 5.0  # seconds


@pytest.fixture
async def partnership(tmp_path: Path) -> Partnership:
    founded = await found(tmp_path, "")
    founded.clock.now = max(founded.clock.now, datetime.now(UTC))
    return founded


@pytest.fixture
async def gateway(partnership: Partnership, services: Mapping[str, str]) -> AsyncIterator[Contestant]:
    realm = Realm(services[AMQP_URL])
    realm.make(partnership.parties)
    side = Contestant.gateway(realm, partnership.settings(), 1)
    await side.start()
    yield side
    await side.stop()


def _unlike(raw: bytes, number: int) -> bytes:
    return b"%d" % number


def _forged(raw: bytes, number: int) -> bytes:
    """As it should be but for its signature, which costs most to find out."""
    jwt = raw.index(b".", raw.index(b".") + 1) + 1
    return raw[:jwt] + b"%04d" % number + raw[jwt + 4 :]


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("spoil", [_unlike, _forged], ids=["no exchange", "forged"])
async def test_an_emergency_is_not_kept_waiting_by_rubbish(
    spoil: Callable[[bytes, int], bytes], partnership: Partnership, gateway: Contestant
) -> None:
    """In the urgent lane, all of it before the emergency; printed, and each piece is parked once."""
    pattern = partnership.concern(frm=POLICE).raw
    key = submit_key(POLICE, Kind.CONCERN, urgent=True)
    junk = [Outbound(SUBMIT, key, spoil(pattern, number), AgencyId(POLICE)) for number in range(JUNK)]
    emergency = await asyncio.to_thread(lambda: partnership.concern(frm=GP, urgency="EMERGENCY"))

    waited, parked = await gateway.overtake(junk, emergency)

    print(
        f"\nbehind {JUNK} such messages: {waited:.2f} s, aim {AIM}; all of them parked after {parked:.2f} s"
    )
