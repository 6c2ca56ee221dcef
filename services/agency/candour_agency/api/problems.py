"""RFC 9457 problem details: the one place where what went wrong gets an HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from candour_protocol.errors import CandourError, UnauthenticError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from candour_agency.api.plain import plain
from candour_agency.engines.work import AwayError
from candour_agency.faults import CallError, Code, Place

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:candour:problem:"

_STATUS: Final[Mapping[Code, tuple[int, str]]] = {
    Code.NOT_JSON: (400, "The body is not JSON"),
    Code.MEDIA_TYPE: (415, "The body has another media type"),
    Code.BODY_TOO_LARGE: (413, "The body is too large"),
    Code.STORY_TOO_LONG: (413, "There is too much text for one message"),
    Code.INVALID_BODY: (422, "A member of the body cannot be used"),
    Code.INVALID_PARAMETER: (422, "A parameter cannot be used"),
    Code.UNKNOWN_RECIPIENT: (422, "Nobody is known under this recipient"),
    Code.UNKNOWN_CONCERN: (422, "A concern that is named is not known here"),
    Code.UNKNOWN_MESSAGE: (404, "No such message"),
    Code.NO_RECEIPT: (404, "The receipt is not here yet"),
    Code.NOT_FOUND: (404, "No such resource"),
    Code.METHOD: (405, "This cannot be done here"),
    Code.WRONG_KIND: (409, "This message takes no such answer"),
    Code.NOBODY_NAMED: (422, "Nobody is named"),
    Code.ALREADY_DONE: (409, "This has been done already"),
    Code.ERASED: (409, "What it said is erased"),
    Code.SAME_DECIDER: (409, "Somebody else has to decide this again"),
    Code.OTHER_WORKER: (409, "It went to somebody else"),
    Code.REASON_NEEDED: (409, "This wants its reason"),
    Code.NOT_PASSED_ON: (422, "This may not be passed on"),
    Code.KEY_REUSED: (422, "The idempotency key belongs to another call"),
    Code.UNAUTHENTICATED: (401, "No valid access token"),
    Code.MISSING_SCOPE: (403, "The access token lacks a scope"),
    Code.RETURNED: (422, "Returned to you"),
    Code.TOO_MANY: (429, "Too many calls"),
    Code.NOT_READY: (503, "Not ready yet"),
    Code.DATABASE_AWAY: (503, "The database is away"),
    Code.INTERNAL: (500, "Something failed here"),
}
STATUSES: Final = sorted({status for status, _ in _STATUS.values()})


def problem(error: CallError) -> JSONResponse:
    """The response that says what is wrong and how to mend it."""
    status, title = _STATUS[error.code]
    body: dict[str, Any] = {
        "type": _TYPE + error.code,
        "title": title,
        "status": status,
        "code": str(error.code),
        "detail": error.detail,
    }
    if error.places:
        body["errors"] = [{"pointer": place.pointer, "detail": place.detail} for place in error.places]
    return JSONResponse(body | error.members, status, _headers(error.code) | _patience(error), MEDIA_TYPE)


def _headers(code: Code) -> dict[str, str]:
    if code is Code.UNAUTHENTICATED:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    if code is Code.MISSING_SCOPE:
        return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
    return {"Retry-After": "5"} if _STATUS[code][0] == 503 else {}


def _patience(error: CallError) -> dict[str, str]:
    """How long to stay away (RFC 9110, section 10.2.3)."""
    seconds = error.members.get("retry_after")
    return {} if seconds is None else {"Retry-After": str(seconds)}


def install(app: FastAPI) -> None:
    """Make every error of the application a problem, the framework's own included."""
    app.add_exception_handler(CallError, _of_call)
    app.add_exception_handler(UnauthenticError, _of_token)
    app.add_exception_handler(CandourError, _of_statement)
    app.add_exception_handler(RequestValidationError, _of_parameters)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(AwayError, _of_database)
    app.add_exception_handler(Exception, _of_defect)


async def _of_call(_request: Request, error: Exception) -> Response:
    assert isinstance(error, CallError)  # noqa: S101 - what Starlette promises
    return problem(error)


async def _of_token(_request: Request, error: Exception) -> Response:
    assert isinstance(error, UnauthenticError)  # noqa: S101
    return problem(as_call(error))


def as_call(error: CallError | UnauthenticError) -> CallError:
    """What is wrong with a call, or with the token that it came with."""
    if isinstance(error, CallError):
        return error
    return CallError(Code.UNAUTHENTICATED, f"Ask for a new access token: {error.detail}.")


async def _of_statement(_request: Request, error: Exception) -> Response:
    """A body of which no statement can be made, although its shape is right."""
    assert isinstance(error, CandourError)  # noqa: S101
    places = [Place(error.pointer, error.detail)] if error.pointer else ()
    detail = f"No message can be made of this: {error.detail}."
    return problem(CallError(Code.INVALID_BODY, detail, places=places))


async def _of_parameters(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    places = [Place("/" + "/".join(map(str, one["loc"])), plain(one)) for one in error.errors()]
    return problem(CallError(Code.INVALID_PARAMETER, "Mend the parameters named in errors.", places=places))


async def _of_framework(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 405:
        answer = problem(CallError(Code.METHOD, "Use one of the methods in the Allow header."))
        answer.headers["Allow"] = (error.headers or {}).get("Allow", "")
        return answer
    if error.status_code == 404:
        return problem(CallError(Code.NOT_FOUND, "There is nothing at this address. See /openapi.json."))
    return problem(CallError(Code.NOT_JSON, "The request cannot be read. Send JSON in UTF-8."))


async def _of_nobody(_request: Request, _error: Exception) -> Response:
    """The caller went away within its body: nothing was done, and nobody reads this."""
    return problem(CallError(Code.NOT_JSON, "The body ended before it was complete."))


async def _of_database(request: Request, error: Exception) -> Response:
    """Whether a call that writes was carried out may be unknown; its idempotency key settles that."""
    assert isinstance(error, AwayError)  # noqa: S101
    structlog.get_logger().warning("database-away", route=_route(request), reason=error.reason)
    return problem(
        CallError(
            Code.DATABASE_AWAY,
            "Nothing is confirmed. Make the same call again, with the same Idempotency-Key if it had one.",
        )
    )


async def _of_defect(request: Request, error: Exception) -> Response:
    structlog.get_logger().error("defect", route=_route(request), error=type(error).__name__)
    return problem(CallError(Code.INTERNAL, "It was noted. Try again; if it lasts, ring your operator."))


def _route(request: Request) -> str:
    """The route's template, which holds no id."""
    return str(getattr(request.scope.get("route"), "path", ""))
