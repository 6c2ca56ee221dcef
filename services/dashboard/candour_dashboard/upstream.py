"""Asking the gateway and the nodes; whatever goes wrong becomes ``Unreachable``, with a reason to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Annotated, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from candour_dashboard.readings import Condition, Ledger, Owed, Pair, ServiceHealth

ROWS = 50
MOST_BYTES = 8 * 1024 * 1024


class Unreachable(Exception):  # noqa: N818 -- it says where we stand with another service, not that we failed
    """A service that gave no usable answer; ``reason`` holds no address, no token and nobody's data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant without its offset")
    return instant


Instant = Annotated[datetime, AfterValidator(_aware)]


class _Wire(BaseModel):
    """What others send may grow new members; those that we read keep their type."""

    model_config = ConfigDict(frozen=True, extra="ignore")


_T = TypeVar("_T", bound=_Wire)


class _Obligation(_Wire):
    kind: str
    owed_by: str
    owed_to: str
    id: str
    urgency: str | None = None
    since: Instant
    due_at: Instant | None = None


class _Obligations(_Wire):
    items: tuple[_Obligation, ...]


class _Pair(_Wire):
    kind: str
    owed_by: str
    owed_to: str
    count: int
    overdue: int


class _Stats(_Wire):
    entries: int = Field(ge=0)
    verdicts: Mapping[str, int]
    returned_by_rule: Mapping[str, int]
    incidents: int = 0
    owed: tuple[_Pair, ...]
    oldest: Mapping[str, _Obligation]


class _Check(_Wire):
    status: str
    reason: str = ""


class _NamedCheck(_Check):
    name: str


class _Readiness(_Wire):
    """The gateway names its checks by member, a node in a list."""

    status: str
    checks: Mapping[str, _Check] | tuple[_NamedCheck, ...] = ()

    def unwell(self) -> list[tuple[str, _Check]]:
        if isinstance(self.checks, tuple):
            named: list[tuple[str, _Check]] = [(check.name, check) for check in self.checks]
        else:
            named = list(self.checks.items())
        return sorted(((n, c) for n, c in named if c.status != "ok"), key=itemgetter(0))


class Upstream:
    """The partnership's services as this page sees them; one HTTP client for all, closed by its owner."""

    def __init__(self, client: httpx.AsyncClient, gateway_url: str, token: str) -> None:
        self._client = client
        self._gateway = gateway_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ledger(self, now: datetime) -> Ledger:
        """What the gateway counts and what is owed.

        Raises:
            Unreachable: no answer, or one that this page does not understand.
        """
        stats = _parsed(_Stats, await self._get(f"{self._gateway}/v1/stats"))
        first = _parsed(_Obligations, await self._get(f"{self._gateway}/v1/obligations?limit={ROWS}"))
        return Ledger(
            at=now,
            entries=stats.entries,
            verdicts=stats.verdicts,
            returned_by_rule=stats.returned_by_rule,
            incidents=stats.incidents,
            pairs=tuple(Pair(p.kind, p.owed_by, p.owed_to, p.count, p.overdue) for p in stats.owed),
            oldest={kind: _owed(item) for kind, item in stats.oldest.items()},
            owed=tuple(_owed(item) for item in first.items),
        )

    async def log_file(self, path: str) -> bytes:
        """A file of the log below ``/log/``; public, so asked without the token.

        Raises:
            Unreachable: no answer.
        """
        return (await self._fetch(f"{self._gateway}/log/{path}", {})).content

    async def health(self, name: str, url: str) -> ServiceHealth:
        """One service's ``/readyz``: 200 or 503 with its reasons; anything else is silence."""
        try:
            answer = await self._send(f"{url.rstrip('/')}/readyz", {})
            if answer.status_code not in (200, 503):
                raise Unreachable(f"it answered {answer.status_code}")
            return _health(name, answer.status_code, _parsed(_Readiness, answer.content))
        except Unreachable as silence:
            return ServiceHealth(name, Condition.SILENT, (silence.reason,))

    async def gateway_health(self) -> ServiceHealth:
        return await self.health("gateway", self._gateway)

    async def _get(self, url: str) -> bytes:
        return (await self._fetch(url, self._headers)).content

    async def _fetch(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        answer = await self._send(url, headers)
        if answer.status_code != 200:
            raise Unreachable(f"it answered {answer.status_code}")
        return answer

    async def _send(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        try:
            answer = await self._client.get(url, headers=headers)
        except httpx.TimeoutException:
            raise Unreachable("it took too long to answer") from None
        except httpx.HTTPError:
            raise Unreachable("no connection") from None
        if len(answer.content) > MOST_BYTES:
            raise Unreachable("its answer was too large")
        return answer


def http_client(patience: timedelta) -> httpx.AsyncClient:
    """A client that follows no redirect and reads no proxy from the environment: these are neighbours."""
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16)
    return httpx.AsyncClient(timeout=patience.total_seconds(), limits=limits, trust_env=False)


def _parsed(model: type[_T], content: bytes) -> _T:
    try:
        return model.model_validate_json(content)
    except ValidationError:
        raise Unreachable("its answer could not be understood") from None


def _owed(item: _Obligation) -> Owed:
    return Owed(
        kind=item.kind,
        by=item.owed_by,
        to=item.owed_to,
        message=item.id,
        urgency=item.urgency,
        since=item.since,
        due_at=item.due_at,
    )


def _health(name: str, status_code: int, readiness: _Readiness) -> ServiceHealth:
    """The status line of HTTP decides between ready and not; the reasons are those of its dependencies."""
    reasons = tuple(f"{what}: {check.reason or check.status}" for what, check in readiness.unwell())
    if status_code != 200:
        return ServiceHealth(name, Condition.FAILED, reasons)
    return ServiceHealth(name, Condition.WARNING if reasons else Condition.WELL, reasons)
