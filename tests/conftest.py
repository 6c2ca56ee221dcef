"""What every test can count on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def retries_do_not_wait() -> Iterator[None]:
    """As many retries as in production, none of their pauses."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
