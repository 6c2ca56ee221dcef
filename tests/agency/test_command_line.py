"""``candour-agency``: what an operator does by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from candour_agency.__main__ import app
from candour_agency.settings import Settings
from candour_protocol.keys import SigningKey
from candour_protocol.tokens import audience_of, verify_access_token
from typer.testing import CliRunner

from tests.agency.partnership import NET, SCHOOL, Partnership

RUNNER = CliRunner()


@pytest.fixture
def settings(partnership: Partnership, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The school's settings, in the environment as a deployment has them."""
    made = partnership.settings(SCHOOL)
    for name, value in made.model_dump(mode="json", exclude_none=True).items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"CANDOUR_AGENCY_{name.upper()}", text)
    return made


async def test_clients_are_registered_and_listed(
    settings: Settings, partnership: Partnership, tmp_path: Path
) -> None:
    key = SigningKey.generate()
    file = tmp_path / "client.jwk"
    file.write_text(json.dumps(key.public.jwk))
    RUNNER.invoke(app, ["migrate"])

    added = RUNNER.invoke(
        app, ["clients", "add", "case-system", "--jwk", str(file), "--scope", "concerns.send", "--may-assert"]
    )
    listed = RUNNER.invoke(app, ["clients", "list"])

    assert (added.exit_code, added.output) == (0, "case-system may ask for tokens.\n")
    assert listed.output == f"case-system  {key.public.kid}  concerns.send  names persons\n"


async def test_an_unknown_scope_or_a_file_that_is_no_key_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "client.jwk"
    file.write_text("{}")
    RUNNER.invoke(app, ["migrate"])

    scope = RUNNER.invoke(app, ["clients", "add", "x", "--jwk", str(file), "--scope", "all"])
    key = RUNNER.invoke(app, ["clients", "add", "x", "--jwk", str(file), "--scope", "inbox.read"])

    assert scope.exit_code == key.exit_code == 2
    assert "There are: concerns.send" in scope.output
    assert "key file cannot be used" in key.output


async def test_a_token_for_an_operator_is_good_at_the_node(
    settings: Settings, partnership: Partnership
) -> None:
    made = RUNNER.invoke(app, ["token", "ops", "--scope", "inbox.read", "--acts-as", "vance"])

    party = audience_of(NET, SCHOOL)
    key = partnership.keys[SCHOOL].token.public
    access = verify_access_token(made.output.strip(), key, party, party, datetime.now(UTC))
    assert (access.client_id, access.scopes, access.acts_as) == ("ops", frozenset({"inbox.read"}), "vance")


def test_settings_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    result = RUNNER.invoke(app, ["serve"])

    assert result.exit_code == 2
    assert "CANDOUR_AGENCY_SIGN_KEY" in result.output


def test_a_database_of_somebody_else_is_left_alone(settings: Settings) -> None:
    Path(settings.database.database or "").write_bytes(b"not a database at all, but somebody's letters" * 100)

    result = RUNNER.invoke(app, ["migrate"])

    assert result.exit_code != 0
