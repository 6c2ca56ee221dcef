"""A courier file and the embedded transport on it; a virtual host, and a broker to be ill-treated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from candour_protocol.transport.embedded import EmbeddedTransport

from tests.services.broker import Broker, Secured
from tests.services.certificates import Authority
from tests.services.pair import AMQP_URL
from tests.transport.realm import Realm
from tests.transport.recorder import AGENCIES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "courier.db"


@pytest.fixture
async def transport(path: Path) -> AsyncIterator[EmbeddedTransport]:
    transport = await EmbeddedTransport.open(path)
    await transport.declare(AGENCIES)
    yield transport
    await transport.close()


@pytest.fixture
async def realm(services: Mapping[str, str]) -> AsyncIterator[Realm]:
    realm = Realm(services[AMQP_URL])
    realm.make()
    yield realm
    await realm.close()
    realm.remove()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Broker]:
    """A broker of this worker alone, to be killed, frozen and flooded."""
    certificate, key = authority.issue("broker")
    broker = Broker(tmp_path_factory.mktemp("broker"), secured=Secured(authority.file, certificate, key))
    broker.start()
    yield broker
    broker.stop()
