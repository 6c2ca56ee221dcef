"""A PostgreSQL of one's own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from tests.services.packages import postgresql_programs
from tests.services.ports import free_port

PATIENCE = 60  # seconds
NAME = "candour"


class Database:
    """One PostgreSQL cluster in a private folder, with one empty database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.password = secrets.token_urlsafe(18)

    @property
    def url(self) -> str:
        """For SQLAlchemy with asyncpg."""
        return f"postgresql+asyncpg://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.folder / "data"

    def start(self) -> None:
        """Make the cluster where there is none; return when it answers."""
        fresh = not (self.data / "PG_VERSION").exists()
        if fresh:
            self._make()
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        run("pg_ctl", "start", "-w", "-t", str(PATIENCE), *self._where(), "-o", options)
        if fresh:
            self._create()

    def stop(self) -> None:
        """End it without waiting for anybody."""
        stop(self.folder)

    def said(self, words: str) -> bool:
        """Whether its log has these words."""
        return words in (self.folder / "log").read_text(errors="replace")

    def _where(self) -> list[str]:
        return ["-D", str(self.data), "-l", str(self.folder / "log")]

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for place in (self.folder, secret):
                shutil.chown(place, "postgres", "postgres")
        run(
            "initdb", "-D", str(self.data), "-U", NAME, "--pwfile", str(secret),
            "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
        )  # fmt: skip
        secret.unlink()

    def _create(self) -> None:
        # `createdb` asks the server over its socket as the cluster's own user
        environment = {"PGPASSWORD": self.password}
        place = ["-h", str(self.folder), "-p", str(self.port), "-U", NAME]
        run("psql", *place, "-d", "postgres", "-qc", f"CREATE DATABASE {NAME}", environment=environment)


def stop(folder: Path) -> None:
    """End the cluster of this folder, whoever started it."""
    if (folder / "data" / "postmaster.pid").exists():
        run("pg_ctl", "stop", "-D", str(folder / "data"), "-m", "immediate", "-w", "-t", str(PATIENCE))


def pid(folder: Path) -> int:
    """The process of this folder's cluster; 0 where it was ended in good order."""
    try:
        return int((folder / "data" / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError:
        return 0


def run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run one of PostgreSQL's programs; they refuse root, so as root it is the package's own user.

    Raises:
        RuntimeError: with what it said.
    """
    command = [str(postgresql_programs() / program), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    done = subprocess.run(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        cwd="/",
        check=False,
        timeout=PATIENCE + 10,
    )
    if done.returncode:
        said = (done.stderr + done.stdout).decode(errors="replace")[-1000:]
        raise RuntimeError(f"{program} failed: {said}")
