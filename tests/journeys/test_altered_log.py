"""Somebody edits the log that the gateway keeps: the offline verifier says where, whatever they touch."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from candour_protocol import strict_json
from candour_protocol.cli import app
from typer.testing import CliRunner

from tests.journeys.hostile import Surgery
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALTERATIONS = 60  # one in each file at least, the others where chance has it; the seed is fixed


async def _mirror(town: Town, surgery: Surgery, folder: Path) -> Path:
    """The log on disk, with exchanges of several kinds in it, as an auditor mirrors it."""
    concern = surgery.concern().signed()
    await surgery.judge(concern)
    await surgery.judge(surgery.request([concern]).signed())
    await town.courier.settle()
    for path, content in (await town.log_files()).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def _verify(town: Town, folder: Path) -> tuple[int, str]:
    """Exit status and what it prints."""
    key = strict_json.dumps(town.partnership.registrar.public.jwk)
    asked = ["verify", "log", str(folder), "--vkey", town.gateway.vkey, "--registrar", key]
    result = CliRunner().invoke(app, asked)
    return result.exit_code, " ".join(result.output.split())


async def test_the_log_as_the_gateway_keeps_it_verifies(town: Town, surgery: Surgery, tmp_path: Path) -> None:
    folder = await _mirror(town, surgery, tmp_path)

    status, said = _verify(town, folder)

    assert status == 0, said


async def test_an_altered_byte_anywhere_is_found_and_its_place_is_named(
    town: Town, surgery: Surgery, tmp_path: Path
) -> None:
    folder = await _mirror(town, surgery, tmp_path)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    chance = random.Random(20261123)  # noqa: S311 - which bytes to alter is no secret

    for number in range(ALTERATIONS):
        file = files[number % len(files)]
        whole = file.read_bytes()
        place = chance.randrange(len(whole))
        file.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        )
        status, said = _verify(town, folder)
        file.write_bytes(whole)

        assert status == 1, f"{file.relative_to(folder)} byte {place}: {said}"
        assert re.search(r"entry|entries|checkpoint", said, re.IGNORECASE), said
