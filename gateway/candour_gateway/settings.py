"""What one gateway is told at its start. Read once, in ``__main__`` or by the sandbox, and passed down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url

_DRIVERS = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}


class Settings(BaseSettings):
    """One gateway's settings; each from an environment variable ``CANDOUR_GATEWAY_<NAME>``.

    ``keys`` is a folder: ``sign.jwk`` and ``token.jwk`` (private Ed25519 JWKs), ``log.skey`` (a C2SP signing
    key, whose name is the log's origin), ``codes.key`` (base64url of 32 bytes). The gateway also keeps the
    largest checkpoint shown there (``shown.checkpoint``), so it must be able to write there, and that
    file must not be restored together with the database. ``registrar`` is the file of its public JWK.
    ``database`` is a SQLAlchemy URL such as ``postgresql://user:password@host/name``, or the path of a
    SQLite file. ``database_connections`` is the most that one process holds open. ``workers`` is how many
    processes serve this gateway: they share each agency's rate between them.
    """

    model_config = SettingsConfigDict(
        env_prefix="CANDOUR_GATEWAY_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # an address may hold a password
    )

    database: str = Field(repr=False)  # a URL may hold a password
    database_connections: int = Field(default=5, ge=2, le=50)
    workers: int = Field(default=1, ge=1, le=64)
    keys: Path
    policy: Path
    registrar: Path
    transport: str = Field(repr=False)  # as may this
    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65535)
    listen_fd: int | None = None  # a listening socket that was inherited, instead of host and port
    tidy_every: timedelta = timedelta(hours=1)
    remind_every: timedelta = timedelta(seconds=15)

    @property
    def database_url(self) -> URL:
        """The URL that SQLAlchemy takes, with the driver that this program uses."""
        if "://" in self.database:
            url = make_url(self.database)
            return url.set(drivername=_DRIVERS.get(url.get_backend_name(), url.drivername))
        return URL.create("sqlite+aiosqlite", database=self.database)
