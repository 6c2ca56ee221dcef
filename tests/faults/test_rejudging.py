"""The court can find something: a log, or a list of duties, that was changed behind the gateway's back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.rejudging import Court
from tests.sandbox.process import Process, free_base_port

pytestmark = pytest.mark.timeout(600)

CHANGES = {
    "a verdict": (
        'UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), \'"d":"passed"\', \'"d":"flagged"\')'
        " AS BLOB) WHERE kind = 'concern'"
    ),
    "who owes": "UPDATE obligations SET owed_by = owed_to",
    "what is settled": "UPDATE obligations SET settled_by = NULL",
    "a duty": "DELETE FROM obligations WHERE kind = 'answer'",
    "codes": "DELETE FROM codes",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is left of a sandbox that has played its story."""
    data = tmp_path_factory.mktemp("court") / "data"
    process = Process.up(data, free_base_port())
    try:
        process.ready()
    finally:
        process.kill()
    yield data
    shutil.rmtree(data)


def test_what_the_gateway_wrote_comes_out_alike(played: Path) -> None:
    assert Court(played).differences() == []


@pytest.mark.parametrize("changed", CHANGES)
def test_what_was_changed_comes_out_otherwise(played: Path, tmp_path: Path, changed: str) -> None:
    data = tmp_path / "data"
    shutil.copytree(played, data)
    with closing(sqlite3.connect(data / "gateway.db")) as database:
        database.execute(CHANGES[changed])
        database.commit()

    assert Court(data).differences()
