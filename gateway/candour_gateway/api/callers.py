"""Who calls: an agency with a token by its client key, or a program with an access token of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from candour_protocol.errors import UnauthenticError
from candour_protocol.ids import AgencyId
from candour_protocol.tokens import verify_access_token, verify_agency_token
from fastapi import Depends, Header

from candour_gateway.api.desk import AtDesk, Desk
from candour_gateway.api.problems import CallError

LOG_READ = "log.read"
LOG_AUDIT = "log.audit"
OPS_READ = "ops.read"
SCOPES = frozenset({LOG_AUDIT, OPS_READ})
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """``agency`` is None for a program that belongs to no agency."""

    agency: AgencyId | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether its token has this scope."""
        return scope in self.scopes

    def sees(self, scope: str) -> AgencyId | None:
        """None for everything, with this scope; else the agency whose own things are to be shown.

        Raises:
            CallError: neither an agency nor in possession of the scope.
        """
        if self.may(scope):
            return None
        if self.agency is None:
            raise CallError(403, "missing-scope", f"The access token lacks the scope {scope}.")
        return self.agency


async def _caller(desk: AtDesk, authorization: Annotated[str, Header()] = "") -> Caller:
    if not authorization[: len(_BEARER)].lower() == _BEARER:
        raise UnauthenticError("unauthenticated", "a bearer token is needed")
    token = authorization[len(_BEARER) :].strip()
    await desk.admission.catch_up()  # a key that another worker revoked is of no use here either
    try:
        return _of_token(desk, token)
    except UnauthenticError:
        if not await desk.admission.catch_up(at_once=True):
            raise
        return _of_token(desk, token)


def _of_token(desk: Desk, token: str) -> Caller:
    find, now = desk.directory.registry.find_client_key, desk.clock()
    try:
        return Caller(verify_agency_token(token, find, desk.audience, now), frozenset({LOG_READ}))
    except UnauthenticError as error:
        if error.code != "token-header":
            raise
    access = verify_access_token(token, desk.keys.token.public, desk.audience, desk.audience, now)
    return Caller(None, access.scopes)


def need(caller: Caller, scope: str) -> None:
    """Refuse a caller without this scope.

    Raises:
        CallError: ``missing-scope``.
    """
    if not caller.may(scope):
        raise CallError(403, "missing-scope", f"The access token lacks the scope {scope}.")


Calling = Annotated[Caller, Depends(_caller)]
