"""What an operator sets in the environment is what the page uses; the token never shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_dashboard.__main__ import app
from candour_dashboard.settings import Settings
from pydantic import ValidationError


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOUR_DASHBOARD_GATEWAY_URL", "http://gateway.example")
    monkeypatch.setenv("CANDOUR_DASHBOARD_TOKEN", "a-secret-token")
    monkeypatch.setenv("CANDOUR_DASHBOARD_LOG_VKEY", "a+b+c")
    monkeypatch.setenv("CANDOUR_DASHBOARD_SERVICES", '{"testborough-hill": "http://node.example"}')
    monkeypatch.setenv("CANDOUR_DASHBOARD_REFRESH_EVERY", "PT10S")

    settings = Settings()

    assert settings.services == {"testborough-hill": "http://node.example"}
    assert settings.refresh_every == timedelta(seconds=10)
    assert "a-secret-token" not in repr(settings)


def test_settings_that_are_missing_are_named_and_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOUR_DASHBOARD_TOKEN", "a-secret-token")

    with pytest.raises(SystemExit) as ended:
        app()

    assert ended.value.code == (
        "Set these variables, or mend them: CANDOUR_DASHBOARD_GATEWAY_URL, CANDOUR_DASHBOARD_LOG_VKEY."
    )
    with pytest.raises(ValidationError) as found:
        Settings()
    assert "a-secret-token" not in str(found.value)
