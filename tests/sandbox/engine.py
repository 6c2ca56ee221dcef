"""The real engine under a sandbox: a virtual host and databases of its own on the servers of this run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from candour_protocol.ids import GATEWAY
from candour_sandbox import cast, durable
from candour_sandbox.engine import Engine
from candour_sandbox.estate import Estate
from candour_sandbox.premises import give_back

from tests.services.pair import AMQP_URL, DATABASE_URL
from tests.transport.realm import password


class RealEngine:
    """What ``up`` is told. The broker's users get the passwords that all tests give them."""

    def __init__(self, services: Mapping[str, str], data: Path, *, database: bool = True) -> None:
        self.engine = Engine(amqp=services[AMQP_URL], database=services[DATABASE_URL] if database else None)
        self.estate = Estate(data)
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = {user: password(user) for user in (GATEWAY, *cast.PARTS)}
        durable.write(self.estate.broker_passwords, json.dumps(words), mode=0o600)

    @property
    def options(self) -> tuple[str, ...]:
        """For the command line."""
        given = {"--amqp": self.engine.amqp, "--database": self.engine.database}
        return tuple(part for option, url in given.items() if url is not None for part in (option, url))

    def clear(self) -> None:
        """Leave nothing on the servers."""
        if self.estate.engine.exists():
            asyncio.run(give_back(self.engine, self.estate))
