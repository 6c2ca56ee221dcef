"""``candour-dashboard``: serve the health page; settings come from the environment."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime

import uvicorn
from candour_protocol import traces
from pydantic import ValidationError

from candour_dashboard.assembly import build
from candour_dashboard.settings import Settings


async def _serve(settings: Settings) -> None:
    dashboard = build(settings, lambda: datetime.now(UTC))
    await dashboard.start()
    config = uvicorn.Config(
        dashboard.app,
        host=settings.host,
        port=settings.port,
        http="h11",  # uvicorn else takes httptools where that is installed, with heads of any length
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    try:
        await uvicorn.Server(config).serve(_inherited(settings.listen_fd))
    finally:
        await dashboard.stop()


def _inherited(descriptor: int | None) -> list[socket.socket] | None:
    """The socket that whoever started this process listens on already."""
    return None if descriptor is None else [socket.socket(fileno=descriptor)]


def app() -> None:
    logging.getLogger().addHandler(traces.handler(sys.stderr))
    settings = _settings()
    with suppress(KeyboardInterrupt):  # uvicorn stops in good order, and then raises it all the same
        asyncio.run(_serve(settings))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        names = sorted({f"CANDOUR_DASHBOARD_{one['loc'][0]}".upper() for one in error.errors()})
        sys.exit(f"Set these variables, or mend them: {', '.join(names)}.")


if __name__ == "__main__":
    app()
