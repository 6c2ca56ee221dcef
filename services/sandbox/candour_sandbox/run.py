"""One run of the sandbox, from its first line to the moment when somebody stops it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from candour_protocol import garbage
from candour_protocol.audit import AuditFailure
from candour_protocol.client import Calls
from rich.console import Console

from candour_sandbox import bootstrap, cast, durable, lock, logs, manifest, pace, partner, proof
from candour_sandbox.desk import Desk, StuckError
from candour_sandbox.doors import Doors
from candour_sandbox.engine import Engine
from candour_sandbox.estate import Estate
from candour_sandbox.listeners import release
from candour_sandbox.partnership import Partnership, utc_now
from candour_sandbox.places import Places
from candour_sandbox.premises import Premises, provide
from candour_sandbox.processes import Processes
from candour_sandbox.story import PLAYERS, Story
from candour_sandbox.telling import Telling
from candour_sandbox.wiring import Wiring


class Run:
    """``data`` is the folder, ``story`` whether the story is to be played if it has not been.

    ``charter`` is what the first start settles.
    """

    def __init__(
        self, data: Path, base_port: int, story: bool, engine: Engine, charter: bootstrap.Charter
    ) -> None:
        self._charter = charter
        self._estate = Estate(data)
        self._base_port = base_port
        self._story = story and engine.partner not in PLAYERS
        self._engine = engine
        self._doors: Doors | None = None

    async def until(self, asked_to_stop: asyncio.Event, console: Console) -> None:
        """Start, tell, and serve until asked to stop.

        Raises:
            BusyError: another sandbox runs on the folder.
            EngineError: what was asked for cannot be had.
            CharterError: it was founded otherwise.
            PortTakenError: a port is taken.
            StuckError, ClientError: the story did not go as it must.
        """
        pace.change_threads_quickly()
        with lock.hold(self._estate.lock) as descriptor:
            logs.to_file(self._estate.log)
            manifest.remove(self._estate)
            places = Places.reserve(self._base_port, self._engine.nodes)
            try:
                await self._until(asked_to_stop, Telling(console), places, descriptor)
            finally:
                release(places.every)

    async def _until(
        self, asked_to_stop: asyncio.Event, say: Telling, places: Places, descriptor: int
    ) -> None:
        bootstrap.found(self._estate, utc_now(), self._charter)
        premises = await provide(self._engine, self._estate)
        self._invite_partner(premises, places)
        services = self._services(Wiring(self._estate, places, premises), places, descriptor)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(services.close)
            await self._begin(services, say, asked_to_stop)
            await asked_to_stop.wait()
            self._doors = None
            manifest.remove(self._estate)

    def _services(self, wiring: Wiring, places: Places, descriptor: int) -> Partnership | Processes:
        if not self._engine.processes:
            alone = self._engine.amqp is not None
            return Partnership(self._estate, places, wiring, utc_now, alone=alone)
        return Processes(self._engine, self._estate, places, wiring, utc_now, descriptor, self._note_pids)

    def _note_pids(self, pids: Mapping[str, int]) -> None:
        """Keep the manifest current while there is one."""
        if self._doors is not None:
            manifest.write(self._estate, self._doors, pids)

    def _invite_partner(self, premises: Premises, places: Places) -> None:
        agency = self._engine.partner
        if agency is None:
            partner.remove(self._estate)
        else:
            partner.write(self._estate, agency, premises.couriers[agency], places.gateway.url)

    async def _begin(
        self, services: Partnership | Processes, say: Telling, asked_to_stop: asyncio.Event
    ) -> None:
        """Start all and play what is left to play; gives way as soon as somebody asks to stop."""
        beginning = asyncio.create_task(self._play(services, say))
        stopping = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait((beginning, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not beginning.done():
            beginning.cancel()
            await asyncio.wait((beginning,))
            return
        await beginning

    async def _play(self, services: Partnership | Processes, say: Telling) -> None:
        told = self._estate.story.exists()
        if self._story and not told:
            say.opening()
        doors = await services.start()
        if self._story and not told:
            await self._tell(doors, say)
            durable.write(self._estate.story, json.dumps({"told": utc_now().isoformat()}) + "\n")
        durable.write(self._estate.audit_token, doors.gateway_token + "\n", mode=0o600)
        garbage.collect_seldom(garbage.BATCHES)
        self._doors = doors
        manifest.write(self._estate, doors, services.pids)
        self._around(doors, say, told)

    async def _tell(self, doors: Doors, say: Telling) -> None:
        receipts = proof.Receipts(self._estate.receipts, self._estate.log_verifier())
        async with httpx.AsyncClient(trust_env=False) as http:
            desks = {
                agency: Desk(agency, Calls(door.url, http), door.token)
                for agency, door in doors.agencies.items()
            }
            await Story(desks, say, receipts.keep, utc_now().date()).play()
        await self._prove(doors, say)

    async def _prove(self, doors: Doors, say: Telling) -> None:
        found = await proof.audit(
            f"{doors.gateway}/log",
            doors.gateway_token,
            self._estate.log_verifier(),
            self._estate.registrar_key(),
        )
        if isinstance(found, AuditFailure):
            raise StuckError(f"the log does not verify: {found.what}: {found.why}")
        agencies = found.statements.agencies if found.statements else 0
        say.proof(found.checkpoint.size, agencies)
        say.commands(self._proofs(doors))

    def _proofs(self, doors: Doors) -> Sequence[tuple[str, Sequence[str]]]:
        made = _shown(self._estate.made)
        keys = f"--vkey {made}/log.vkey --registrar {made}/registrar.public.jwk"
        token = f'--token "$(cat {_shown(self._estate.audit_token)})"'
        candour = _candour()
        receipts = _shown(self._estate.receipts)
        return (
            ("Check it yourself:", [f"{candour} verify log {doors.gateway}/log {keys} {token}"]),
            (
                "Each receipt verifies alone:",
                [
                    f"{receipts}/{{R-04,C-05,C-02,C-03,C-01,R-01,A-01,C-10,R-05,C-08,R-02,A-02}}{proof.SUFFIX}",
                    f"{candour} verify receipt {receipts}/R-05{proof.SUFFIX} {keys}",
                ],
            ),
        )

    def _about_partner(self, agency: str, say: Telling, told: bool) -> None:
        name = cast.PARTS[agency].name
        if agency in PLAYERS and not told:
            say.note(f"The story is not played: {name} takes part in it, and has no node here.")
        say.commands(
            [
                (f"{name} at RabbitMQ, with user and password:", [partner.courier(self._estate)]),
                ("All that it needs besides, with its keys:", [_shown(self._estate.partner)]),
            ]
        )

    def _around(self, doors: Doors, say: Telling, told: bool) -> None:
        say.gap()
        if told:
            say.note("Candour goes on where it was; the story has been told, and is in the log.")
        if self._engine.partner is not None:
            self._about_partner(self._engine.partner, say, told)
        example = next(iter(doors.agencies.values()))
        say.commands(
            (
                ("Health page:", [doors.dashboard]),
                ("Interfaces:", [f"{doors.gateway}/openapi.json", f"{example.url}/openapi.json"]),
                ("Addresses and tokens of all agencies:", [_shown(self._estate.manifest)]),
                (
                    "Practise, in another window:",
                    [f"{_candour()} practice --sandbox {_shown(self._estate.root)}"],
                ),
            )
        )
        say.note("Stop with Ctrl+C. The next start goes on from here.")
        say.gap()


def _candour() -> str:
    return _shown(Path(sys.executable).with_name("candour"))


def _shown(path: Path) -> str:
    """A path as somebody in this folder would type it."""
    whole = path.absolute()
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)
