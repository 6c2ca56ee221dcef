"""The application: routes, problems, limits. Nothing runs in here that a crash would lose."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candour_agency.api import (
    answering,
    health,
    oauth,
    openapi,
    problems,
    reading,
    reports,
    sending,
    steps,
    worklist,
)
from candour_agency.api.desk import Desk
from candour_agency.api.doorkeeper import Doorkeeper
from candour_agency.api.limits import BodyLimit
from candour_agency.metrics import Metrics

_TRACE: Final = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")  # W3C Trace Context
_ROUTERS = (sending, answering, steps, reading, reports, worklist, oauth, health)


def create_app(desk: Desk) -> FastAPI:
    """One node's REST interface."""
    app = FastAPI(
        title="Candour agency node",
        summary=f"Tell concerns, ask, answer, prove: {desk.office.agency}",
        version=version("candour-agency"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Starlette's redirect names whatever host the caller's header does
    )
    app.state.desk = desk
    for module in _ROUTERS:
        app.include_router(module.router)
    problems.install(app)
    app.add_route("/openapi.json", _document, include_in_schema=False)
    app.add_middleware(Doorkeeper, desk=desk)
    app.add_middleware(BodyLimit)
    app.add_middleware(Traced, metrics=desk.metrics)
    return app


async def _document(request: Request) -> Response:
    return JSONResponse(openapi.document(request.app))


class Traced:
    """Hands ``traceparent`` back, forbids caching, and counts calls by route, never by address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = [each for each in scope["headers"] if each[0] == b"traceparent" and _TRACE.match(each[1])]

        async def traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope, message["status"])
                headers = [*message.get("headers", []), *trace[:1]]
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, traced)

    def _count(self, scope: Scope, status: int) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.calls.labels(route, str(status)).inc()
