"""A rule set that exempts somebody: neither gateway nor node starts with it, and nobody adopts it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from candour_agency import assembly as agency_assembly
from candour_agency.engines.address import parse_address
from candour_gateway import __main__ as gateway_cli
from candour_gateway import assembly as gateway_assembly
from candour_protocol import base64url, registry_facts
from candour_protocol.errors import PolicyError
from candour_protocol.ids import sha256_text
from candour_protocol.transport.embedded import EmbeddedTransport
from typer.testing import CliRunner

from tests.gateway.partnership import POLICY, SCHOOL
from tests.journeys.town import Town, settings_of

IN_TOWN = pytest.mark.asyncio(loop_scope="module")

TEXT = POLICY.decode()
EXEMPTIONS = {
    "an agency by name": TEXT.replace("[words]", f'[exempt]\nagencies = ["{SCHOOL}"]\n\n[words]', 1),
    "a kind of agency": TEXT.replace("[words]", 'exempt_kinds = ["POLICE"]\n\n[words]', 1),
    "fewer words for one kind": TEXT.replace(
        "danger_line = 5 ", "danger_line = { default = 5, POLICE = 1 } ", 1
    ),
    "an agency in the legal table": TEXT.replace('S47 = ["CSC"', f'S47 = ["{SCHOOL}"', 1),
    "a clock of its own": TEXT.replace(
        "[clocks.RED]", f'[clocks.RED.{SCHOOL}]\nanswer = "9 hours"\n\n[clocks.RED]', 1
    ),
}
ALL = pytest.mark.parametrize("text", EXEMPTIONS.values(), ids=EXEMPTIONS.keys())


def line_at_fault(text: str) -> int:
    """The first line in which it differs from the rule set that is everybody's."""
    pairs = zip(text.splitlines(), TEXT.splitlines(), strict=False)
    return next(number for number, (one, other) in enumerate(pairs, 1) if one != other)


def written(folder: Path, text: str) -> Path:
    assert text != TEXT
    path = folder / "exempting.toml"
    path.write_text(text)
    return path


@ALL
@IN_TOWN
async def test_the_gateway_does_not_start_with_it(town: Town, tmp_path: Path, text: str) -> None:
    settings = town.partnership.settings(policy=written(tmp_path, text), database=str(tmp_path / "new.db"))
    transport = await EmbeddedTransport.open(tmp_path / "courier.db")

    with pytest.raises(PolicyError) as refused:
        await gateway_assembly.build(settings, transport, town.clock)

    await transport.close()
    assert abs(_line(refused.value) - line_at_fault(text)) <= 1
    assert not (tmp_path / "new.db").exists()


@ALL
@IN_TOWN
async def test_a_node_does_not_start_with_it(town: Town, tmp_path: Path, text: str) -> None:
    settings = settings_of(town, SCHOOL).model_copy(
        update={"policy": written(tmp_path, text), "database": parse_address(tmp_path / "node.db")}
    )
    transport = await EmbeddedTransport.open(tmp_path / "courier.db")

    with pytest.raises(PolicyError) as refused:
        await agency_assembly.build(settings, transport, town.clock)

    await transport.close()
    assert abs(_line(refused.value) - line_at_fault(text)) <= 1


def test_the_operator_is_told_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner, text = CliRunner(), EXEMPTIONS["an agency by name"]
    keys = tmp_path / "keys"
    runner.invoke(gateway_cli.app, ["keys", str(keys), "log.example/x"])
    (tmp_path / "registrar.jwk").write_text("{}")
    values = {"DATABASE": tmp_path / "new.db", "KEYS": keys, "POLICY": written(tmp_path, text)}
    values |= {"REGISTRAR": tmp_path / "registrar.jwk"}
    for name, value in values.items():
        monkeypatch.setenv(f"CANDOUR_GATEWAY_{name}", str(value))
    monkeypatch.setenv("CANDOUR_GATEWAY_TRANSPORT", f"embedded://{tmp_path}/courier.db")

    result = runner.invoke(gateway_cli.app, ["serve"])

    assert result.exit_code == 1
    assert f"line {line_at_fault(text)}:" in result.output


@ALL
@IN_TOWN
async def test_not_even_the_registrar_has_it_adopted(town: Town, text: str) -> None:
    raw, size = text.encode(), await town.log_size()
    fact = registry_facts.policy(town.partnership.voice, sha256_text(raw), town.clock())

    body = {"statement": fact, "document": base64url.encode(raw)}
    answer = await town.ask_gateway("POST", "/v1/registry", token="", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("line ")
    assert await town.log_size() == size


@IN_TOWN
async def test_no_agency_adopts_a_rule_set(town: Town) -> None:
    """Not even a proper one: the registrar speaks for everybody."""
    raw = TEXT.replace("danger_line = 5 ", "danger_line = 6 ", 1).encode()
    voice = town.partnership.parties[SCHOOL].voice
    fact = registry_facts.policy(voice, sha256_text(raw), town.clock() + timedelta(seconds=1))

    body = {"statement": fact, "document": base64url.encode(raw)}
    answer = await town.ask_gateway("POST", "/v1/registry", token="", json=body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "not-allowed"


def _line(error: PolicyError) -> int:
    return int(error.detail.removeprefix("line ").partition(":")[0])
