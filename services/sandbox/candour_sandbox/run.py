"""One run of the sandbox, from its first line to the moment when somebody stops it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from candour_protocol.audit import AuditFailure
from candour_protocol.client import Calls
from rich.console import Console

from candour_sandbox import bootstrap, durable, lock, logs, manifest, pace, proof
from candour_sandbox.desk import Desk, StuckError
from candour_sandbox.estate import Estate
from candour_sandbox.manifest import Doors
from candour_sandbox.partnership import Partnership, Places, utc_now
from candour_sandbox.story import Story
from candour_sandbox.telling import Telling


class Run:
    """``data`` is the folder, ``story`` whether the story is to be played if it has not been."""

    def __init__(self, data: Path, base_port: int, story: bool) -> None:
        self._estate = Estate(data)
        self._base_port = base_port
        self._story = story

    async def until(self, asked_to_stop: asyncio.Event, console: Console) -> None:
        """Start, tell, and serve until asked to stop.

        Raises:
            BusyError: another sandbox runs on the folder.
            PortTakenError: a port is taken.
            StuckError, ClientError: the story did not go as it must.
        """
        pace.change_threads_quickly()
        with lock.hold(self._estate.lock):
            logs.to_file(self._estate.log)
            manifest.remove(self._estate)
            places = Places.reserve(self._base_port)
            bootstrap.found(self._estate, utc_now())
            partnership = Partnership(self._estate, places, utc_now)
            async with AsyncExitStack() as stack:
                stack.push_async_callback(partnership.close)
                await self._begin(partnership, Telling(console), asked_to_stop)
                await asked_to_stop.wait()
                manifest.remove(self._estate)

    async def _begin(self, partnership: Partnership, say: Telling, asked_to_stop: asyncio.Event) -> None:
        """Start all and play what is left to play; gives way as soon as somebody asks to stop."""
        beginning = asyncio.create_task(self._play(partnership, say))
        stopping = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait((beginning, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not beginning.done():
            beginning.cancel()
            await asyncio.wait((beginning,))
            return
        await beginning

    async def _play(self, partnership: Partnership, say: Telling) -> None:
        told = self._estate.story.exists()
        if self._story and not told:
            say.opening()
        doors = await partnership.start()
        if self._story and not told:
            await self._tell(doors, say)
            durable.write(self._estate.story, json.dumps({"told": utc_now().isoformat()}) + "\n")
        durable.write(self._estate.audit_token, doors.gateway_token + "\n", mode=0o600)
        pace.keep_what_is_there()
        manifest.write(self._estate, doors)
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
        candour = _shown(Path(sys.executable).with_name("candour"))
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

    def _around(self, doors: Doors, say: Telling, told: bool) -> None:
        say.gap()
        if told:
            say.note("Candour goes on where it was; the story has been told, and is in the log.")
        example = next(iter(doors.agencies.values()))
        say.commands(
            (
                ("Health page:", [doors.dashboard]),
                ("Interfaces:", [f"{doors.gateway}/openapi.json", f"{example.url}/openapi.json"]),
                ("Addresses and tokens of all eleven agencies:", [_shown(self._estate.manifest)]),
            )
        )
        say.note("Stop with Ctrl+C. The next start goes on from here.")
        say.gap()


def _shown(path: Path) -> str:
    """A path as somebody in this folder would type it."""
    whole = path.absolute()
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)
