"""What the log holds for one statement: when it was judged, how, by which policy, and its issuer JWT.

Source: protocol section 6. The leaf is the hash of these exact bytes, so there is one way to write them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from candour_protocol.errors import MalformedError
from candour_protocol.ids import PolicyId, StatementHash, statement_hash

VERDICTS = ("passed", "flagged", "held", "refused")
EQUIVOCATION = "equivocation"
KEY = "key"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_JWT = 4 * 1024
_RULE = r'"[A-Za-z0-9][A-Za-z0-9-]{0,31}"'
_FORM = re.compile(
    r'\{"v":1,"t":(0|[1-9][0-9]{0,15}),"d":"(' + "|".join(VERDICTS) + r')"'
    rf',"r":\[((?:{_RULE}(?:,{_RULE})*)?)\],"p":"([A-Za-z0-9_-]{{43}})"'
    r',"s":"([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)"\}',
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. Build it with ``Entry.at`` or ``parse_entry``; ``to_bytes`` checks its form.

    Attributes:
        t_ms: milliseconds since 1970 at which the gateway judged the statement.
        verdict: one of ``VERDICTS``.
        rules: ids of the rules (or reasons such as ``late``) behind the verdict, without repetition.
        policy: the policy judged by.
        jwt: the issuer JWT, without disclosures.
    """

    t_ms: int
    verdict: str
    rules: tuple[str, ...]
    policy: PolicyId
    jwt: str

    @classmethod
    def at(cls, moment: datetime, verdict: str, rules: tuple[str, ...], policy: PolicyId, jwt: str) -> Entry:
        """An entry for a moment, cut to whole milliseconds."""
        return cls((moment - _EPOCH) // timedelta(milliseconds=1), verdict, rules, policy, jwt)

    @property
    def moment(self) -> datetime:
        """When the gateway judged it, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.t_ms)

    @property
    def statement(self) -> StatementHash:
        """The hash by which other statements name this one."""
        return statement_hash(self.jwt)

    def to_bytes(self) -> bytes:
        """The bytes that the log keeps.

        Raises:
            MalformedError: ``entry``; what cannot be read again is never written.
        """
        raw = self._text().encode("ascii", errors="replace")
        if parse_entry(raw) != self:
            raise MalformedError("entry", "not an entry that the log may hold")
        return raw

    def _text(self) -> str:
        rules = ",".join(f'"{rule}"' for rule in self.rules)
        head = f'{{"v":1,"t":{self.t_ms},"d":"{self.verdict}","r":[{rules}]'
        return f'{head},"p":"{self.policy}","s":"{self.jwt}"}}'


def parse_entry(raw: bytes) -> Entry:
    """Read an entry; only what ``Entry.to_bytes`` writes is accepted.

    Raises:
        MalformedError: ``entry``.
    """
    found = _FORM.fullmatch(raw.decode("ascii", errors="replace"))
    if found is None:
        raise MalformedError("entry", "not in the form of an entry")
    t_ms, verdict, listed, policy, jwt = found.groups()
    rules = tuple(listed[1:-1].split('","')) if listed else ()
    entry = Entry(int(t_ms), verdict, rules, PolicyId(policy), jwt)
    if not _sound(entry):
        raise MalformedError("entry", "not in the form of an entry")
    return entry


def _sound(entry: Entry) -> bool:
    """What the pattern cannot say: nothing is repeated, and nothing is longer than a statement may be."""
    return len(entry.jwt) <= _MAX_JWT and len(set(entry.rules)) == len(entry.rules) and entry.t_ms < 1 << 53
