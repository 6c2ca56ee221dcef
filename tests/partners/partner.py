"""An agency without a node: its own process, its own keys, and the script that partners are given."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from candour_protocol.strict_json import JsonObject

from tests.transport.waiting import until

SCRIPT = Path(__file__).parents[2] / "docs" / "partners" / "agency.py"
PATIENCE = 60.0  # seconds for what takes one on an idle machine


@dataclass(slots=True)
class Partner:
    """One of them; ``folder`` holds its ``partner.json``, and its book beside it."""

    folder: Path
    _listening: subprocess.Popen[bytes] | None = None
    _files: int = 0
    _pipe: tuple[int, ...] = ()

    # -- its commands ---------------------------------------------------------------------------------------

    async def tell(self, body: Any, *more: str) -> str:
        """Tell a concern; its id."""
        return await self._state("tell", body, *more)

    async def ask(self, body: Any) -> str:
        """Ask; the request's id."""
        return await self._state("ask", body)

    async def relay(self, jti: str, body: Any) -> str:
        """Pass on a concern that came; the relay's id."""
        return await self._state("relay", body, before=(jti,))

    async def answer(self, jti: str, body: Any) -> str:
        """Answer a request that came; the answer's id."""
        return await self._state("answer", body, before=(jti,))

    async def say(self, kind: str, jti: str, body: Any) -> str:
        """Anything else about a statement; its id."""
        return await self._state("say", body, before=(kind, jti))

    async def show(self, jti: str) -> dict[str, Any]:
        """A statement as it stands."""
        found: dict[str, Any] = json.loads(await self.command("show", jti))
        return found

    async def has(self, jti: str, column: str = "verdict") -> dict[str, Any]:
        """A statement, once it is in the book and this is known of it."""

        await self.knows(f"SELECT {column} FROM message WHERE jti = ?", jti)  # noqa: S608 - a column of ours
        return await self.show(jti)

    async def knows(self, question: str, *values: str) -> None:
        """Wait until the book has an answer to a question."""

        async def known() -> bool:
            return bool(self.look_up(question, *values))

        await until(known, PATIENCE)

    def look_up(self, question: str, *values: str) -> Any:
        """What the book answers to a question: one value, ``None`` where it has none."""
        with closing(sqlite3.connect(self.folder / "book.db", timeout=PATIENCE)) as book:
            row = book.execute(question, values).fetchone()
        return row[0] if row else None

    async def command(self, *arguments: str) -> str:
        """What a command says; it succeeds."""
        status, out, err = await self.attempt(*arguments)
        assert status == 0, err
        return out

    async def attempt(self, *arguments: str) -> tuple[int, str, str]:
        """A command's exit status, and what it says on both channels."""
        process = await asyncio.create_subprocess_exec(
            *self._invocation(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode is not None
        return process.returncode, out.decode().strip(), err.decode()

    def write(self, body: Any) -> str:
        """A file that a command takes; its path."""
        self._files += 1
        file = self.folder / f"body-{self._files}.json"
        file.write_text(json.dumps(body))
        return str(file)

    async def _state(self, command: str, body: Any, *more: str, before: tuple[str, ...] = ()) -> str:
        return await self.command(command, *before, self.write(body), *more)

    def _invocation(self, *arguments: str) -> list[str]:
        return [sys.executable, str(SCRIPT), "--partner", str(self.folder / "partner.json"), *arguments]

    def take_up(self, inbox: str, jwk: JsonObject) -> None:
        """Another seal key for an inbox; the one before it is kept for what was sealed to it."""
        (self.folder / f"seal-{inbox}-2.jwk").write_text(json.dumps(jwk))
        file = self.folder / "partner.json"
        given = json.loads(file.read_text())
        given["keys"]["seal"][inbox] = [f"seal-{inbox}-2.jwk", f"seal-{inbox}.jwk"]
        file.write_text(json.dumps(given))

    # -- its post -------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Take the post from now on."""
        with self._log.open("ab") as out:
            command = self._invocation("listen")
            self._listening = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: ASYNC220, S603 - ours
        await self.hears("listening")

    async def listen_and_choke(self) -> None:
        """Take the post, and stand still when there is something to say: after its commit, before its ack.

        Nobody reads what it says, and the pipe is full.
        """
        fifo = self.folder / "choked"
        os.mkfifo(fifo)
        reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        filling = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        self._pipe = (reading, filling)
        with fifo.open("wb", buffering=0) as out:
            self._listening = subprocess.Popen(self._invocation("listen"), stdout=out)  # noqa: ASYNC220, S603 - ours

        async def listens() -> bool:
            with suppress(BlockingIOError):
                return os.read(reading, 4096).startswith(b"listening")
            return False

        await until(listens, PATIENCE)
        for size in (4096, 1):
            with suppress(BlockingIOError):
                while True:
                    os.write(filling, bytes(size))

    async def hears(self, text: str) -> str:
        """The line in which the present or an earlier listener says this, once it has."""

        async def said() -> bool:
            assert self._listening is None or self._listening.poll() is None, self._log.read_text()
            return text in self._log.read_text()

        await until(said, PATIENCE)
        return next(line for line in self._log.read_text().splitlines() if text in line)

    def kill(self) -> None:
        """As a power cut would."""
        assert self._listening is not None
        os.kill(self._listening.pid, signal.SIGKILL)
        self._listening.wait(PATIENCE)
        self._listening = None
        for end in self._pipe:
            os.close(end)
        self._pipe = ()

    def end(self) -> None:
        """For good."""
        if self._listening is not None:
            self._listening.terminate()
            self._listening.wait(PATIENCE)
            self._listening = None

    @property
    def _log(self) -> Path:
        return self.folder / "listen.log"
