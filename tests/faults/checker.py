"""The accounting: what the driver's ledger says happened, against what the partnership's books say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from candour_protocol.errors import CandourError
from candour_protocol.note import Verifier

from tests.faults.books import OWN, Books, Logged, root_of
from tests.faults.ledger import Accepted, Attempted, Ended, Fate, Foreseen, Line, Seen, Shown

_NOTICE = "notice"
_UNCONFIRMED = frozenset({"delivery", "registry", "approval"})  # an approval comes with what it approves
# A notice of closing is due only where the check's own closure, of the same call, comes after the matter's.
_BY_THE_CLOCK = frozenset(
    {"clock", "escalation", "closed"}
)  # a trial that is slow meets them; nobody foresees when


@dataclass(slots=True)
class Account:
    """Ids (or keys) for which a promise was not kept, by promise; all empty is what is wanted.

    Attributes:
        unanswered: calls that were never answered.
        contradicted: keys whose repetition was answered otherwise.
        lost: accepted and due to pass, and not in the recipient's worklist.
        doubled: in a worklist twice, in the log twice, or confirmed by two deliveries.
        leaked: in a worklist of somebody else, or returned and there all the same.
        unexpected: in a worklist or the log, and nobody said it; a notice that nothing gave cause for.
        unsaid: a notice, or a correction of a copy, that a machine had to send and did not.
        misstated: either party's node shows another state than the steps lead to, or what was done as owed.
        unlogged: accepted or seen, without an entry.
        misjudged: another verdict than the rules'.
        unconfirmed: passed, without the recipient's signed delivery.
        unproven: its sender holds no receipt for just these bytes.
        forked: checkpoints that do not fit the log as it is.
        rejudged: verdicts and obligations that come out otherwise when the log is judged again.
        calls: how many calls were answered.
        kinds: what they said.
    """

    unanswered: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    misstated: list[str] = field(default_factory=list)
    unlogged: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    forked: list[str] = field(default_factory=list)
    rejudged: list[str] = field(default_factory=list)
    calls: int = 0
    kinds: frozenset[str] = frozenset()

    @property
    def faults(self) -> dict[str, list[str]]:
        """What is not zero."""
        return {name: found for name, found in self._promises().items() if found}

    def _promises(self) -> dict[str, list[str]]:
        every = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: found for name, found in every.items() if isinstance(found, list)}

    def __str__(self) -> str:
        counts = [f"{name}: {len(found)}" for name, found in self._promises().items()]
        return "; ".join([f"{self.calls} calls answered, of {len(self.kinds)} kinds", *counts])


def account(lines: Sequence[Line], books: Books, verifier: Verifier) -> Account:
    """Compare; reads nothing but its arguments."""
    accepted = [each for each in lines if isinstance(each, Accepted)]
    result = Account(
        calls=len({each.key for each in accepted}), kinds=frozenset(each.kind for each in accepted)
    )
    _answers(result, lines, accepted)
    said = _under_last_name({each.message: each for each in accepted}, books)
    entries = _by_jti(books.log)
    _by_machines(result, lines, said, entries, books)
    _endings(result, lines, {each.message: each for each in accepted}, books)
    for message, line in said.items():
        _statement(result, message, line, entries.get(message, []), books)
    _worklists(result, said, entries, books)
    _seen(result, lines, books)
    _log(result, said, books.log)
    _checkpoints(result, lines, books, verifier)
    result.rejudged += books.differences
    return result


def _answers(result: Account, lines: Iterable[Line], accepted: Iterable[Accepted]) -> None:
    attempted = {each.key for each in lines if isinstance(each, Attempted)}
    result.unanswered += sorted(attempted - {each.key for each in accepted})
    names: dict[tuple[str, int], set[str]] = {}
    for each in accepted:
        names.setdefault((each.key, each.place), set()).add(each.message)
    result.contradicted += [key for (key, _), found in names.items() if len(found) > 1]


def _last_name(message: str, books: Books) -> str:
    while message in books.reissued:
        message = books.reissued[message]
    return message


def _under_last_name(said: dict[str, Accepted], books: Books) -> dict[str, Accepted]:
    """What a node said again by itself, under the id that counts."""
    return {_last_name(message, books): line for message, line in said.items()}


def _by_jti(log: Iterable[Logged]) -> dict[str, list[Logged]]:
    found: dict[str, list[Logged]] = {}
    for entry in log:
        found.setdefault(entry.jti, []).append(entry)
    return found


def _by_machines(
    result: Account,
    lines: Iterable[Line],
    said: dict[str, Accepted],
    entries: dict[str, list[Logged]],
    books: Books,
) -> None:
    """What was foreseen counts as said by its machine from here on; any other notice has no cause."""
    noticed = Counter(_noticed(entry, books) for entry in books.log if entry.kind == _NOTICE)
    foreseen = Counter(each for each in lines if isinstance(each, Foreseen))
    for each, times in foreseen.items():
        name = _last_name(each.about, books)
        about = entries[name][0].hash if name in entries else name
        found = [one for one in books.log if _is(one, each, about, books)]
        result.unsaid += [each.about] * (times - len(found))
        result.doubled += [one.jti for one in found[times:]]
        noticed.subtract(_noticed(one, books) for one in found if one.kind == _NOTICE)
        for one in found:
            said[one.jti] = Accepted("", one.jti, one.kind, one.sender, one.recipient, Fate.PASSES)
    result.unexpected += [f"{code} to {to}" for (code, to, _) in +noticed if code not in _BY_THE_CLOCK]


def _noticed(entry: Logged, books: Books) -> tuple[str, str, str | None]:
    return books.notices.get(entry.jti, "none"), entry.recipient, entry.irt


def _is(entry: Logged, foreseen: Foreseen, about: str, books: Books) -> bool:
    told = (foreseen.kind, foreseen.sender, foreseen.recipient, about)
    code = books.notices.get(entry.jti, "")
    return (entry.kind, entry.sender, entry.recipient, entry.irt) == told and code == foreseen.notice


def _endings(result: Account, lines: Iterable[Line], said: dict[str, Accepted], books: Books) -> None:
    """Both parties show the same, and it is what the steps lead to."""
    for each in lines:
        if not isinstance(each, Ended):
            continue
        line, name = said[each.message], _last_name(each.message, books)
        for party, message in ((line.sender, each.message), (line.recipient, name)):
            stands = books.standings.get((party, message))
            if stands is None or stands.state != each.state or each.settled in stands.open:
                result.misstated.append(each.message)


def _statement(
    result: Account, message: str, line: Accepted, entries: Sequence[Logged], books: Books
) -> None:
    if not entries:
        result.unlogged.append(message)
        return
    if len(entries) > 1:
        result.doubled.append(message)
    entry = entries[0]
    parties = (entry.sender, entry.recipient)
    if entry.verdict not in line.fate.verdicts or parties != (line.sender, line.recipient):
        result.misjudged.append(message)
    if line.sender in books.inboxes and books.proven.get(message) not in (entry.hash, None):
        result.unproven.append(message)
    if (
        line.sender in books.inboxes
        and message not in books.proven
        and message not in books.reissued.values()
    ):
        result.unproven.append(message)
    if line.fate.arrives and books.inboxes.get(line.recipient, Counter()).get(message, 0) == 0:
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
            elif entries[message][0].kind in OWN:
                result.leaked += [message] * (agency != entries[message][0].recipient)
            elif message not in said:
                result.unexpected.append(message)
            elif agency != said[message].recipient or not said[message].fate.arrives:
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
        if entry.kind in _UNCONFIRMED:
            continue
        if entry.jti not in said and entry.passed and entry.kind not in OWN:
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
