"""What one node is told at its start.

Read once, in ``__main__`` or by the sandbox, and passed down in pieces.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import URL

from candour_agency.engines.address import parse_address, whole

Address = Annotated[InstanceOf[URL], BeforeValidator(parse_address), PlainSerializer(whole), NoDecode]


class Settings(BaseSettings):
    """One node's settings; each from an environment variable ``CANDOUR_AGENCY_<NAME>``.

    Keys are files, never values: a private JWK for ``*_key``, 32 random bytes or more for ``actor_key`` and
    ``partnership_keys`` (the current one first, then those whose tokens are still given). ``seal_keys`` maps
    an inbox to its private JWKs, current and retired. ``database`` is the path of a SQLite file, or
    ``postgresql+asyncpg://user:password@host/database``.
    """

    model_config = SettingsConfigDict(
        env_prefix="CANDOUR_AGENCY_",
        frozen=True,
        extra="forbid",
        env_nested_delimiter="__",
        hide_input_in_errors=True,  # an address may hold a password
    )

    agency: str
    net: str
    database: Address
    sign_key: Path
    client_key: Path
    token_key: Path
    seal_keys: dict[str, tuple[Path, ...]]
    actor_key: Path
    partnership_keys: tuple[Path, ...] = Field(min_length=1)
    policy: Path
    transport: str = Field(repr=False)  # it may hold a password
    gateway_url: str
    log_vkey: str
    log_origin: str
    registrar: Path  # the registrar's public JWK
    public_url: str = ""  # where clients reach this node; only shown, never compared
    host: str = "127.0.0.1"
    port: int = Field(default=8101, ge=0, le=65535)
    listen_fd: int | None = None  # a listening socket that was inherited, instead of host and port
    registry_every: timedelta = timedelta(minutes=10)
