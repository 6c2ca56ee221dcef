"""What an operator types."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from candour_gateway.__main__ import app
from candour_gateway.settings import Settings
from candour_protocol.keys import SigningKey
from candour_protocol.note import Signer, Verifier
from candour_protocol.receipt import verify
from pydantic import ValidationError
from typer.testing import CliRunner, Result

from tests.gateway.partnership import Partnership, TestClock

Run = Callable[..., Result]


@pytest.fixture
def partnership(tmp_path: Path) -> Partnership:
    made = Partnership(tmp_path, TestClock())
    made.settings()
    return made


@pytest.fixture
def run(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, with this partnership's settings in the environment."""
    settings = partnership.settings(transport=f"embedded://{partnership.folder}/courier.db")
    for name in ("database", "keys", "policy", "registrar", "transport"):
        monkeypatch.setenv(f"CANDOUR_GATEWAY_{name.upper()}", str(getattr(settings, name)))
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def test_keys_are_made_once_and_the_verifier_key_is_shown(run: Run, tmp_path: Path) -> None:
    first = run("keys", tmp_path / "new", "log.example/new")
    second = run("keys", tmp_path / "new", "log.example/new")

    shown = json.loads(first.stdout)
    signer = Signer.from_skey((tmp_path / "new" / "log.skey").read_text())
    assert Verifier.from_vkey(shown["log_vkey"]) == signer.verifier
    assert second.exit_code != 0
    assert (tmp_path / "new" / "log.skey").stat().st_mode & 0o077 == 0


def test_an_operator_admits_the_gateway_and_judges_its_log_again(run: Run, partnership: Partnership) -> None:
    (admission, _), (policy, document) = partnership.founding()[:2]
    files = [partnership.folder / name for name in ("admission.jwt", "policy.jwt", "policy.bytes")]
    for file, content in zip(files, (admission.encode(), policy.encode(), document or b""), strict=True):
        file.write_bytes(content)

    out_of_order = run("admit", files[1], "--document", files[2])
    first = run("admit", files[0])
    second = run("admit", files[1], "--document", files[2])
    judged = run("replay")

    signer = Signer.from_skey((partnership.folder / "keys" / "log.skey").read_text())
    assert out_of_order.exit_code == 1
    assert [verify(each.stdout[:-1], signer.verifier).index for each in (first, second)] == [0, 1]
    assert judged.exit_code == 0
    assert "2 entries judged again" in judged.stdout


def test_a_client_is_registered_with_known_scopes_only(run: Run, tmp_path: Path) -> None:
    jwk = tmp_path / "client.jwk"
    jwk.write_text(json.dumps(SigningKey.generate().public.jwk))

    assert run("client", "monitor", jwk, "--scope", "ops.read").exit_code == 0
    assert run("client", "monitor", jwk, "--scope", "everything").exit_code == 2


def test_a_token_is_printed(run: Run) -> None:
    assert run("token", "--scope", "ops.read").stdout.count(".") == 2


def test_a_schema_is_made(run: Run, partnership: Partnership) -> None:
    assert run("migrate").exit_code == 0
    assert (partnership.folder / "gateway.db").exists()


@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("replay",), ("token", "--scope", "ops.read")])
def test_settings_that_are_missing_are_named_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CANDOUR_GATEWAY_DATABASE", "postgresql://gateway:secret@base.test/some")
    monkeypatch.setenv("CANDOUR_GATEWAY_TRANSPORT", "amqp://gateway:secret@broker.test/some")

    result = CliRunner().invoke(app, command)

    named = "CANDOUR_GATEWAY_KEYS, CANDOUR_GATEWAY_POLICY, CANDOUR_GATEWAY_REGISTRAR"
    assert (result.exit_code, result.output) == (2, f"Set these variables, or mend them: {named}.\n")
    with pytest.raises(ValidationError) as found:
        Settings()
    assert "secret" not in str(found.value)


def test_a_database_of_another_version_or_none_is_said_in_a_sentence(
    run: Run, partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("migrate")
    with sqlite3.connect(partnership.folder / "gateway.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    unknown = run("migrate")
    monkeypatch.setenv("CANDOUR_GATEWAY_DATABASE", "postgresql://gateway:secret@127.0.0.1:1/none")

    away = run("migrate")

    assert (unknown.exit_code, unknown.output) == (
        1,
        "Not migrated: this version does not know the schema 9999\n",
    )
    assert (away.exit_code, away.output) == (1, "Not migrated: ConnectionRefusedError\n")
