"""What others sent to this agency: stored once, opened, answered by a ``delivery``, and let take effect.

The ``delivery`` is signed in the transaction that stores the statement.
Source: protocol sections 3.1, 5 and 9.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from candour_protocol import ids, rules, strict_json
from candour_protocol.claims import Claims
from candour_protocol.codes import ConcernCategory
from candour_protocol.errors import MismatchError
from candour_protocol.ids import GENERAL, RESTRICTED, Address, StatementHash, Txn
from candour_protocol.kinds import ConcernCodes, DeliveryCodes, Kind, Notice, parse_codes
from candour_protocol.matters import read_matter
from candour_protocol.opening import SOUND, THIN, UNREADABLE, Opened
from candour_protocol.statement import match

from candour_agency import (
    chasing,
    debts,
    effects,
    erasing,
    following,
    imprints,
    references,
    reissuing,
    shutting,
    store,
)
from candour_agency.arrival import Arrival
from candour_agency.batch import Batch
from candour_agency.happenings import Happened, happened
from candour_agency.matters import MATTERS
from candour_agency.messages import Direction, Message
from candour_agency.writing import Plan


def take_arrival(batch: Batch, arrival: Arrival) -> None:
    """Take in a proven statement.

    Raises:
        CourierError: its body is not what was signed.
    """
    claims = arrival.statement.claims
    known = batch.by_jti(claims.jti)
    if known is not None and known.hash != arrival.statement.hash:
        batch.incident("equivocation", arrival.statement.hash)
    elif arrival.statement.hash in batch.fresh:
        return  # twice in one batch
    elif known is not None:
        _repeated(batch, known)
    elif claims.kind is Kind.DELIVERY:
        _delivered(batch, arrival)
    else:
        _statement(batch, arrival)


def _repeated(batch: Batch, known: Message) -> None:
    """The log still lacks our word for it: say the same again."""
    answers = store.messages.about(batch.connection, known.hash)
    own = [one.jti for one in answers if one.kind is Kind.DELIVERY and not one.received]
    batch.resume.extend(own)


def _delivered(batch: Batch, arrival: Arrival) -> None:
    statement = arrival.statement
    parent = batch.by_hash(statement.claims.irt)
    try:
        codes = match(statement, arrival.body) or {}
        parsed = parse_codes(Kind.DELIVERY, codes)
    except MismatchError as error:
        batch.incident(error.code, statement.hash)
        return
    owed = parent is not None and not parent.received and parent.counterparty == statement.claims.iss
    if parent is None or not owed or not isinstance(parsed, DeliveryCodes):
        batch.incident("stray-delivery", statement.hash)
        return
    _store(batch, arrival, Opened("", GENERAL, codes), parent, parsed.txn)
    if parent.delivered_at is None or parent.opened == UNREADABLE:
        _first_delivery(batch, parent, parsed, arrival.proven.entry.t_ms)
    else:
        _later_delivery(batch, parent, parsed, arrival.proven.entry.t_ms)


def _first_delivery(batch: Batch, parent: Message, codes: DeliveryCodes, at: int) -> None:
    changed = replace(parent, opened=codes.opened, delivered_at=at)
    batch.delivered.append(
        {
            "hash": parent.hash,
            "opened": codes.opened,
            "opened_rules": dict(codes.rules),
            "delivered_at": at,
        }
    )
    batch.put(changed)
    if parent.receipt is not None:
        batch.done.append(parent.jti)
    batch.note(changed)
    batch.note(debts.pay_back(batch.connection, changed))
    if codes.opened == UNREADABLE:
        _unreadable(batch, changed)


def _later_delivery(batch: Batch, parent: Message, codes: DeliveryCodes, at: int) -> None:
    """The first counts; but what they lost is told again, and what is not sound after all pays nothing."""
    if codes.opened != SOUND and parent.pays_back is not None:
        for owing in debts.owed_again(batch.connection, parent, at):
            batch.note(owing)
    if codes.opened == UNREADABLE and parent.reissued_as is None:
        _lost_there(batch, parent)


def _lost_there(batch: Batch, message: Message) -> None:
    """They had it, and their database was put back from an older backup: tell them again."""
    if reissuing.after_loss(batch.connection, batch.pen, message):
        batch.note(message)
    else:
        batch.incident("not-said-again", message.hash)


def _unreadable(batch: Batch, message: Message) -> None:
    """Seal it again to their present key; where there is no other key, people have to talk."""
    if message.reissued_as is not None:
        return
    if not reissuing.after_unreadable(batch.connection, batch.pen, message, batch.office):
        batch.incident("unreadable-there", message.hash)


def _statement(batch: Batch, arrival: Arrival) -> None:
    claims = arrival.statement.claims
    cited = following.cited(batch, arrival)
    opened = batch.office.opener.open(arrival.statement, arrival.body, cited)
    about = references.about(claims.kind, claims.irt, opened.codes)
    parent = following.parent(batch, about) or following.handed(batch, arrival, about)
    txn = Txn(str((opened.codes or {}).get("txn") or ids.new_uuid7(batch.now)))
    follows = [parent] if parent else cited or following.beside(batch, claims.kind, txn, opened.codes or {})
    row = _store(batch, arrival, opened, parent, txn)
    row["shut_out"] = _shut_out(opened, follows)
    row["restricted"] = row["restricted"] or any(one.restricted for one in follows)
    _imprint(batch, claims, opened)
    _answer(batch, arrival, opened, row)
    if arrival.approval is not None and arrival.approval.statement.claims.kind is Kind.ERASURE:
        _erasure(batch, arrival.approval, row)
    elif arrival.approval is not None:
        _approval(batch, arrival.approval, arrival.statement.hash, row)
    _take_effect(batch, arrival, opened, row)
    batch.taken.arrived = True
    batch.taken.opened[opened.opened] += 1
    batch.taken.changed.add(claims.jti)


def _store(
    batch: Batch, arrival: Arrival, opened: Opened, parent: Message | None, txn: Txn
) -> dict[str, Any]:
    """Put a statement among those to be written; the row may still be changed."""
    claims, codes = arrival.statement.claims, opened.codes or {}
    about = references.about(claims.kind, claims.irt, opened.codes)
    inbox = _inbox(batch, arrival, opened, parent)
    row = {
        **_signed(arrival),
        **_logged(arrival),
        **_found(opened, claims.kind),
        "txn": txn,
        "inbox": inbox,
        "restricted": inbox == RESTRICTED or (parent is not None and parent.restricted),
        "urgency": codes.get("urgency") or (parent.urgency if parent else ""),
        "about": about,
        "made_at": batch.now_ms,
        "delivered_at": batch.now_ms,
        "shut_out": _shut_out(opened, [parent] if parent else []),
    }
    batch.rows.append(row)
    batch.fresh[arrival.statement.hash] = Happened(
        arrival.statement.hash,
        claims.kind,
        Direction.IN,
        claims.iss,
        about,
        codes,
        opened.content or {},
        arrival.proven.entry.t_ms,
    )
    return row


def _inbox(batch: Batch, arrival: Arrival, opened: Opened, parent: Message | None) -> str:
    """What says nothing to anybody stands where the matter stands that it is about.

    What an ordinary inbox must not see is shown in the restricted one, wherever it was sent.
    """
    codes = opened.codes or {}
    misdirected = _is_misdirected(batch, arrival, opened) or following.is_about_staff(batch, arrival, codes)
    if codes.get("notice") == Notice.LODGED or misdirected:
        return RESTRICTED
    if arrival.statement.claims.sealed is None and parent is not None and parent.received:
        return parent.inbox
    return opened.inbox


def _is_misdirected(batch: Batch, arrival: Arrival, opened: Opened) -> bool:
    """Whether a concern is kept from the ordinary inboxes here, or alleges something against staff here."""
    if arrival.statement.claims.kind is not Kind.CONCERN or opened.codes is None:
        return False
    try:
        codes = parse_codes(Kind.CONCERN, opened.codes)
    except MismatchError:
        return False
    directory = batch.office.directory
    return isinstance(codes, ConcernCodes) and (
        rules.is_kept_from(codes, directory.agency)
        or (ConcernCategory.STAFF_ALLEGATION in codes.categories and not directory.is_lado(directory.agency))
    )


def _shut_out(opened: Opened, follows: Iterable[Message]) -> str | None:
    """Staff ids that a mark keeps this from; what follows is kept from whoever all that is kept from."""
    return shutting.write(shutting.named_in(opened.content).union(*(one.shut_out for one in follows)))


def _signed(arrival: Arrival) -> dict[str, Any]:
    claims = arrival.statement.claims
    return {
        "jti": claims.jti,
        "hash": arrival.statement.hash,
        "kind": claims.kind.value,
        "direction": Direction.IN.value,
        "counterparty": claims.iss,
        "reissues": claims.reissues,
        "issued_at": claims.iat,
        "jwt": arrival.statement.jwt,
    }


def _logged(arrival: Arrival) -> dict[str, Any]:
    """What the log says; for what an approval released, the approval's verdict."""
    entry = arrival.proven.entry
    approval = arrival.approval.proven.entry if arrival.approval else None
    released = approval or entry
    return {
        "receipt": arrival.receipt,
        "log_index": arrival.proven.index,
        "logged_at": entry.t_ms,
        "verdict": released.verdict,
        "rules": strict_json.dumps(list(released.rules)),
        "held_at": entry.t_ms if approval else None,
        "settled_at": approval.t_ms if approval else None,
    }


def _found(opened: Opened, kind: Kind) -> dict[str, Any]:
    codes = opened.codes or {}
    return {
        "relays": codes.get("relays"),
        "pays_back": codes.get("pays_back"),
        "codes": strict_json.dumps(opened.codes) if opened.codes is not None else None,
        "content": strict_json.dumps(opened.content) if opened.content is not None else None,
        "disclosures": _disclosures(kind, opened),
        "opened": opened.opened or None,
        "opened_rules": strict_json.dumps(dict(opened.rules)) if opened.rules else None,
    }


def _imprint(batch: Batch, claims: Claims, opened: Opened) -> None:
    """By what its child's numbers are known again; of nothing whose parts do not fit together."""
    if claims.kind not in MATTERS or opened.opened not in (SOUND, THIN):
        return
    subject = read_matter(claims.kind, opened.codes or {}, opened.content or {}).subject
    found = imprints.of_numbers(batch.office.keys.actor, subject)
    batch.imprints += store.imprints.rows(claims.jti, found)


def _answer(batch: Batch, arrival: Arrival, opened: Opened, row: dict[str, Any]) -> None:
    """The ``delivery``: this node has it, and found it so. What was answered once is not answered again."""
    if arrival.statement.hash in batch.forgotten:
        return
    batch.pen.write(
        Plan(
            kind=Kind.DELIVERY,
            to=Address(arrival.statement.claims.iss),
            txn=Txn(row["txn"]),
            urgency=row["urgency"],
            codes={
                "txn": row["txn"],
                "actor": None,
                "opened": opened.opened,
                "rules": dict(opened.rules),
            },
            irt=arrival.statement.hash,
            restricted=row["restricted"],
            shut_out=shutting.read(row["shut_out"]),
        )
    )


def _approval(batch: Batch, approval: Arrival, request: StatementHash, row: dict[str, Any]) -> None:
    """Keep the approval that released a request."""
    opened = batch.office.opener.open(approval.statement, approval.body, ())
    kept = _store(batch, approval, opened, None, Txn(row["txn"]))
    kept |= {"about": request, **_seen_with(row)}


def _erasure(batch: Batch, erasure: Arrival, row: dict[str, Any]) -> None:
    """Keep the erasure that a notice is about, once: it may name several statements, and be our own."""
    name = erasure.statement.hash
    known = store.messages.by_hash(batch.connection, [name])
    if name in known or name in batch.fresh:
        return
    kept = _store(batch, erasure, Opened("", GENERAL, {}), None, Txn(row["txn"]))
    kept |= {"about": row["about"], **_seen_with(row)}


def _seen_with(row: dict[str, Any]) -> dict[str, Any]:
    """Whoever may see a statement may see what came beside it, and nobody else."""
    return {name: row[name] for name in ("inbox", "restricted", "shut_out")}


def _take_effect(batch: Batch, arrival: Arrival, opened: Opened, row: dict[str, Any]) -> None:
    happened = batch.fresh[arrival.statement.hash]
    if opened.codes is not None and (happened.about is not None or happened.kind is Kind.LINK):
        _affect(batch, happened)
    _catch_up(batch, happened.name)
    following.shut_early(batch, arrival, row)
    if arrival.statement.claims.reissues is not None:
        _replace(batch, arrival.statement.claims.reissues, arrival)
    if row["pays_back"] or (happened.kind is Kind.REQUEST and row["urgency"] == "EMERGENCY"):
        batch.flush()
        _pay_back(batch, arrival.statement.hash)


def _affect(batch: Batch, happened: Happened) -> None:
    """Let it take effect, and hand what takes something back to whoever had that from us."""
    batch.flush()
    if happened.codes.get("notice") == Notice.ERASED and not _may_erase(batch, happened):
        batch.incident("unproven-erasure", happened.name)
        return
    for changed in effects.apply(batch.connection, happened, batch.office.directory):
        batch.put(changed)
        batch.note(changed)
    if happened.codes.get("notice") == Notice.RELEASED:
        _send_on(batch, happened)
    chasing.pass_on(batch, happened)


def _may_erase(batch: Batch, notice: Happened) -> bool:
    """Nothing is deleted on the gateway's word alone."""
    office = batch.office
    keep = office.directory.policy.retention.t1_keep
    return erasing.is_proven(batch.connection, notice, office.agency, keep)


def _send_on(batch: Batch, happened: Happened) -> None:
    """An own request that somebody vouched for is on its way: its delivery is waited for again."""
    released = effects.find_parent(batch.connection, happened)
    if released is not None and not released.received and released.unlocks:
        batch.put(released)
        batch.resume.append(released.jti)


def _catch_up(batch: Batch, name: StatementHash) -> None:
    """What is about a statement may have come before it: it takes effect now."""
    early = [happened(one) for one in batch.early.get(name, ()) if one.received or one.unlocks]
    early += [one for one in batch.fresh.values() if one.about == name and one.kind is not Kind.DELIVERY]
    for one in early:
        _affect(batch, one)


def _replace(batch: Batch, earlier: StatementHash, arrival: Arrival) -> None:
    found = store.messages.by_hash(batch.connection, [earlier]).get(earlier)
    if found is not None and found.received and found.counterparty == arrival.statement.claims.iss:
        columns = {"reissued_as": arrival.statement.claims.jti, "closed_at": batch.now_ms}
        for changed in effects.apply_to(batch.connection, earlier, columns):
            batch.note(changed)


def _pay_back(batch: Batch, name: StatementHash) -> None:
    """Settle debts, whichever of concern and request came first."""
    concerns = store.messages.paying_back(batch.connection, name)
    own = store.messages.by_hash(batch.connection, [name]).get(name)
    for concern in [*concerns, *([own] if own else [])]:
        batch.note(debts.pay_back(batch.connection, concern))


def _disclosures(kind: Kind, opened: Opened) -> str | None:
    """Kept of concerns, which can be passed on."""
    return strict_json.dumps(list(opened.disclosures)) if kind is Kind.CONCERN else None
