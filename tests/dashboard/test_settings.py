"""What an operator sets in the environment is what the page uses; the token never shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_dashboard.settings import Settings


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
