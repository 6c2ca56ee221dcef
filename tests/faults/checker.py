"""The accounting: what the driver's ledger says happened, against what the partnership's books say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from candour_protocol.errors import CandourError
from candour_protocol.note import Verifier

from tests.faults.books import Books, Logged, root_of
from tests.faults.ledger import Accepted, Attempted, Line, Seen, Shown

_OWN = frozenset({"delivery", "notice", "registry"})  # what machines say by themselves


@dataclass(slots=True)
class Account:
    """Ids (or keys) for which a promise was not kept, by promise; all empty is what is wanted.

    Attributes:
        unanswered: calls that were never answered.
        contradicted: keys whose repetition was answered otherwise.
        lost: accepted and due to pass, and not in the recipient's worklist.
        doubled: in a worklist twice, in the log twice, or confirmed by two deliveries.
        leaked: in a worklist of somebody else, or returned and there all the same.
        unexpected: in a worklist or the log, and nobody said it.
        unlogged: accepted or seen, without an entry.
        misjudged: another verdict than the rules'.
        unconfirmed: passed, without the recipient's signed delivery.
        unproven: its sender holds no receipt for just these bytes.
        forked: checkpoints that do not fit the log as it is.
        rejudged: entries that a replay judges otherwise.
        calls: how many calls were answered.
    """

    unanswered: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    unlogged: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    forked: list[str] = field(default_factory=list)
    rejudged: list[str] = field(default_factory=list)
    calls: int = 0

    @property
    def faults(self) -> dict[str, list[str]]:
        """What is not zero."""
        every = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "calls"}
        return {name: found for name, found in every.items() if found}

    def __str__(self) -> str:
        lines = [f"{self.calls} calls answered"]
        lines += [
            f"{each.name}: {len(getattr(self, each.name))}" for each in fields(self) if each.name != "calls"
        ]
        return "; ".join(lines)


def account(lines: Sequence[Line], books: Books, verifier: Verifier) -> Account:
    """Compare; reads nothing but its arguments."""
    accepted = [each for each in lines if isinstance(each, Accepted)]
    result = Account(calls=len({each.key for each in accepted}))
    _answers(result, lines, accepted)
    said = _under_last_name({each.message: each for each in accepted}, books)
    entries = _by_jti(books.log)
    for message, line in said.items():
        _statement(result, message, line, entries.get(message, []), books)
    _worklists(result, said, entries, books)
    _seen(result, lines, books)
    _log(result, said, books.log)
    _checkpoints(result, lines, books, verifier)
    result.rejudged += ["replay"] * books.differences
    return result


def _answers(result: Account, lines: Iterable[Line], accepted: Iterable[Accepted]) -> None:
    attempted = {each.key for each in lines if isinstance(each, Attempted)}
    result.unanswered += sorted(attempted - {each.key for each in accepted})
    names: dict[tuple[str, str, str], set[str]] = {}
    for each in accepted:
        names.setdefault((each.key, each.kind, each.recipient), set()).add(each.message)
    result.contradicted += [key for (key, _, _), found in names.items() if len(found) > 1]


def _under_last_name(said: dict[str, Accepted], books: Books) -> dict[str, Accepted]:
    """What a node said again by itself, under the id that counts."""
    found = {}
    for message, line in said.items():
        last = message
        while last in books.reissued:
            last = books.reissued[last]
        found[last] = line
    return found


def _by_jti(log: Iterable[Logged]) -> dict[str, list[Logged]]:
    found: dict[str, list[Logged]] = {}
    for entry in log:
        found.setdefault(entry.jti, []).append(entry)
    return found


def _statement(
    result: Account, message: str, line: Accepted, entries: Sequence[Logged], books: Books
) -> None:
    if not entries:
        result.unlogged.append(message)
        return
    if len(entries) > 1:
        result.doubled.append(message)
    entry = entries[0]
    if entry.passed is not line.expected or (entry.sender, entry.recipient) != (line.sender, line.recipient):
        result.misjudged.append(message)
    if line.sender in books.inboxes and books.proven.get(message) not in (entry.hash, None):
        result.unproven.append(message)
    if (
        line.sender in books.inboxes
        and message not in books.proven
        and message not in books.reissued.values()
    ):
        result.unproven.append(message)
    if line.expected and books.inboxes.get(line.recipient, Counter()).get(message, 0) == 0:
        result.lost.append(message)


def _worklists(
    result: Account, said: dict[str, Accepted], entries: dict[str, list[Logged]], books: Books
) -> None:
    for agency, found in books.inboxes.items():
        for message, count in found.items():
            if count > 1:
                result.doubled.append(message)
            if message not in entries:
                result.unlogged.append(message)
            elif entries[message][0].kind in _OWN:
                continue
            elif message not in said:
                result.unexpected.append(message)
            elif agency != said[message].recipient or not said[message].expected:
                result.leaked.append(message)


def _seen(result: Account, lines: Iterable[Line], books: Books) -> None:
    """What stood in a worklist once goes on standing there, once."""
    seen = Counter((each.agency, each.message) for each in lines if isinstance(each, Seen))
    for (agency, message), count in seen.items():
        if count > 1:
            result.doubled.append(message)
        if not books.inboxes.get(agency, Counter()).get(message, 0):
            result.lost.append(message)


def _log(result: Account, said: dict[str, Accepted], log: Sequence[Logged]) -> None:
    deliveries = Counter(entry.irt for entry in log if entry.kind == "delivery" and entry.passed)
    for entry in log:
        if entry.kind in _OWN:
            continue
        if entry.jti not in said and entry.passed:
            result.unexpected.append(entry.jti)
        if entry.passed and deliveries[entry.hash] == 0:
            result.unconfirmed.append(entry.jti)
        if deliveries[entry.hash] > 1:
            result.doubled.append(entry.jti)


def _checkpoints(result: Account, lines: Iterable[Line], books: Books, verifier: Verifier) -> None:
    for text in sorted({each.checkpoint for each in lines if isinstance(each, Shown)}):
        try:
            size, root = root_of(text, verifier)
        except CandourError:
            result.forked.append(text)
            continue
        if size >= len(books.roots) or books.roots[size] != root:
            result.forked.append(text)
