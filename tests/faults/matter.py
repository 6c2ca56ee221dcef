"""A matter: who is in it, about which child, and the calls that are made in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from tests.faults.caller import Caller, Sent
from tests.faults.ledger import Ended, Fate, Foreseen

GATEWAY = "gateway"


@dataclass(slots=True)
class Matter:
    """One story's parties, and keys that no other call has.

    Attributes:
        sender: who is worried.
        holder: who is told, and asked.
        third: who hears of it from the holder.
        awaits: what was accepted last, and has to arrive.
    """

    callers: Mapping[str, Caller]
    name: str
    number: int
    sender: str
    holder: str
    third: str
    calls: int = 0
    awaits: str = ""

    @property
    def child(self) -> dict[str, str]:
        """One child a matter: many questions about the same one would be fishing, and wait (R06)."""
        return {"name": "Ari Example", "birth_date": "2017-05-02", "nhs_number": _nhs_number(self.number)}

    async def say(
        self,
        agency: str,
        path: str,
        body: Mapping[str, Any],
        *,
        fate: Fate = Fate.PASSES,
        method: str = "POST",
    ) -> Sent:
        """A call, and its last message, once all that passes stands in its recipient's worklist."""
        return (await self.say_all(agency, path, body, fate=fate, method=method))[-1]

    async def say_all(
        self,
        agency: str,
        path: str,
        body: Mapping[str, Any],
        *,
        fate: Fate = Fate.PASSES,
        method: str = "POST",
    ) -> list[Sent]:
        """A call, and all its messages, as ``say``."""
        self.calls += 1
        key = f"{self.name}-{self.calls}"
        sent = await self.callers[agency].say(path, body, key, fate=fate, method=method)
        for one in sent if fate is Fate.PASSES else sent[:-1]:
            await self.arrived(one)
        return sent

    async def arrived(self, sent: Sent) -> None:
        """Until it stands in its recipient's worklist."""
        self.awaits = f"{sent.kind} {sent.id} at {sent.recipient}"
        await self.callers[sent.recipient].came(sent.id)
        self.awaits = ""

    async def acknowledge(self, agency: str, message: str, *questions: str) -> Sent:
        """A named person has it."""
        who = {"name": "B. Brook", "role": "Social worker", "staff_id": "brook", "questions": list(questions)}
        return await self.say(agency, f"/v1/inbox/{message}/acknowledgement", who, method="PUT")

    # -- what must come of it ------------------------------------------------------------------------

    def notices(self, notice: str, about: Sent, *agencies: str) -> None:
        """The gateway must tell each of them of this message, once."""
        for agency in agencies:
            self._note(Foreseen("notice", GATEWAY, agency, about.id, notice))

    async def chased(self, kind: str, copy: Sent) -> str:
        """The holder's node must say the same of a copy that was passed on; the id of what it says."""
        self._note(Foreseen(kind, self.holder, copy.recipient, copy.id))
        return await self.callers[copy.recipient].found(copy.thread, kind, self.holder)

    def ends(self, sent: Sent, state: str, settled: str = "") -> None:
        """Both sides must show it so in the end."""
        self._note(Ended(sent.id, state, settled))

    def _note(self, line: Foreseen | Ended) -> None:
        self.callers[self.sender].note(line)


def _nhs_number(number: int) -> str:
    """The so-manieth valid one of the range that is kept for tests, 999 000 0000 and up."""
    valid = (each for each in map(_with_check_digit, count(1)) if each is not None)
    return next(islice(valid, number, None))


def _with_check_digit(middle: int) -> str | None:
    """Modulus 11; every eleventh number has no check digit."""
    digits = f"999{middle:06}"
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
    return None if rest == 10 else f"{digits}{rest % 11}"
