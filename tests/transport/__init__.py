"""One contract suite for every courier, and what only one of them has."""

import pytest

pytest.register_assert_rewrite(
    "tests.transport.contract_consuming",
    "tests.transport.contract_sending",
    "tests.transport.contract_settling",
)
