"""The application: routes, the two things around them, and one shape for everything that goes wrong."""

from __future__ import annotations

from fastapi import FastAPI

from candour_gateway.api import directory, health, log, oauth, own, problems, protocol, state
from candour_gateway.api.desk import Desk
from candour_gateway.api.limits import BodyLimit, Tracing


def create_app(desk: Desk) -> FastAPI:
    """An application of its own for each gateway; several may share a process."""
    app = FastAPI(
        title="Candour gateway",
        summary="Verifies, enforces reciprocity, logs, routes.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Starlette's redirect names whatever host the caller's header does
        responses=problems.PROBLEMS,
    )
    app.state.desk = desk
    for router in (directory, protocol, own, state, log, oauth, health):
        app.include_router(router.router)
    app.add_middleware(BodyLimit)
    app.add_middleware(Tracing)
    problems.install(app)
    return app
