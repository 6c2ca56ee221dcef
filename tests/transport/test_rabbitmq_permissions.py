"""What the broker itself refuses an agency, whatever software the agency runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aio_pika import Connection
from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPError, ChannelAccessRefused, ChannelPreconditionFailed
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.topology import DEAD, DELIVER, GATEWAY_QUEUES, SUBMIT, Lane, inbox_queue
from pamqp.commands import Basic
from yarl import URL

from tests.transport.realm import Realm
from tests.transport.recorder import CLINIC, INBOX, SCHOOL

Attempt = Callable[[AbstractChannel], Awaitable[object]]
CLINICS = inbox_queue(CLINIC, Lane.ORDINARY)


def publish(exchange: str, key: str, user: str | None = SCHOOL) -> Attempt:
    properties = Basic.Properties(user_id=user, delivery_mode=2)
    return lambda it: it.basic_publish(b"x", exchange=exchange, routing_key=key, properties=properties)


async def nothing(_: object) -> None:
    """A consumer that never gets anything."""


@pytest.fixture
async def as_school(realm: Realm) -> AsyncIterator[AbstractChannel]:
    async for channel in channel_of(realm, SCHOOL):
        yield channel


@pytest.fixture
async def as_gateway(realm: Realm) -> AsyncIterator[AbstractChannel]:
    async for channel in channel_of(realm, GATEWAY):
        yield channel


async def channel_of(realm: Realm, user: str) -> AsyncIterator[AbstractChannel]:
    connection = Connection(URL(realm.url(user)))
    await connection.connect(timeout=10)
    assert connection.transport is not None
    yield await connection.transport.connection.channel(publisher_confirms=True, on_return_raises=True)
    await connection.close()


DENIED: dict[str, Attempt] = {
    "submit as another agency": publish(SUBMIT, f"{CLINIC}.concern.urgent"),
    "submit under an id that begins like its own": publish(SUBMIT, f"{SCHOOL}-too.concern.urgent"),
    "submit under no id": publish(SUBMIT, ".concern.urgent"),
    "deliver to another": publish(DELIVER, f"{CLINIC}.urgent"),
    "deliver to itself": publish(DELIVER, f"{SCHOOL}.urgent"),
    "park in another's name": publish(DEAD, CLINICS),
    "park in the gateway's name": publish(DEAD, GATEWAY_QUEUES[0]),
    "publish straight into a queue": publish("", CLINICS),
    "publish straight into its own queue": publish("", INBOX),
    "publish to an exchange of the broker's": publish("amq.topic", f"{SCHOOL}.concern.urgent"),
    "read another's inbox": lambda it: it.basic_get(CLINICS),
    "consume another's inbox": lambda it: it.basic_consume(CLINICS, nothing),
    "read what is submitted": lambda it: it.basic_get(GATEWAY_QUEUES[0]),
    "read what was parked": lambda it: it.basic_get("dead"),
    "declare a queue": lambda it: it.queue_declare(f"inbox.{SCHOOL}.more", durable=True),
    "declare a queue for this connection": lambda it: it.queue_declare("", exclusive=True),
    "declare an exchange": lambda it: it.exchange_declare("mine", exchange_type="topic"),
    "delete its own inbox": lambda it: it.queue_delete(INBOX),
    "delete an exchange": lambda it: it.exchange_delete(SUBMIT),
    "purge another's inbox": lambda it: it.queue_purge(CLINICS),
    "purge what is submitted": lambda it: it.queue_purge(GATEWAY_QUEUES[0]),
    "bind its inbox to what others submit": lambda it: it.queue_bind(INBOX, SUBMIT, "#"),
    "bind its inbox to what others get": lambda it: it.queue_bind(INBOX, DELIVER, f"{CLINIC}.urgent"),
    "unbind another's inbox": lambda it: it.queue_unbind(CLINICS, DELIVER, f"{CLINIC}.ordinary"),
    "bind an exchange to an exchange": lambda it: it.exchange_bind(SUBMIT, DELIVER, "#"),
}


@pytest.mark.parametrize("attempt", DENIED.values(), ids=DENIED.keys())
async def test_the_broker_refuses_an_agency_to(as_school: AbstractChannel, attempt: Attempt) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(as_school)


async def test_the_broker_refuses_a_message_in_the_name_of_another_user(as_school: AbstractChannel) -> None:
    with pytest.raises(ChannelPreconditionFailed, match="user_id"):
        await publish(SUBMIT, f"{SCHOOL}.concern.urgent", user=CLINIC)(as_school)


ALLOWED: dict[str, Attempt] = {
    "submit as itself": publish(SUBMIT, f"{SCHOOL}.concern.urgent"),
    "park what came from its inbox": publish(DEAD, INBOX),
    "read its inbox": lambda it: it.basic_get(INBOX),
}


@pytest.mark.parametrize("attempt", ALLOWED.values(), ids=ALLOWED.keys())
async def test_the_broker_lets_an_agency(as_school: AbstractChannel, attempt: Attempt) -> None:
    await attempt(as_school)


GATEWAYS_DENIED: dict[str, Attempt] = {
    "submit": publish(SUBMIT, f"{SCHOOL}.concern.urgent", GATEWAY),
    "read an inbox": lambda it: it.basic_get(INBOX),
    "purge an inbox": lambda it: it.queue_purge(INBOX),
    "park in an agency's name": publish(DEAD, INBOX, GATEWAY),
    "declare a queue": lambda it: it.queue_declare("more", durable=True),
}


@pytest.mark.parametrize("attempt", GATEWAYS_DENIED.values(), ids=GATEWAYS_DENIED.keys())
async def test_the_broker_refuses_the_gateway_to(as_gateway: AbstractChannel, attempt: Attempt) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(as_gateway)


async def test_a_wrong_password_opens_nothing(realm: Realm) -> None:
    connection = Connection(URL(realm.url(SCHOOL)).with_password("wrong"))

    with pytest.raises(AMQPError):
        await connection.connect(timeout=10)
    await connection.close()
