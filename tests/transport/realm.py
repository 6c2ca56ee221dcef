"""A virtual host of a broker, with the whole topology and nothing in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import httpx
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport import broker_definitions, topology
from candour_protocol.transport.port import Parked, Transport
from candour_protocol.transport.rabbitmq import RabbitTransport
from candour_protocol.transport.rabbitmq_consumer import RENEW_AFTER
from candour_protocol.transport.rabbitmq_publisher import PATIENCE
from yarl import URL

from tests.services.ports import MANAGEMENT
from tests.transport.recorder import AGENCIES

OPERATOR = "operator"


class Realm:
    """One virtual host; its users have known passwords.

    Args:
        amqp_url: an administrator's.
        through: another port of this machine by which the parties connect: a proxy's.
    """

    def __init__(self, amqp_url: str, *, through: int | None = None) -> None:
        self.address = URL(amqp_url)
        self.name = f"candour-{secrets.token_hex(6)}"
        self.through = through
        self._open: list[RabbitTransport] = []
        self._management = httpx.Client(
            base_url=f"http://{self.address.host}:{(self.address.port or 5672) + MANAGEMENT}/api",
            auth=(self.address.user or "", self.address.password or ""),
            timeout=30,
        )

    def make(self, agencies: Iterable[AgencyId] = AGENCIES) -> None:
        """Users, rights, exchanges, queues."""
        members = list(agencies)
        passwords: dict[str, str] = {user: password(user) for user in (GATEWAY, *members)}
        definitions = broker_definitions.render(members, passwords, vhost=self.name)
        self.post("/definitions", definitions)

    def remove(self) -> None:
        """The virtual host and everything in it."""
        self.delete(f"/vhosts/{self.name}")
        self.forget()

    def forget(self) -> None:
        """Where its broker is gone."""
        self._management.close()

    def post(self, path: str, body: object) -> httpx.Response:
        """A call of the management API."""
        answer = self._management.post(path, json=body)
        assert answer.is_success, answer.text
        return answer

    def get(self, path: str) -> list[dict[str, Any]]:
        """A call of the management API."""
        found = self._management.get(path).raise_for_status().json()
        return found if isinstance(found, list) else [found]

    def put(self, path: str, body: object) -> None:
        """A call of the management API."""
        self._management.put(path, json=body).raise_for_status()

    def replace(self, queue: str, binding: topology.Binding) -> None:
        """Delete a queue and declare it again at once, as a hurried operator does."""
        place = f"/queues/{self.name}/{queue}"
        arguments = {**broker_definitions.QUORUM}
        self.delete(place)
        self.put(place, {"durable": True, "auto_delete": False, "arguments": arguments})
        bindings = f"/bindings/{self.name}/e/{binding.exchange}/q/{queue}"
        self.post(bindings, {"routing_key": binding.pattern, "arguments": {}})

    def delete(self, path: str) -> None:
        """A call of the management API."""
        self._management.delete(path).raise_for_status()

    def url(self, user: str, **query: str | int) -> str:
        """Where this user connects; the operator never by the proxy."""
        if user == OPERATOR:
            return str(self.address.with_path(f"/{self.name}").update_query(query))
        port = self.through or self.address.port
        address = self.address.with_path(f"/{self.name}").with_user(user).with_password(password(user))
        return str(address.with_port(port).update_query(query))

    async def connect(
        self,
        user: str,
        *,
        patiently: bool = False,
        patience: timedelta = PATIENCE,
        heartbeat: int = 5,
        renew_after: timedelta = RENEW_AFTER,
    ) -> RabbitTransport:
        """A transport of this user."""
        address = self.url(user, heartbeat=heartbeat)
        transport = await RabbitTransport.open(
            address, patiently=patiently, patience=patience, renew_after=renew_after
        )
        self._open.append(transport)
        return transport

    async def close(self) -> None:
        """Close every transport that was opened here."""
        for transport in self._open:
            await transport.close()
        self._open.clear()


class RabbitCourier:
    """Every party has connections of its own."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._parties: dict[str, RabbitTransport] = {}

    async def party(self, user: str) -> Transport:
        return await self._connected(user)

    async def restart(self) -> None:
        self._parties.clear()
        await self._realm.close()

    async def parked(self) -> Sequence[Parked]:
        return await (await self._connected(OPERATOR)).parked()

    async def _connected(self, user: str) -> RabbitTransport:
        if user not in self._parties:
            self._parties[user] = await self._realm.connect(user)
        return self._parties[user]


def password(user: str) -> str:
    """A password that guards nothing."""
    return f"{user} at a test"
