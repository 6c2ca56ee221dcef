"""RFC 9457 problem details: one table from errors to answers, and one handler for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from candour_protocol.errors import (
    CandourError,
    MalformedError,
    MismatchError,
    PolicyError,
    RegistryError,
    UnauthenticError,
)
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from candour_gateway.database import DatabaseAwayError
from candour_gateway.ledger import LogIncidentError

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:candour:problem:"

_STATUS: Mapping[type[CandourError], tuple[int, str]] = {
    MalformedError: (400, "This cannot be read"),
    UnauthenticError: (401, "Nothing shows who is calling"),
    MismatchError: (422, "The parts do not fit together"),
    RegistryError: (422, "The chain of keys does not allow this"),
    PolicyError: (422, "The policy cannot be accepted"),
}
_HTTP: Mapping[int, tuple[str, str]] = {
    404: ("not-found", "There is nothing at this address. See /openapi.json."),
    405: ("method-not-allowed", "Use one of the methods in the Allow header."),
}
AWAY_FOR = 5  # seconds after which a caller may try again
_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "A problem (RFC 9457)", "content": {MEDIA_TYPE: {}}},
    "5XX": {"description": "A problem (RFC 9457)", "content": {MEDIA_TYPE: {}}},
}


class CallError(Exception):
    """A call that cannot be carried out for a reason of the interface itself."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


def not_found() -> CallError:
    """For what is not there, and for what the caller may not see: the same words for both."""
    return CallError(404, "not-found", "There is nothing under this name.")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    title: str = "",
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """The answer; ``detail`` never repeats what the caller sent."""
    body = {"type": TYPE + code, "title": title or detail, "status": status, "code": code, "detail": detail}
    return JSONResponse(body | members, status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the application a problem, the framework's own included."""
    app.add_exception_handler(CallError, _of_call)
    app.add_exception_handler(CandourError, _of_protocol)
    app.add_exception_handler(RequestValidationError, _of_parameters)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(DatabaseAwayError, _of_database)
    app.add_exception_handler(LogIncidentError, _of_log)
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(Exception, _of_defect)


async def _of_call(_request: Request, error: Exception) -> Response:
    if not isinstance(error, CallError):
        raise error
    return problem(error.status, error.code, error.detail)


async def _of_protocol(request: Request, error: Exception) -> Response:
    if not isinstance(error, CandourError):
        raise error
    status, title = next(
        (found for kind, found in _STATUS.items() if isinstance(error, kind)), (503, "This does not work now")
    )
    if status == 401 and request.url.path == "/v1/registry":
        status = 422  # the statement is at fault, not the caller's token
    members = {"pointer": error.pointer} if error.pointer else {}
    headers = _CHALLENGE if status == 401 else {}
    return problem(status, error.code, error.detail, title=title, headers=headers, **members)


async def _of_parameters(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    places = [
        {"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]} for one in error.errors()
    ]
    return problem(422, "invalid-parameter", "Mend what is named in errors.", errors=places)


async def _of_framework(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code, detail = _HTTP.get(error.status_code, ("unreadable", "The request cannot be read."))
    status = error.status_code if error.status_code in _HTTP else 400
    return problem(status, code, detail, headers=error.headers)


async def _of_database(request: Request, error: Exception) -> Response:
    structlog.get_logger("candour.gateway").warning("database-away", error=str(error))
    detail = "The database does not answer now. Nothing was lost; try again."
    return problem(503, "database-away", detail, headers={"Retry-After": str(AWAY_FOR)})


async def _of_log(_request: Request, _error: Exception) -> Response:
    """An operator reads the reason at ``/readyz``."""
    return problem(503, "log-incident", "The log does not go on until an operator has looked at it.")


async def _of_nobody(_request: Request, _error: Exception) -> Response:
    """The caller went away within its body: nothing was done, and nobody reads this."""
    return problem(400, "unreadable", "The body ended before it was complete.")


async def _of_defect(request: Request, error: Exception) -> Response:
    route = getattr(request.scope.get("route"), "path", "")
    structlog.get_logger("candour.gateway").error("defect", route=route, error=type(error).__name__)
    return problem(500, "internal", "Something failed here. It was noted.")
