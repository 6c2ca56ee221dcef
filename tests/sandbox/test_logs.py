"""The log file tells where something went wrong, never what somebody had written."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from candour_sandbox import logs

SECRET = "Rowan Ashbyte"


@contextmanager
def logging_to(path: Path) -> Iterator[Path]:
    handler = logs.to_file(path)
    yield path
    structlog.reset_defaults()
    logging.getLogger().removeHandler(handler)
    assert isinstance(handler, logging.StreamHandler)
    handler.stream.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    with logging_to(tmp_path / "sandbox.log") as path:
        yield path


def test_an_event_is_one_line_of_json(file: Path) -> None:
    structlog.get_logger("test").info("tidied", sealed=3)

    line = json.loads(file.read_text("utf-8"))
    assert (line["event"], line["sealed"], line["level"]) == ("tidied", 3, "info")


def test_an_exception_is_told_without_its_words(file: Path) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        structlog.get_logger("test").exception("failed")
        structlog.get_logger("test").error("failed", exc_info=error)
        logging.getLogger("library").exception("a library failed")

    said = file.read_text("utf-8")
    assert SECRET not in said
    assert said.count("ValueError at test_logs.py") == 3


def test_a_disk_without_room_for_a_log_fails_nobody() -> None:
    with logging_to(Path("/dev/full")) as full:
        structlog.get_logger("test").warning("database-away")
        logging.getLogger("library").warning("a library's word")

    with pytest.raises(OSError, match="No space left"):
        full.write_bytes(b"as any other file says")
