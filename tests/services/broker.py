"""A RabbitMQ of one's own: start, stop, kill, freeze, thaw, and start again on the same data."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services.packages import rabbitmq_scripts
from tests.services.ports import MANAGEMENT, free_port, free_ports

OPERATOR = "operator"
PATIENCE = 90  # seconds; it takes 6 to 10 on an idle machine


@dataclass(frozen=True, slots=True)
class Secured:
    """TLS for the listener: files in PEM."""

    authority: Path
    certificate: Path
    key: Path


class Broker:
    """One RabbitMQ node in a private folder, with its own name, ports, home, cookie and port mapper."""

    def __init__(self, folder: Path, *, secured: Secured | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.tls_port, self._distribution_port, self._epmd_port = free_ports(3)
        self.password = secrets.token_urlsafe(18)
        self._secured = secured
        self._epmd: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._write_files()

    @property
    def url(self) -> str:
        """The operator's connection to the default vhost ``candour``."""
        return f"amqp://{OPERATOR}:{self.password}@127.0.0.1:{self.port}/candour"

    @property
    def management(self) -> str:
        """The management API."""
        return f"http://127.0.0.1:{self.port + MANAGEMENT}"

    @property
    def pids(self) -> list[int]:
        """Leaders of the process groups to end, the broker's first."""
        return [each.pid for each in (self._server, self._epmd) if each is not None]

    @property
    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        return self._server is not None and self._server.poll() is None

    def serves(self) -> bool:
        """Whether it runs, and every queue has a leader.

        After a disk without room RabbitMQ may run on with its quorum queues down, until it is started again
        (rabbitmq/ra#585, rabbitmq-server#4512).
        """
        with suppress(httpx.HTTPError):
            auth, leaders = (OPERATOR, self.password), {"columns": "leader"}
            found = httpx.get(f"{self.management}/api/queues", params=leaders, auth=auth, timeout=2)
            queues = found.json() if found.is_success else []
            return bool(queues) and all(one.get("leader") for one in queues)
        return False

    def said(self, words: str) -> bool:
        """Whether its log has these words."""
        return any(words in log.read_text(errors="replace") for log in (self.folder / "log").glob("*.log"))

    def start(self) -> None:
        """Start, on what the folder holds, and return when the management API answers."""
        scripts = rabbitmq_scripts()
        environment = self._environment()
        if self._epmd is None:
            self._epmd = self._run(["epmd"], environment)
        self._server = self._run([str(scripts / "rabbitmq-server")], environment)
        self._wait()

    def stop(self) -> None:
        """End it for good. What it stored is thrown away with its folder, so nothing is asked politely."""
        self.kill()
        if self._epmd is not None:
            _end(self._epmd)
            self._epmd = None

    def kill(self) -> None:
        """As a power cut: nothing is flushed."""
        if self._server is not None:
            _end(self._server)
            self._server = None

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does; connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on where it was frozen."""
        self._signal(signal.SIGCONT)

    def control(self, *arguments: str) -> None:
        """What the management API does not offer, by the package's own command."""
        command = [str(rabbitmq_scripts() / "rabbitmqctl"), "--quiet", *arguments]
        subprocess.run(  # noqa: S603
            command,
            env=self._environment(),
            cwd=self.folder,
            check=True,
            timeout=PATIENCE,
            capture_output=True,
        )

    def _signal(self, number: signal.Signals) -> None:
        if self._server is not None:
            os.killpg(self._server.pid, number)

    def _run(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(  # noqa: S603
                command,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.1)
        output = (self.folder / "output").read_text(errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"RabbitMQ did not start: {output}")

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            auth = (OPERATOR, self.password)
            found = httpx.get(f"{self.management}/api/vhosts/candour", auth=auth, timeout=2)
            return found.status_code == httpx.codes.OK and self._listens()
        return False

    def _listens(self) -> bool:
        auth = (OPERATOR, self.password)
        found = httpx.get(f"{self.management}/api/health/checks/port-listener/{self.port}", auth=auth)
        return found.status_code == httpx.codes.OK

    def _environment(self) -> dict[str, str]:
        places = {
            "HOME": "home",
            "RABBITMQ_MNESIA_BASE": "data",
            "RABBITMQ_LOG_BASE": "log",
            "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "plugins",
            "RABBITMQ_PID_FILE": "pid",
            "RABBITMQ_CONF_ENV_FILE": "no-such-file",
        }
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"candour-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # the machine is shared: no busy waiting
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
            **{name: str(self.folder / place) for name, place in places.items()},
        }

    def _write_files(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "home").mkdir(exist_ok=True)
        (self.folder / "plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq.conf").write_text("\n".join([*self._settings(), *self._tls()]) + "\n")

    def _settings(self) -> list[str]:
        return [
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {self.port + MANAGEMENT}",
            f"default_user = {OPERATOR}",
            f"default_pass = {self.password}",
            "default_vhost = candour",
            "default_user_tags.administrator = true",
            "disk_free_limit.absolute = 50MB",
            "max_message_size = 1048576",  # as ADR 7 wants it of every broker
            "log.file.level = warning",
            "log.console = false",
            "collect_statistics_interval = 1000",
        ]

    def _tls(self) -> list[str]:
        if self._secured is None:
            return []
        return [
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
            f"ssl_options.cacertfile = {self._secured.authority}",
            f"ssl_options.certfile = {self._secured.certificate}",
            f"ssl_options.keyfile = {self._secured.key}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true",
            "ssl_options.versions.1 = tlsv1.3",
            "ssl_options.versions.2 = tlsv1.2",
        ]


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole process group: the script, the machine that it started, and its ports."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
