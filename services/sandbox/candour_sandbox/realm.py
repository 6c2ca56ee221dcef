"""The sandbox's part of a RabbitMQ: a virtual host of its own, and one user for each party.

Users belong to the whole broker, and are called as their agency. So that several sandboxes can share one
broker, their passwords follow from the administrator's, and are the same for all of them. A user of that name
with another password belongs to somebody else, and is left alone. Who has made the users puts their passwords
into ``broker-passwords.json`` before the first start, in the form that ``candour topology`` takes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from candour_protocol import strict_json
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport import broker_definitions
from candour_protocol.transport.rabbitmq_management import Management

from candour_sandbox import cast, durable
from candour_sandbox.engine import Engine, EngineError

_SALT = b"candour sandbox: passwords of a broker's users"
_AT_ONCE = 8  # probes


class Realm:
    """One virtual host; ``passwords`` are those of its users, see `kept_passwords`."""

    def __init__(self, engine: Engine, vhost: str, passwords: Mapping[str, str]) -> None:
        self._engine = engine
        self._parts = urlsplit(engine.amqp or "")
        self._vhost = vhost
        self._passwords = passwords

    def make(self) -> None:
        """Make what is missing, and try every queue with a message.

        Raises:
            EngineError: another partnership has users of these names on this broker.
            TransportError: there is no such broker or administrator.
        """
        agencies = [AgencyId(agency) for agency in cast.PARTS]
        definitions = broker_definitions.render(agencies, self._passwords, vhost=self._vhost)
        with self._management() as broker:
            self._refuse_strangers(broker)
            broker.apply(definitions)
            self._refuse_silence(broker, broker_definitions.queue_names(agencies))

    def remove(self) -> None:
        """The virtual host and everything in it. The users stay: another sandbox may need them."""
        with self._management() as broker:
            broker.remove(self._vhost)

    def url(self, user: str) -> str:
        """Where this user connects."""
        password = quote(self._passwords[user], safe="")
        place = self._parts.netloc.rpartition("@")[2]
        query = f"?{self._parts.query}" if self._parts.query else ""
        return f"{self._parts.scheme}://{user}:{password}@{place}/{quote(self._vhost, safe='')}{query}"

    def _management(self) -> Management:
        user, password = unquote(self._parts.username or ""), unquote(self._parts.password or "")
        return Management(self._engine.management_url, user, password)

    def _refuse_strangers(self, broker: Management) -> None:
        known = broker.definitions().get("users")
        users = known if isinstance(known, list) else []
        hashes = {one["name"]: one.get("password_hash") for one in users if isinstance(one, dict)}
        strangers = [user for user, word in self._passwords.items() if not _is_of(word, hashes.get(user))]
        if strangers:
            raise EngineError(
                f"This RabbitMQ has users of another partnership ({', '.join(strangers)}): their passwords"
                " are not those in broker-passwords.json. Give the sandbox a RabbitMQ of its own."
            )

    def _refuse_silence(self, broker: Management, queues: Iterable[str]) -> None:
        """A queue that is lost right after its declaration says that it runs."""
        names = list(queues)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(lambda queue: broker.takes_messages(self._vhost, queue), names))
        silent = [queue for queue, takes in zip(names, answers, strict=True) if not takes]
        if silent:
            raise EngineError(
                f"RabbitMQ has queues that take no messages ({', '.join(silent)}). Delete them, and start"
                " again."
            )


def kept_passwords(engine: Engine, file: Path) -> Mapping[str, str]:
    """The users' passwords; made, and kept in ``file``, where nobody has put any there."""
    if not file.exists():
        administrators = unquote(urlsplit(engine.amqp or "").password or "")
        made = _passwords(administrators, (GATEWAY, *cast.PARTS))
        durable.write(file, json.dumps(made, indent=1) + "\n", mode=0o600)
    return {user: str(word) for user, word in strict_json.load_object(file.read_bytes()).items()}


def _passwords(administrators: str, users: Iterable[str]) -> dict[str, str]:
    """Nobody can get from a user's password to the administrator's but by guessing, slowly."""
    root = hashlib.scrypt(administrators.encode(), salt=_SALT, n=2**15, r=8, p=1, maxmem=2**26)
    words = {user: hmac.digest(root, user.encode(), "sha256") for user in users}
    return {user: base64.urlsafe_b64encode(word).decode().rstrip("=") for user, word in words.items()}


def _is_of(password: str, known: object) -> bool:
    """Whether a user that the broker knows by this hash has this password; one that it does not know may."""
    if not isinstance(known, str) or not known:
        return known is None
    salt = base64.b64decode(known)[:4]
    return hmac.compare_digest(broker_definitions.password_hash(password, salt), known)
