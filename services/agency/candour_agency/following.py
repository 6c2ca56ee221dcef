"""What an arrival follows here: what it is about, the concerns that it cites or shows, or else its thread.

Whoever may not see that may not see the arrival. The couriers promise no order, so it may be in the same
batch, and may even come later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from candour_protocol import rules
from candour_protocol.claims import Claims
from candour_protocol.errors import MismatchError
from candour_protocol.ids import StatementHash, Txn
from candour_protocol.kinds import Kind
from candour_protocol.statement import match
from candour_protocol.strict_json import JsonObject

from candour_agency import additions, shutting, store, successors
from candour_agency.arrival import Arrival
from candour_agency.batch import Batch
from candour_agency.matters import MATTERS
from candour_agency.messages import Message


def parent(batch: Batch, name: StatementHash | None) -> Message | None:
    """What it is about; that may have come in this batch."""
    if name is None or name not in batch.fresh:
        return batch.by_hash(name)
    batch.flush()
    return store.messages.by_hash(batch.connection, [name]).get(name)


def handed(batch: Batch, arrival: Arrival, original: StatementHash | None) -> Message | None:
    """Our copy of a concern that was passed on to us and is handed over now: as urgent, as restricted."""
    if arrival.statement.claims.kind is not Kind.TRANSFER or original is None:
        return None
    batch.flush()  # it may have come in this batch
    return store.messages.copy_from(batch.connection, original, arrival.statement.claims.iss)


def beside(batch: Batch, kind: Kind, txn: Txn, codes: JsonObject) -> list[Message]:
    """What is about nothing that is here follows its thread: a link, or word that a request waits.

    A link names other threads as well, and follows those too. A pattern follows the concerns that it shows,
    as far as they are here.
    """
    if kind in MATTERS:
        return []
    batch.flush()
    shown = store.messages.known(batch.connection, _shown(codes)).values()
    stands = [successors.newest(batch.connection, one) for one in shown]
    joins = codes.get("joins") if kind is Kind.LINK else None
    named = dict.fromkeys([txn, *(map(str, joins) if isinstance(joins, list) else ())])
    return [*(one for each in named for one in store.messages.thread(batch.connection, each)), *stands]


def _shown(codes: JsonObject) -> list[str]:
    about = codes.get("about")
    ids = about.get("ids") if isinstance(about, dict) else None
    return list(map(str, ids)) if isinstance(ids, list) else []


def cited(batch: Batch, arrival: Arrival) -> list[Message]:
    """The concerns that a request cites, and what was added to them before it, as they are kept here."""
    if arrival.statement.claims.kind is not Kind.REQUEST:
        return []
    batch.flush()  # they may have come in this batch
    try:
        codes = match(arrival.statement, arrival.body) or {}
    except MismatchError:
        return []
    refs = codes.get("concern_refs")
    names = [StatementHash(str(ref)) for ref in refs] if isinstance(refs, list) else []
    found = store.messages.by_hash(batch.connection, names)
    concerns = [found[name] for name in names if name in found and found[name].kind is Kind.CONCERN]
    index = arrival.proven.index
    added = [reply for one in concerns for reply in additions.to(batch.connection, one, index)]
    return [*concerns, *(reply for reply in added if reply.content is not None)]


def is_about_staff(batch: Batch, arrival: Arrival, codes: JsonObject) -> bool:
    """Whether it is a request on what is lodged elsewhere, and which alleges something against staff here."""
    refs = codes.get("concern_refs")
    if arrival.statement.claims.kind is not Kind.REQUEST or not isinstance(refs, list):
        return False
    notices = store.messages.thread(batch.connection, str(codes.get("txn")))
    stubs = [(one.codes or {}).get("about") for one in notices if one.kind is Kind.NOTICE]
    return any(_names_staff(stub) and stub["statement"] in refs for stub in stubs if isinstance(stub, dict))


def _names_staff(stub: JsonObject) -> bool:
    classes = stub.get("classes")
    return isinstance(classes, list) and rules.STAFF in classes


def shut_early(batch: Batch, arrival: Arrival, row: dict[str, Any]) -> None:
    """What follows it may have come before it, or follow its earlier form, which nobody could open here."""
    if row["shut_out"] is None and not row["restricted"]:
        return
    batch.flush()
    claims = arrival.statement.claims
    forms = [name for name in (arrival.statement.hash, claims.reissues) if name is not None]
    found = store.messages.thread(batch.connection, row["txn"])
    for one in (*shutting.following(found, forms), *_showing(batch, claims, forms)):
        people = shutting.write(one.shut_out | shutting.read(row["shut_out"]))
        restricted = one.restricted or row["restricted"]
        if (people, restricted) != (one.shut_out_text, one.restricted):
            store.messages.change(batch.connection, one.hash, shut_out=people, restricted=restricted)
            batch.put(replace(one, shut_out_text=people, restricted=restricted))


def _showing(batch: Batch, claims: Claims, forms: list[StatementHash]) -> Iterator[Message]:
    """Patterns that came before a concern which they show, and the word that each came."""
    if claims.kind is not Kind.CONCERN or not batch.office.directory.policy.patterns.any:
        return
    earlier = store.messages.by_hash(batch.connection, forms).values()
    ids = {claims.jti, *(one.jti for one in earlier)}
    for pattern in store.patterns.showing(batch.connection, ids):
        yield from shutting.following(store.messages.thread(batch.connection, pattern.txn), [pattern.hash])
