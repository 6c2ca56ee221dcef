"""The health page over HTTP: the page, its events, its three static files, and the process's own health."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from importlib.resources import files

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candour_dashboard.hub import Hub
from candour_dashboard.lookout import Lookout
from candour_dashboard.page import Page
from candour_dashboard.view import present

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

STATIC: Mapping[str, str] = {
    "candour.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}


class SecureHeaders:
    """Pure ASGI, so that a viewer who leaves cancels the stream at once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def web(lookout: Lookout, hub: Hub, rule_titles: Mapping[str, str]) -> FastAPI:
    """The application. It has no interface that a program would read, so no OpenAPI either."""
    app = FastAPI(
        title="Candour health page",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Starlette's redirect names whatever host the caller's header does
    )
    app.add_middleware(SecureHeaders)
    page = Page()

    @app.get("/")
    async def whole() -> HTMLResponse:
        view = present(await lookout.look(), rule_titles)
        return HTMLResponse(page.whole(view), headers={"Cache-Control": "no-store"})

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def stream() -> AsyncIterator[str]:
            async with aclosing(hub.watch()) as pictures:
                async for picture in pictures:
                    yield page.event(present(picture, rule_titles))

        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)

    @app.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in STATIC:
            return Response("Not found", 404, media_type="text/plain")
        content = files("candour_dashboard").joinpath("static", name).read_bytes()
        return Response(content, media_type=STATIC[name], headers={"Cache-Control": "max-age=300"})

    _own_health(app, lookout)
    return app


def _own_health(app: FastAPI, lookout: Lookout) -> None:
    @app.get("/livez")
    async def livez() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """A gateway that is down is a warning: the page then shows what was known last."""
        answers = lookout.gateway_answers()
        check = {"status": "ok"} if answers else {"status": "warning", "reason": "it does not answer"}
        return JSONResponse({"status": check["status"], "checks": {"gateway": check}})
