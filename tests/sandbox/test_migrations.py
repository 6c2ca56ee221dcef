"""A kill while a database's tables are being made leaves none of them, and the next start makes all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GATEWAY = """
from candour_gateway.schema import migrate
from sqlalchemy.engine import make_url
def run(path): migrate(make_url(f"sqlite+aiosqlite:///{path}"))
"""
NODE = """
from pathlib import Path
from candour_agency import schema
from candour_agency.engines.address import parse_address
def run(path): schema.migrate(parse_address(path))
"""
DYING = """
import os, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
left = int(sys.argv[2])
@event.listens_for(Engine, "before_cursor_execute")
def before(connection, cursor, statement, *rest):
    global left
    if statement.strip().upper().startswith("CREATE"):
        left -= 1
        if left == 0:
            os._exit(9)
run(sys.argv[1])
"""


def _migrate(service: str, database: Path, die_before_create: int) -> int:
    command = [sys.executable, "-c", service + DYING, str(database), str(die_before_create)]
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 -- our own text


@pytest.mark.parametrize("service", [GATEWAY, NODE], ids=["gateway", "node"])
def test_tables_are_made_all_or_none(service: str, tmp_path: Path) -> None:
    database = tmp_path / "some.db"

    killed = [_migrate(service, database, die_before_create=create) for create in (2, 7)]
    finished = _migrate(service, database, die_before_create=0)

    assert killed == [9, 9]
    assert finished == 0


@pytest.mark.parametrize(("first", "second"), [(GATEWAY, NODE), (NODE, GATEWAY)], ids=["node", "gateway"])
def test_a_program_refuses_the_database_of_the_other_and_leaves_it_alone(
    first: str, second: str, tmp_path: Path
) -> None:
    """Both count their schemas alike: the number says nothing about whose it is."""
    database = tmp_path / "some.db"
    assert _migrate(first, database, die_before_create=0) == 0

    refused = _migrate(second, database, die_before_create=0)

    assert refused == 1
    assert _migrate(first, database, die_before_create=0) == 0
