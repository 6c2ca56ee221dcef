"""What a logged statement does to the one that it is about: the same whether it was sent or received.

Times are those of the log, so that both parties show the same. Source: protocol sections 4 and 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from candour_protocol import rules
from candour_protocol.ids import GATEWAY, AgencyId, StatementHash
from candour_protocol.kinds import AnswerCodes, Kind, Notice, parse_codes
from candour_protocol.policy import Policy
from candour_protocol.rules import Severity
from sqlalchemy import Connection

from candour_agency import debts, handing, happenings, parts, store, successors
from candour_agency.directory import Directory
from candour_agency.happenings import Happened
from candour_agency.matters import MATTERS, is_final
from candour_agency.messages import Direction, Message
from candour_agency.reconsidering import explains, matter_of, met, waiting
from candour_agency.words import is_not_enough

_MAY_COME_AGAIN: Final = frozenset({"suspended_at", "resumed_at", "more_at", "reopened_at", "begins_at"})

Columns = dict[str, Any]


def apply(connection: Connection, happened: Happened, directory: Directory) -> list[Message]:
    """Let a statement take effect; whatever changed here. ``directory`` is this node's own."""
    agency, policy = directory.agency, directory.policy
    if happened.kind is Kind.LINK:
        store.joins.add(connection, happened.name, _joined(happened.codes))
    parent = find_parent(connection, happened)
    if parent is None:
        return []
    if happened.codes.get("notice") == Notice.ERASED:
        return _erase(connection, parent, happened.at)
    if happened.kind is Kind.OUTCOME and parent.kind is Kind.ANSWER and parent.about is not None:
        told = apply_to(connection, parent.about, {"outcome_at": happened.at})
        return [*told, *_further(connection, happened, parent)]
    columns = _columns(happened, parent, policy)
    if parent.kind is Kind.REQUEST and happened.kind in (Kind.ANSWER, Kind.REPLY):
        columns |= _in_parts(connection, happened, parent, directory)
    changed = apply_to(connection, parent.hash, columns)
    if parent.kind is Kind.REQUEST and not {"closed_at", "withdrawn_at"}.isdisjoint(columns):
        changed += _nothing_to_decide(connection, parent, happened.at)
    taken = parent.handed_on_at is not None and happened.kind in handing.TAKES
    if taken or (happened.kind is Kind.TRANSFER and "transferred_at" in columns):
        changed = _handed_on(connection, happened, parent, agency) or changed
    if parent.pays_back is not None and _takes_back(happened, policy):
        changed += debts.owed_again(connection, parent, happened.at)
    return [*changed, *_further(connection, happened, parent)]


def _in_parts(connection: Connection, happened: Happened, parent: Message, directory: Directory) -> Columns:
    """How far a request is answered; a part of an answer shows who has it."""
    columns = dict(parts.columns(store.messages.about(connection, parent.hash), parent, directory))
    part = happened.kind is Kind.ANSWER and "answered_at" not in columns
    return columns | (_in_hand(happened, parent) if part else {})


def _erase(connection: Connection, parent: Message, at: int) -> list[Message]:
    """What it said goes, and the same words wherever it was said before under another id."""
    for one in (parent, *successors.earlier(connection, parent)):
        if one.erased_at is None:
            store.messages.erase(connection, one.hash, at)
            store.imprints.forget(connection, one.hash)
            store.outbox.drop(connection, one.jti)
    return list(store.messages.by_hash(connection, [parent.hash]).values())


def _handed_on(
    connection: Connection, happened: Happened, parent: Message, agency: AgencyId
) -> list[Message]:
    """To a colleague of the holder's, who is yet to say that they have it."""
    holder = agency if happened.direction is Direction.OUT else happened.counterparty
    columns = handing.columns(store.messages.about(connection, parent.hash), parent, holder)
    if not columns:
        return []
    store.messages.change(connection, parent.hash, **columns)
    found = store.messages.by_hash(connection, [parent.hash]).get(parent.hash)
    return [found] if found is not None else []


def find_parent(connection: Connection, happened: Happened) -> Message | None:
    """What a statement is about, if it is here and lies between the same two.

    Of what was passed on to us, our copy. The gateway's notices are about what lies between us and anybody.
    """
    if happened.about is None:
        return None
    parent = store.messages.by_hash(connection, [happened.about]).get(happened.about)
    if parent is None:
        return store.messages.copy_from(connection, happened.about, happened.counterparty)
    from_gateway = happened.kind is Kind.NOTICE and happened.counterparty == GATEWAY
    passed_on = happened.kind is Kind.TRANSFER and parent.received and happened.direction is Direction.OUT
    return parent if from_gateway or passed_on or parent.counterparty == happened.counterparty else None


def apply_to(connection: Connection, name: StatementHash, columns: Columns) -> list[Message]:
    """Set what is not set yet, and what may come again; the statement, if anything was to be set."""
    if not columns:
        return []
    again = {name: at for name, at in columns.items() if name in _MAY_COME_AGAIN}
    first = {name: value for name, value in columns.items() if name not in again}
    if first:
        store.messages.change_first(connection, name, **first)
    if again:
        store.messages.change(connection, name, **again)
    found = store.messages.by_hash(connection, [name]).get(name)
    return [found] if found is not None else []


def _columns(happened: Happened, parent: Message, policy: Policy) -> Columns:
    """What changes on the parent; nothing where these two may not stand so to each other."""
    if happened.kind is Kind.NOTICE:
        return _noticed(happened, parent)
    if happened.direction is parent.direction:
        return _by_author(happened, parent, policy)
    return _by_recipient(happened, parent)


def _by_author(happened: Happened, parent: Message, policy: Policy) -> Columns:
    """What the author of a statement does with it."""
    match happened.kind:
        case Kind.OUTCOME if parent.kind is Kind.REQUEST:
            return {"outcome_at": happened.at}
        case Kind.REPLY:
            return {"refreshed_at": happened.at}
        case Kind.WITHDRAWAL:
            return {"withdrawn_at": happened.at}
        case Kind.CORRECTION:
            gone = rules.ends(_correction_kind(happened), parent.kind, policy)
            return {"corrected_at": happened.at} | ({"withdrawn_at": happened.at} if gone else {})
        case Kind.CLOSURE if parent.kind in MATTERS:
            return {"closed_at": happened.at}
        case Kind.LINK:
            return {"withdrawn_at": happened.at}
        case Kind.CHALLENGE if parent.kind is Kind.CHALLENGE:
            return _taken_further(happened)
        case _:
            return {}


def _taken_further(happened: Happened) -> Columns:
    """What comes of a challenge is for the next stage to say."""
    return {"challenged_at": happened.at, "closed_at": happened.at}


def _by_recipient(happened: Happened, parent: Message) -> Columns:
    """What the recipient of a statement does about it."""
    match happened.kind:
        case Kind.ACKNOWLEDGEMENT:
            return _acknowledged(happened)
        case Kind.DECISION if parent.kind is Kind.CONCERN:
            return _decided(happened, parent)
        case Kind.ANSWER if parent.kind is Kind.REQUEST:
            return _given(happened)
        case Kind.CHALLENGE if parent.kind is Kind.CHALLENGE:
            return _taken_further(happened)
        case Kind.CHALLENGE:
            return {"challenged_at": happened.at}
        case Kind.APPLIED if parent.kind is Kind.CORRECTION:
            done = happened.codes.get("applied") == "yes"
            return {"closed_at": happened.at} if done else {"answered_at": happened.at}
        case Kind.CLOSURE if parent.kind is Kind.CONCERN:
            return {"closed_at": happened.at}
        case Kind.TRANSFER if parent.kind in MATTERS:
            return {"transferred_at": happened.at}
        case _:
            return {}


def _acknowledged(happened: Happened) -> Columns:
    """Who has it; of what went to a colleague that is told by its place in the log, in ``handing``."""
    return {
        "acknowledged_at": happened.at,
        "acknowledged_by": handing.name_of(happened.kind, happened.content),
    }


def _decided(happened: Happened, parent: Message) -> Columns:
    return {"decided_at": happened.at} if is_final(happened.codes) else _in_hand(happened, parent)


def _in_hand(happened: Happened, parent: Message) -> Columns:
    """A decision that is not final, or a part of an answer, shows who has it, unless somebody said so."""
    shows = parent.acknowledged_at is None and handing.takes(happened.kind, happened.codes)
    return _acknowledged(happened) if shows else {}


def _noticed(happened: Happened, parent: Message) -> Columns:
    """What the gateway says has become of a statement."""
    match happened.codes.get("notice"):
        case Notice.LAPSE:
            return {"lapsed_at": happened.at}
        case Notice.SUSPENDED:
            return {"suspended_at": happened.at}
        case Notice.RESUMED:
            return {"resumed_at": happened.at}
        case Notice.RELEASED if not parent.received and parent.settled_at is None:
            return {"settled_at": happened.at}
        case _:
            return {}


def _given(happened: Happened) -> Columns:
    """From the first answer that settles a line on, its holder is owed the outcome."""
    codes = parse_codes(Kind.ANSWER, happened.codes)
    told = isinstance(codes, AnswerCodes) and rules.settles_a_line(codes)
    return {"given_at": happened.at} if told else {}


def _takes_back(happened: Happened, policy: Policy) -> bool:
    corrected = happened.kind is Kind.CORRECTION and rules.retracts(_correction_kind(happened), policy)
    return corrected or happened.kind is Kind.WITHDRAWAL


def _correction_kind(happened: Happened) -> str | None:
    stated = happened.codes.get("correction_kind")
    return stated if isinstance(stated, str) else None


# -- what changes besides the parent -----------------------------------------------------------------


def _further(connection: Connection, happened: Happened, parent: Message) -> Iterator[Message]:
    match happened.kind:
        case Kind.CHALLENGE:
            matter = matter_of(connection, parent)
            if matter is not None and matter.hash != parent.hash:
                yield from apply_to(connection, matter.hash, {"challenged_at": happened.at})
            yield from _overtaken(connection, happened, matter)
        case Kind.DECISION | Kind.ANSWER | Kind.OUTCOME | Kind.TRANSFER | Kind.CORRECTION:
            matter = matter_of(connection, parent)
            yield from _met(connection, happened, matter)
            if happened.kind is Kind.ANSWER and _is_not_enough(connection, happened):
                yield from _overtaken(connection, happened, matter)
        case Kind.REPLY if parent.kind is Kind.CHALLENGE and explains(connection, parent, happened):
            yield from apply_to(connection, parent.hash, {"answered_at": happened.at})
        case Kind.NOTICE if happened.codes.get("notice") == Notice.RELEASED and not parent.received:
            if parent.verdict in (None, "held"):  # the notice may overtake the receipt
                store.messages.change(connection, parent.hash, **_let_through(parent))
            yield from _approved_with_it(connection, parent, happened.at)
        case _:
            return


def _let_through(message: Message) -> Columns:
    """What stands about something held once a lodgee has agreed: its marks, nothing that it waited for."""
    marks = [one for one in message.violations if one[3] == Severity.FLAG]
    return {
        "verdict": "flagged" if marks else "passed",
        "rules": sorted({rule for rule, *_ in marks}),
        "violations": marks,
    }


def _approved_with_it(connection: Connection, request: Message, at: int) -> Iterator[Message]:
    """The approvals of colleagues that waited for the lodgee with it."""
    for one in store.messages.about(connection, request.hash):
        if one.kind is Kind.APPROVAL and not one.received and one.verdict == "held":
            store.messages.change(connection, one.hash, settled_at=at, **_let_through(one))
            yield from store.messages.by_hash(connection, [one.hash]).values()


def _met(
    connection: Connection, happened: Happened, matter: Message | None, only: StatementHash | None = None
) -> Iterator[Message]:
    """What waits about a matter and a statement meets; or of that ``only`` this."""
    if matter is None:
        return
    for challenge, first in met(connection, happened, matter):
        if only not in (None, challenge.hash):
            continue
        if first.kind is Kind.CLOSURE:
            undecided = {} if is_final(happened.codes) else {"decided_at": None}
            store.messages.change(connection, matter.hash, closed_at=None, **undecided)
        how = "answered_at" if challenge.kind is Kind.CHALLENGE else "closed_at"
        yield from apply_to(connection, challenge.hash, {how: happened.at})


def _is_not_enough(connection: Connection, answer: Happened) -> bool:
    found = store.messages.by_hash(connection, [answer.name]).get(answer.name)
    return found is not None and is_not_enough(found)


def _overtaken(connection: Connection, happened: Happened, matter: Message | None) -> Iterator[Message]:
    """What meets it, or ends its request, was logged after it, and may have come here before it."""
    if matter is None or all(one.hash != happened.name for one in waiting(connection, matter, None)):
        return
    for later in store.messages.thread(connection, matter.txn):
        stands = later.hash != happened.name and (later.received or later.unlocks)
        if stands and (later.logged_at or 0) >= happened.at:
            yield from _met(connection, happenings.happened(later), matter, only=happened.name)
    ends = [at for at in (matter.closed_at, matter.withdrawn_at) if at is not None and at >= happened.at]
    if matter.kind is Kind.REQUEST and ends:
        yield from apply_to(connection, happened.name, {"closed_at": min(ends)})


def _nothing_to_decide(connection: Connection, request: Message, at: int) -> list[Message]:
    """A request that its author ends takes with it what is under challenge about it."""
    found = waiting(connection, request, request.counterparty)
    before = (one for one in found if one.logged_at is not None and one.logged_at <= at)
    return [changed for one in before for changed in apply_to(connection, one.hash, {"closed_at": at})]


def _joined(codes: Mapping[str, Any]) -> list[str]:
    joins = codes.get("joins")
    return [str(one) for one in joins] if isinstance(joins, list) else []
