"""Notices that show several concerns together, by what they show."""

from __future__ import annotations

from collections.abc import Collection

from candour_protocol.ids import Jti
from candour_protocol.kinds import Kind, Notice
from sqlalchemy import Connection, or_, select

from candour_agency.messages import COLUMNS, Direction, Message, from_row
from candour_agency.tables import messages


def showing(connection: Connection, jtis: Collection[Jti]) -> list[Message]:
    """Those in which one of these ids stands, in the order of arrival.

    There are few notices of that kind and no index of them: ask only where it matters.
    """
    code = f'"notice":"{Notice.PATTERN.value}"'
    named = [messages.c.codes.contains(f'"{jti}"', autoescape=True) for jti in sorted(jtis)]
    query = select(*(messages.c[name] for name in COLUMNS)).where(
        messages.c.kind == Kind.NOTICE.value,
        messages.c.direction == Direction.IN.value,
        messages.c.codes.contains(code, autoescape=True),
        or_(*named),
    )
    return [from_row(row) for row in connection.execute(query.order_by(messages.c.seq))]
