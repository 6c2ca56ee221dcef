"""Taking pictures: one upstream round at a time, shared by everybody who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from candour_dashboard.proof import LogWatch
from candour_dashboard.readings import Condition, Ledger, Picture, ServiceHealth
from candour_dashboard.upstream import Unreachable, Upstream


class Lookout:
    """Keeps the last picture; takes a new one when somebody looks and it is older than ``reuse_for``."""

    def __init__(
        self,
        upstream: Upstream,
        log: LogWatch,
        services: Mapping[str, str],
        clock: Callable[[], datetime],
        reuse_for: timedelta,
    ) -> None:
        self._upstream = upstream
        self._log = log
        self._services = services
        self._clock = clock
        self._reuse_for = reuse_for
        self._one_at_a_time = asyncio.Lock()
        self._known: Ledger | None = None
        self._last: Picture | None = None

    async def look(self) -> Picture:
        async with self._one_at_a_time:
            if self._last is None or self._clock() - self._last.at >= self._reuse_for:
                self._last = await self._take()
            return self._last

    async def _take(self) -> Picture:
        now = self._clock()
        problem, services = await asyncio.gather(self._ask_gateway(now), self._ask_services())
        return Picture(
            at=now,
            ledger=self._known,
            gateway_problem=problem,
            proven=self._log.proven,
            services=services,
        )

    async def _ask_gateway(self, now: datetime) -> str:
        """Renew what is known; returns why that could not be done, or nothing."""
        try:
            self._known = await self._upstream.ledger(now)
            await self._log.check(now)
        except Unreachable as silence:
            return silence.reason[:1].upper() + silence.reason[1:]
        return ""

    async def _ask_services(self) -> tuple[ServiceHealth, ...]:
        nodes = [self._upstream.health(name, url) for name, url in sorted(self._services.items())]
        return tuple(await asyncio.gather(self._upstream.gateway_health(), *nodes))

    def gateway_answers(self) -> bool:
        """Whether the gateway answered at the last look; true before the first."""
        return self._last is None or self._last.services[0].condition is not Condition.SILENT
