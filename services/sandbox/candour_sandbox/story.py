"""The story at the start, told through the REST interface like everything else that happens in a partnership.

Each call carries an Idempotency-Key of its own, the same at every start. So a story that was cut off is
played again from its first call: what has been said is answered with what was answered then, and the rest
follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from candour_sandbox import script
from candour_sandbox.desk import Desk, Returned, StuckError
from candour_sandbox.samples import samples
from candour_sandbox.telling import Fix, Telling
from candour_sandbox.words import verdict_of

Keep = Callable[[str, str], None]
"""Keeps a receipt's text under a name."""

CALLS = ("R-04", "C-05", "C-02", "C-03", "C-01", "R-01", "C-10", "R-05", "C-08", "R-02")
PLAYERS = frozenset(
    agency
    for name in CALLS
    for call in [samples().call(name)]
    for agency in (call.sender, *(to.partition("/")[0] for to in call.body["recipients"]))
)
"""The agencies without whose nodes the story cannot be played."""

REACHED = "reached their system"


class Story:
    """One playing. It knows messages by their sample's name; by ``name@agency`` for a further recipient."""

    def __init__(self, desks: Mapping[str, Desk], telling: Telling, keep: Keep, today: date) -> None:
        self._desks = desks
        self._telling = telling
        self._keep = keep
        self._today = today
        self._ids: dict[str, str] = {}

    async def play(self) -> None:
        """Play everything, in order.

        Raises:
            StuckError: something did not happen within the time that it may take.
            ClientError: a node refused a call that it must not refuse.
        """
        await self._baby_in_danger()
        await self._one_home()
        await self._returned()
        await self._done_well()

    async def _baby_in_danger(self) -> None:
        say = self._telling
        say.chapter(1, "A baby is in danger: ask at once, and say why as soon as there is time")
        say.act("R-04", "The ambulance crew asks social care: is this baby known, are there other children?")
        await self._ask("R-04", "concern to follow, within 4 hours")
        say.act("C-05", "With the baby in hospital, the crew tells social care and the police what it saw.")
        await self._tell("C-05", f"{REACHED}, both")
        await self._paid("R-04")
        say.effect("good", "the concern to follow has come; nothing is owed any more")

    async def _one_home(self) -> None:
        say = self._telling
        say.chapter(2, "Three agencies hold a piece each: one home")
        say.act("C-02", "The health visitor tells social care of a baby not brought to two reviews.")
        await self._tell("C-02", REACHED)
        say.act(
            "C-03", "The housing officer tells of a broken door and shouting. Whose child? Unsure will do."
        )
        await self._tell("C-03", REACHED)
        say.act("C-01", "The school tells of a child's bruises, and of the child's own words.")
        await self._tell("C-01", REACHED)
        await self._open("C-01")
        say.act("R-01", "Social care asks the police three things, and passes on the school's own words.")
        await self._ask("R-01", REACHED, "the school's signature went with them")
        say.act(
            "A-01", "The police answer: convictions and calls to the address; bail they withhold for now."
        )
        await self._answer("A-01", "R-01", script.POLICE_ANSWER, "says why, and what would change it")

    async def _returned(self) -> None:
        say = self._telling
        say.chapter(3, "“I may not say why, but send me everything”: returned, with every fix")
        say.act("C-10", "A clinic tells the school that it is worried; the reason is confidential.")
        await self._tell("C-10", REACHED, "opens no door yet")
        say.act("R-05", "The same clinic asks the school for all its notes on the child.")
        await self._ask_in_vain("R-05")

    async def _done_well(self) -> None:
        say = self._telling
        say.chapter(4, "The same surgery, doing it well")
        say.act("C-08", "Its safeguarding lead tells the school what was seen, and when.")
        await self._tell("C-08", REACHED)
        say.act("R-02", "Then two questions, each with its own reason.")
        await self._ask("R-02", REACHED)
        say.act("A-02", "The school answers both.")
        await self._answer("A-02", "R-02", script.SCHOOL_ANSWER)

    async def _tell(self, name: str, *effects: str) -> None:
        sample = samples().call(name)
        desk = self._desks[sample.sender]
        sent = await desk.tell(sample.filled(self._ids, self._today), _key(name))
        await self._reached(name, desk, sent, effects)

    async def _ask(self, name: str, *effects: str) -> None:
        sample = samples().call(name)
        desk = self._desks[sample.sender]
        sent = await desk.ask(sample.filled(self._ids, self._today), _key(name))
        if isinstance(sent, Returned):
            raise StuckError(f"{name} was returned, and should not have been")
        await self._reached(name, desk, sent, effects)

    async def _reached(
        self, name: str, desk: Desk, sent: Mapping[str, str], effects: tuple[str, ...]
    ) -> None:
        """Wait until all messages of a call are in their recipients' worklists, and say what was found."""
        self._remember(name, sent)
        await asyncio.gather(*(self._desks[_agency(to)].arrival(sent_id) for to, sent_id in sent.items()))
        first = next(iter(sent.values()))
        tone, words = verdict_of(await desk.judged(first))
        self._keep(name, await desk.receipt(first))
        self._telling.effect(tone, *words, *effects)

    async def _ask_in_vain(self, name: str) -> None:
        sample = samples().call(name)
        desk = self._desks[sample.sender]
        returned = await desk.ask(sample.filled(self._ids, self._today), _key(name))
        if not isinstance(returned, Returned):
            raise StuckError(f"{name} was let through, and should not have been")
        tone, words = verdict_of(await desk.judged(returned.id))
        self._keep(name, await desk.receipt(returned.id))
        self._telling.effect(tone, *words, "nothing reached the school", "to mend it:")
        self._telling.fixes(_fixes(returned))

    async def _answer(self, name: str, request: str, body: dict[str, Any], *effects: str) -> None:
        sample = samples().call(request)
        holder = self._desks[_agency(sample.body["recipients"][0])]
        answer = await holder.answer(self._ids[request], body, _key(name))
        await self._reached(name, holder, {sample.sender: answer}, (REACHED, *effects))

    async def _open(self, name: str) -> None:
        """A named person at the first recipient has it; the telling gives the role, not the name."""
        sample = samples().call(name)
        reader = self._desks[_agency(sample.body["recipients"][0])]
        opened = script.OPENED_AT_SOCIAL_CARE
        id_ = await reader.acknowledge(self._ids[name], opened, _key(f"{name}-opened"))
        await self._desks[sample.sender].arrival(id_)
        self._telling.effect("good", f"opened by the {opened['role'].lower()}")

    async def _paid(self, name: str) -> None:
        """Wait until the concern that an emergency request owes has settled it."""
        desk = self._desks[samples().call(name).sender]
        await desk.until(self._ids[name], lambda message: not _owes(message))

    def _remember(self, name: str, sent: Mapping[str, str]) -> None:
        for position, (recipient, id_) in enumerate(sent.items()):
            self._ids[f"{name}@{recipient}" if position else name] = id_


def _owes(message: Mapping[str, Any]) -> bool:
    debts = [one for one in message["obligations"] if one["kind"] == "debt"]
    return any(one["settled_at"] is None for one in debts)


def _agency(address: str) -> str:
    return address.partition("/")[0]


def _key(name: str) -> str:
    return f"story-{name.lower()}"


def _fixes(returned: Returned) -> list[Fix]:
    """Each rule with what mends it, in order, however many places broke it."""
    by_rule: dict[str, dict[str, None]] = {}
    titles = {violation["rule"]: violation["title"] for violation in returned.violations}
    for violation in returned.violations:
        by_rule.setdefault(violation["rule"], {})[violation["fix"]] = None
    return [Fix(rule, titles[rule], " ".join(by_rule[rule])) for rule in sorted(by_rule)]
