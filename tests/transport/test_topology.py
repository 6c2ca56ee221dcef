"""Names, keys and who may publish what."""

from __future__ import annotations

import pytest
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport import topology
from candour_protocol.transport.topology import DEAD, DELIVER, SUBMIT, Lane

SCHOOL = AgencyId("oakfield-school")


def test_names_and_keys_are_those_of_the_protocol() -> None:
    assert topology.submit_key(SCHOOL, "concern", urgent=True) == "oakfield-school.concern.urgent"
    assert topology.submit_key(SCHOOL, "request", urgent=False) == "oakfield-school.request.ordinary"
    assert topology.deliver_key(SCHOOL, Lane.RESTRICTED) == "oakfield-school.restricted"
    assert topology.GATEWAY_QUEUES == ("gateway.submit.urgent", "gateway.submit.ordinary")
    assert topology.inbox_queues(SCHOOL) == (
        "inbox.oakfield-school.urgent",
        "inbox.oakfield-school.ordinary",
        "inbox.oakfield-school.restricted",
    )
    assert topology.first_word("oakfield-school.concern.urgent") == SCHOOL


def test_every_key_reaches_one_queue() -> None:
    bindings = topology.bindings([SCHOOL, AgencyId("oakfield-school-2")])

    def queues(exchange: str, key: str) -> list[str]:
        return [it.queue for it in bindings if it.exchange == exchange and topology.matches(it.pattern, key)]

    assert queues(SUBMIT, "oakfield-school.concern.urgent") == ["gateway.submit.urgent"]
    assert queues(SUBMIT, "oakfield-school.concern.restricted") == []
    assert queues(SUBMIT, "oakfield-school.urgent") == []
    for lane in Lane:
        assert queues(DELIVER, topology.deliver_key(SCHOOL, lane)) == [topology.inbox_queue(SCHOOL, lane)]


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("*.b", "a.b", True),
        ("*.b", "b", False),
        ("#", "a.b.c", True),
        ("a.#", "a", True),
        ("#.c", "a.b.c", True),
        ("#.b", "a.b.c", False),
    ],
)
def test_patterns_fit_as_amqp_says(pattern: str, key: str, fits: bool) -> None:
    assert topology.matches(pattern, key) is fits


@pytest.mark.parametrize(
    ("user", "exchange", "key", "allowed"),
    [
        (SCHOOL, SUBMIT, "oakfield-school.concern.urgent", True),
        (SCHOOL, SUBMIT, "oakfield-school2.concern.urgent", False),
        (SCHOOL, SUBMIT, "oakfield-school", False),
        ("oakfield", SUBMIT, "oakfield-school.concern.urgent", False),
        ("", SUBMIT, ".concern.urgent", False),
        (SCHOOL, DELIVER, "oakfield-school.urgent", False),
        (GATEWAY, DELIVER, "oakfield-school.urgent", True),
        (SCHOOL, DEAD, "oakfield-school.urgent", False),
        (GATEWAY, "", "inbox.oakfield-school.urgent", False),
        (SCHOOL, SUBMIT, "oakfield-school.\udc80.urgent", False),
        (SCHOOL, SUBMIT, "oakfield-school." + "x" * 255 + ".urgent", False),
    ],
)
def test_an_agency_publishes_as_itself_and_only_the_gateway_delivers(
    user: str, exchange: str, key: str, allowed: bool
) -> None:
    assert topology.may_publish(user, exchange, key) is allowed
