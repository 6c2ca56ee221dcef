"""What every courier has to do: an adapter's test subclasses `CourierContract` and gives it a `courier`."""

from __future__ import annotations

from tests.transport.contract_consuming import Consuming
from tests.transport.contract_sending import Sending
from tests.transport.contract_settling import Settling


class CourierContract(Sending, Settling, Consuming):
    """The suite, for an adapter whose `Courier` the fixture ``courier`` returns, with every queue empty."""
