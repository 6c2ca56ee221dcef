"""The RabbitMQ courier: the contract, held against a real broker."""

from __future__ import annotations

import pytest

from tests.transport.contract import CourierContract
from tests.transport.realm import RabbitCourier, Realm


class TestRabbitCourier(CourierContract):
    @pytest.fixture
    def courier(self, realm: Realm) -> RabbitCourier:
        return RabbitCourier(realm)
