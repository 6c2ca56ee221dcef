"""One HTTP call and what can come back: an answer, or a ``ClientError``.

Every call has a time limit. Only GET is tried again by itself; whether another call may be repeated is for
its caller, who knows its Idempotency-Key. Redirects are not followed: a token goes to the service it was made
for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

import httpx
import stamina
from pydantic import TypeAdapter, ValidationError

from candour_protocol.errors import CandourError, MendedBy

Answer = TypeVar("Answer")
Params = Mapping[str, str | int | None]

TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0, pool=3.0)  # seconds
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})


class ClientError(CandourError):
    """A call that was not answered with success.

    Attributes:
        status: the HTTP status; ``None`` when no answer came at all, and then whether it took effect is
        unknown. type: the problem's type URI (RFC 9457), ``about:blank`` where it names none. problem: the
        problem document as it came, ``violations`` included; ``{}`` where there is none.
    """

    mended_by = MendedBy.OPERATOR

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        type: str = "about:blank",  # noqa: A002 - the word of RFC 9457
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.status = status
        self.type = type
        self.problem: Mapping[str, Any] = problem or {}

    @property
    def may_pass(self) -> bool:
        """Whether the same call may well succeed a moment later."""
        return self.status is None or self.status in _TRY_AGAIN


class Calls:
    """Calls to one service over kept connections. Without ``http`` it makes its own client and closes it."""

    def __init__(self, base_url: str, http: httpx.AsyncClient | None = None) -> None:
        self._base = base_url.rstrip("/")
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT)
        self._own = http is None

    async def close(self) -> None:
        """Let the connections go, if they are ours."""
        if self._own:
            await self._http.aclose()

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        token: str | None = None,
        wait: timedelta = timedelta(0),
    ) -> httpx.Response:
        """GET, tried up to three times. ``wait`` is how long the service may take on purpose (long poll).

        Raises:
            ClientError: no success in the end.
        """
        async for attempt in stamina.retry_context(on=_may_pass, attempts=3, wait_initial=0.1, wait_max=1.0):
            with attempt:
                return await self.send("GET", path, params=params, token=token, wait=wait)
        raise AssertionError("a retry ends with an answer or an error")

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        wait: timedelta = timedelta(0),
    ) -> httpx.Response:
        """One try.

        Raises:
            ClientError: ``timeout`` or ``unreachable`` without an answer; otherwise the problem that came.
        """
        bearer = {"Authorization": f"Bearer {token}"} if token is not None else {}
        try:
            response = await self._http.request(
                method,
                self._base + path,
                params={name: value for name, value in (params or {}).items() if value is not None},
                headers={**(headers or {}), **bearer},
                json=json,
                data=form,
                timeout=_longer(wait),
                follow_redirects=False,
            )
        except httpx.TimeoutException:
            raise ClientError("timeout", "no answer in time") from None
        except httpx.RequestError:
            raise ClientError("unreachable", "the service cannot be reached") from None
        if not response.is_success:
            raise _problem(response)
        return response


def _may_pass(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.may_pass


def read(answer: TypeAdapter[Answer], raw: bytes) -> Answer:
    """Read an answer of a known shape; members that this version doesn't know are left aside.

    Raises:
        ClientError: ``answer``; what came is never repeated.
    """
    try:
        return answer.validate_json(raw)
    except ValidationError:
        raise ClientError("answer", "the service answered in a shape that is not agreed") from None


def _longer(wait: timedelta) -> httpx.Timeout:
    seconds = wait.total_seconds()
    return httpx.Timeout(10.0, connect=3.0, pool=3.0, read=10.0 + seconds) if seconds else TIMEOUT


def _problem(response: httpx.Response) -> ClientError:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    problem: Mapping[str, Any] = body if isinstance(body, dict) else {}
    code, kind = problem.get("code"), problem.get("type")
    detail = problem.get("detail") or problem.get("title")
    return ClientError(
        code if isinstance(code, str) else f"http-{response.status_code}",
        detail if isinstance(detail, str) else "the service did not accept the call",
        status=response.status_code,
        type=kind if isinstance(kind, str) else "about:blank",
        problem=problem,
    )
