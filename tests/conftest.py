"""What every test can count on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import stamina
from hypothesis import HealthCheck, settings

from tests.services.shared import servers

# How fast a property is tried says something about the machine, and nothing about the property.
settings.register_profile("candour", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("candour")


@pytest.fixture(autouse=True)
def retries_do_not_wait() -> Iterator[None]:
    """As many retries as in production, none of their pauses."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(scope="session")
def services(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Mapping[str, str]]:
    """Addresses of a RabbitMQ and a PostgreSQL that all workers of this run share, by variable name."""
    folder = tmp_path_factory.getbasetemp()
    is_worker = hasattr(request.config, "workerinput")
    with servers(folder.parent if is_worker else folder) as addresses:
        yield addresses
