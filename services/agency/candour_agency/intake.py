"""What a batch of proven messages does to the database, in one transaction; each takes effect once.

What is in the database already has no second effect, whoever repeats it. Source: protocol section 9.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from candour_protocol import failpoints
from candour_protocol.errors import CourierError
from sqlalchemy import Connection

from candour_agency.arrival import Arrival, Verdict
from candour_agency.batch import Batch, Taken, begin
from candour_agency.office import Office
from candour_agency.receiving import take_arrival
from candour_agency.verdicts import take_verdict


def take_in(
    connection: Connection, office: Office, now: datetime, items: Sequence[Arrival | Verdict]
) -> Taken:
    """Store a batch and answer it."""
    batch = begin(connection, office, now, items)
    for place, item in enumerate(items):
        if isinstance(item, Verdict):
            take_verdict(batch, item)
        else:
            _take(batch, place, item)
    taken = batch.finish()
    failpoints.reach("node.opened")
    return taken


def _take(batch: Batch, place: int, arrival: Arrival) -> None:
    """What is not what was signed is parked: its author did not send it, and the true one comes again."""
    try:
        take_arrival(batch, arrival)
    except CourierError as error:
        batch.taken.parked[place] = error.code
        batch.incident(error.code, arrival.statement.hash)
