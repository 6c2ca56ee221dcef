"""The statements, audited: form, time, the chain of keys, signatures, and that nothing stands there twice.

Source: protocol sections 2, 3 and 6. Verdicts are not judged again: that needs the codes, which are no part
of the log.
"""

from __future__ import annotations

from collections import Counter

from candour_protocol import statement as statements
from candour_protocol.audit.finding import AuditError, StatementsReport
from candour_protocol.audit.source import Seen
from candour_protocol.entry import EQUIVOCATION, Entry, parse_entry
from candour_protocol.errors import CandourError, MalformedError
from candour_protocol.keys import VerifyKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.registry import Registry
from candour_protocol.statement import Statement

_REFUSED = "refused"
_ADMITTED = frozenset({"passed", "flagged"})


class StatementAudit:
    """Takes in a log's entries one by one, from entry 0, and says of each what is wrong with it."""

    def __init__(self, registrar: VerifyKey | None, seen: Seen) -> None:
        self._registrar = registrar
        self._registry: Registry | None = None
        self._seen = seen
        self._first: Entry | None = None
        self._last: Entry | None = None
        self._verdicts: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()

    def check(self, index: int, raw: bytes) -> None:
        """Check the next entry.

        Raises:
            AuditError: with its index, and why.
        """
        try:
            self._check(index, raw)
        except AuditError:
            raise
        except CandourError as error:
            raise AuditError(error.detail, entries=range(index, index + 1)) from None

    def report(self) -> StatementsReport | None:
        """What was found; None for an empty log."""
        if self._first is None or self._last is None:
            return None
        return StatementsReport(
            authenticated=self._registrar is not None,
            verdicts=dict(self._verdicts),
            kinds=dict(self._kinds),
            agencies=len(self._registry.agencies) if self._registry else 0,
            first=self._first.moment,
            last=self._last.moment,
        )

    def _check(self, index: int, raw: bytes) -> None:
        entry = parse_entry(raw)
        if self._last is not None and entry.t_ms < self._last.t_ms:
            raise _fault(index, "its time is before that of the entry before it")
        statement = statements.parse(entry.jwt)
        if self._registrar is not None:
            self._authenticate(index, entry, statement, self._registrar)
        self._check_repetition(index, entry, statement)
        self._first = self._first or entry
        self._last = entry
        self._verdicts[entry.verdict] += 1
        self._kinds[statement.claims.kind.value] += 1

    def _authenticate(self, index: int, entry: Entry, statement: Statement, registrar: VerifyKey) -> None:
        if self._registry is None:
            self._registry = Registry(registrar, statement.claims.net)
        if index == 0 or (statement.claims.kind is Kind.REGISTRY and entry.verdict in _ADMITTED):
            self._registry.apply(statement, index, entry.moment)
            return
        _check_signature(self._registry, index, entry, statement)

    def _check_repetition(self, index: int, entry: Entry, statement: Statement) -> None:
        """One entry for each statement; another one under the same id is there only as an equivocation."""
        met = self._seen(statement.claims.jti, statement.hash, index)
        refused_as_other = entry.verdict == _REFUSED and EQUIVOCATION in entry.rules
        if met is None:
            if refused_as_other:
                raise _fault(index, "it was refused as another text under a used id, but the id is new")
            return
        first, repeated = met
        if repeated:
            raise _fault(
                index, f"its statement is in the log already; the id was first used in entry {first}"
            )
        if not refused_as_other:
            raise _fault(index, f"its id was used before, in entry {first}, and it was not refused for that")


def _check_signature(registry: Registry, index: int, entry: Entry, statement: Statement) -> None:
    """The issuer's own key made it; and was valid then, or the statement was refused for its key."""
    key = registry.issuer_key(statement.claims.iss, statement.kid)
    if key is None:
        raise _fault(index, "it is signed with a key that was not registered for its issuer")
    statements.authenticate(statement, key.verify_key)
    if entry.verdict == _REFUSED:
        return
    if not registry.valid_at(key, index):
        raise _fault(index, "its issuer's key was retired or revoked before it, and it was not refused")
    if statement.claims.net != registry.net:
        raise _fault(index, "it belongs to another partnership, and it was not refused")


def _fault(index: int, why: str) -> AuditError:
    return AuditError(why, entries=range(index, index + 1))


def looks_like_ours(raw: bytes) -> bool:
    """Whether an entry has the form of this protocol's."""
    try:
        parse_entry(raw)
    except MalformedError:
        return False
    return True
