"""What the health page needs to know, read once when the process starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables carry the prefix ``CANDOUR_DASHBOARD_``; ``services`` is a JSON object.

    ``token`` is an access token of the gateway with ``ops.read`` and ``log.audit``.
    ``log_vkey`` is the verifier key of the partnership's log, handed over out of band.
    ``services`` maps a name to the base URL whose ``/readyz`` is asked; the gateway is always asked.
    ``checkpoint_file`` keeps the largest checkpoint verified, so that a restart forgets nothing.
    """

    model_config = SettingsConfigDict(
        env_prefix="CANDOUR_DASHBOARD_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # what is missing is said beside what is not, and that holds the token
    )

    gateway_url: str
    token: SecretStr
    log_vkey: str
    services: Mapping[str, str] = Field(default_factory=dict)
    checkpoint_file: Path | None = None
    refresh_every: timedelta = timedelta(seconds=5)
    reuse_for: timedelta = timedelta(seconds=1)
    patience: timedelta = timedelta(seconds=3)
    host: str = "127.0.0.1"
    port: int = 8000
    listen_fd: int | None = None  # a listening socket that was inherited, instead of host and port
