"""What is written and read past the library is what the library writes and reads."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.transport import rabbitmq_frames, rabbitmq_link  # noqa: F401 - a link installs it
from candour_protocol.transport.rabbitmq_frames import _the_library, unmarshal
from candour_protocol.transport.rabbitmq_post import Stamp
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.exceptions import PAMQPException
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

SHORT = st.text(max_size=60)
TAGS = st.integers(0, 2**63 - 1)
PROPERTIES = st.builds(
    Basic.Properties,
    content_type=st.none() | SHORT,
    headers=st.none() | st.dictionaries(st.text(min_size=1, max_size=20), SHORT | st.integers(0, 2**40)),
    delivery_mode=st.none() | st.sampled_from([1, 2]),
    priority=st.none() | st.integers(0, 9),
    correlation_id=st.none() | SHORT,
    expiration=st.none() | SHORT,
    message_id=st.none() | SHORT,
    user_id=st.none() | SHORT,
    app_id=st.none() | SHORT,
)
FRAMES = st.one_of(
    st.builds(
        Basic.Deliver,
        consumer_tag=SHORT,
        delivery_tag=TAGS,
        redelivered=st.booleans(),
        exchange=st.just("candour.deliver"),
        routing_key=SHORT,
    ),
    st.builds(Basic.Ack, delivery_tag=TAGS, multiple=st.booleans()),
    st.builds(Basic.Nack, delivery_tag=TAGS, multiple=st.booleans(), requeue=st.booleans()),
    st.builds(ContentHeader, weight=st.just(0), body_size=TAGS, properties=PROPERTIES),
    st.builds(ContentBody, st.binary(max_size=200)),
    st.builds(Heartbeat),
)


def _read(reader: Any, data: bytes) -> object:
    try:
        used, channel, found = reader(data)
    except PAMQPException as error:
        return type(error), str(error).split(" object at ")[0]
    return used, channel, type(found), _said(found)


def _said(found: Any) -> object:
    if isinstance(found, ContentHeader):
        return found.class_id, found.weight, found.body_size, dict(found.properties)
    return found.value if isinstance(found, ContentBody) else dict(found) if hasattr(found, "index") else None


@given(FRAMES, st.integers(1, 2047))
def test_a_frame_is_read_as_the_library_reads_it(sent: Any, channel: int) -> None:
    written = frame.marshal(sent, channel)

    assert _read(unmarshal, written) == _read(_the_library, written)


@given(FRAMES, st.data())
def test_a_damaged_frame_is_what_the_library_makes_of_it(sent: Any, data: st.DataObject) -> None:
    written = bytearray(frame.marshal(sent, 1))
    for _ in range(data.draw(st.integers(1, 4))):
        written[data.draw(st.integers(7, len(written) - 1))] = data.draw(st.integers(0, 255))

    assert _read(unmarshal, bytes(written)) == _read(_the_library, bytes(written))


@given(SHORT.filter(bool), st.dictionaries(st.text(min_size=1, max_size=20), SHORT | st.integers(0, 2**40)))
def test_a_stamp_is_what_the_library_writes_around_a_message_id(user: str, headers: dict[str, Any]) -> None:
    properties = Basic.Properties(content_type="a/b", delivery_mode=2, user_id=user, headers=headers)

    stamp = Stamp.of(properties)

    properties.message_id = "f" * 32
    assert stamp.before + b"f" * 32 + stamp.after == properties.marshal()


def test_whoever_opens_a_link_has_the_library_read_by_it() -> None:
    assert frame.unmarshal.__module__ == rabbitmq_frames.__name__


@pytest.mark.parametrize("cut", range(8))
def test_a_frame_that_is_cut_off_is_the_librarys_to_refuse(cut: int) -> None:
    written = frame.marshal(Basic.Ack(7, True), 1)[:cut]

    with pytest.raises((PAMQPException, IndexError, ValueError)):
        unmarshal(written)
