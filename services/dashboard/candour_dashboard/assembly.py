"""The one place where the health page is put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
from candour_protocol.note import Verifier
from candour_protocol.rules.table import RULES
from fastapi import FastAPI

from candour_dashboard.hub import Hub
from candour_dashboard.lookout import Lookout
from candour_dashboard.proof import LogWatch
from candour_dashboard.settings import Settings
from candour_dashboard.upstream import Upstream, http_client
from candour_dashboard.web import web


class Dashboard:
    """The running health page; whoever built it starts it before serving ``app`` and stops it afterwards."""

    def __init__(self, app: FastAPI, hub: Hub, log: LogWatch, client: httpx.AsyncClient) -> None:
        self.app = app
        self._hub = hub
        self._log = log
        self._client = client

    async def start(self) -> None:
        self._log.resume()

    async def stop(self) -> None:
        await self._hub.close()
        await self._client.aclose()


def build(
    settings: Settings, clock: Callable[[], datetime], client: httpx.AsyncClient | None = None
) -> Dashboard:
    """Put the page together; ``client`` is for whoever brings another transport.

    Raises:
        ProofError: ``log_vkey`` is no verifier key.
    """
    client = client or http_client(settings.patience)
    upstream = Upstream(client, settings.gateway_url, settings.token.get_secret_value())
    log = LogWatch(Verifier.from_vkey(settings.log_vkey), upstream.log_file, settings.checkpoint_file)
    lookout = Lookout(upstream, log, settings.services, clock, settings.reuse_for)
    hub = Hub(lookout.look, settings.refresh_every)
    titles = {rule.id: rule.title for rule in RULES}
    return Dashboard(web(lookout, hub, titles), hub, log, client)
