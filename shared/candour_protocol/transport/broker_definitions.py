"""Everything RabbitMQ has to know of a partnership, as data: one document for every way of deploying it.

Rendered as RabbitMQ's own definitions format, which the management API, ``load_definitions`` and the
Kubernetes operator all take. Who may do what:

- An agency's user configures nothing, writes to `topology.SUBMIT` under keys that begin with its own id, and
  reads its own inboxes. It may also write to `topology.DEAD`, under the names of its own inboxes and no other
  key: that is how its node parks what it can't use, confirmed before it lets go of the original.
- The gateway's user configures nothing, writes to `topology.DELIVER`, and to `topology.DEAD` under the names
  of its own queues; it reads what agencies submit, and not one inbox.
- Nobody but an operator binds, declares, deletes, or reads what was parked.

Limits stand in policies, so that they can be changed while the queues stay. Works with RabbitMQ 3.10 and 4.x.
Source: protocol section 7.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.transport import topology

VHOST = "candour"
QUORUM: Mapping[str, str] = {"x-queue-type": "quorum"}
NO_LIMIT = 1_000_000
"""Attempts. 4.x gives up after 20 unless told; only a handler parks, the port promises, so this is never."""
MAX_MESSAGES = 1_000_000  # in one queue; more are rejected, never dropped, but for what was parked
MAX_BYTES = 4 * 1024**3

_NOTHING = "^$"
_ANYTHING = "^.+$"  # an empty pattern would mean nothing
_PRIORITY = 10


@dataclass(frozen=True, slots=True)
class Permission:
    """What one broker user may do, as RabbitMQ's regular expressions.

    Attributes:
        topics: for each exchange, the routing keys under which it may publish. Every exchange stands in it:
            where RabbitMQ finds nothing it allows everything.
    """

    user: str
    write: str
    read: str
    topics: Mapping[str, str]
    configure: str = _NOTHING


def agency_permission(agency: AgencyId) -> Permission:
    """An agency speaks for itself, reads its own inboxes, and parks what came from them."""
    inboxes = f"^inbox\\.{agency}\\.({'|'.join(topology.Lane)})$"
    return Permission(
        user=agency,
        write=_exactly(topology.SUBMIT, topology.DEAD),
        read=inboxes,
        topics={topology.SUBMIT: f"^{agency}\\.", topology.DELIVER: _NOTHING, topology.DEAD: inboxes},
    )


def gateway_permission() -> Permission:
    """The gateway delivers, reads what is submitted, and parks what came from there."""
    queues = _exactly(*topology.GATEWAY_QUEUES)
    return Permission(
        user=GATEWAY,
        write=_exactly(topology.DELIVER, topology.DEAD),
        read=queues,
        topics={topology.SUBMIT: _NOTHING, topology.DELIVER: _ANYTHING, topology.DEAD: queues},
    )


def render(
    agencies: Iterable[AgencyId], passwords: Mapping[str, str] | None = None, *, vhost: str = VHOST
) -> JsonObject:
    """The definitions of a partnership.

    Args:
        agencies: those that are registered.
        passwords: of `GATEWAY` and the agencies. A user without one is not rendered: it is made elsewhere, or
            stays as it is.
    """
    members = sorted(set(agencies))
    permissions = [gateway_permission(), *map(agency_permission, members)]
    known = passwords or {}
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(each.user, known[each.user]) for each in permissions if each.user in known],
        "permissions": [_permission(vhost, each) for each in permissions],
        "topic_permissions": [topic for each in permissions for topic in _topics(vhost, each)],
        "policies": _policies(vhost),
        "exchanges": [_exchange(vhost, name) for name in topology.EXCHANGES],
        "queues": [_queue(vhost, name) for name in queue_names(members)],
        "bindings": [_binding(vhost, each) for each in (*topology.bindings(members), topology.DEAD_BINDING)],
    }


def queue_names(agencies: Iterable[AgencyId]) -> Sequence[str]:
    """Every queue of a partnership of these agencies."""
    inboxes = (queue for agency in agencies for queue in topology.inbox_queues(agency))
    return (*topology.GATEWAY_QUEUES, topology.DEAD_QUEUE, *inboxes)


def password_hash(password: str, salt: bytes) -> str:
    """RabbitMQ's salted SHA-256, with a salt of 4 bytes. Source: rabbitmq.com, "Passwords"."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _user(name: str, password: str) -> JsonObject:
    # the salt follows from what is hashed, so that rendering twice gives the same document
    salt = hashlib.sha256(f"{name}\0{password}".encode()).digest()[:4]
    return {
        "name": name,
        "password_hash": password_hash(password, salt),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    }


def _permission(vhost: str, given: Permission) -> JsonObject:
    return {
        "user": given.user,
        "vhost": vhost,
        "configure": given.configure,
        "write": given.write,
        "read": given.read,
    }


def _topics(vhost: str, given: Permission) -> list[JsonValue]:
    # read is about binding to an exchange, which only operators do
    return [
        {"user": given.user, "vhost": vhost, "exchange": exchange, "write": pattern, "read": _NOTHING}
        for exchange, pattern in given.topics.items()
    ]


def _policies(vhost: str) -> list[JsonValue]:
    limits: JsonObject = {
        "delivery-limit": NO_LIMIT,
        "max-length": MAX_MESSAGES,
        "max-length-bytes": MAX_BYTES,
        "overflow": "reject-publish",  # the default drops the oldest
    }
    # The broker never gives up by itself, so this is for an operator's mistake. Not at-least-once: that gives
    # each queue a worker, and when a few of them crash (a queue deleted just after its declaration is enough
    # in 3.10) their supervisor ends, and no quorum queue of the broker has a leader until it is restarted.
    # Source: rabbitmq-server issue 16652.
    rescue: JsonObject = {"dead-letter-exchange": topology.DEAD}
    # Whoever fills the dead queue with rubbish would else keep everybody's from being parked: it would stay
    # unacknowledged, up to all that a consumer can hold, and then nothing of anybody's was consumed any more.
    dead: JsonObject = limits | {"overflow": "drop-head"}
    live = f"^({'|'.join(map(_escape, topology.GATEWAY_QUEUES))}|inbox\\..+)$"
    return [
        _policy(vhost, "candour-queues", live, limits | rescue),
        _policy(vhost, "candour-dead", _exactly(topology.DEAD_QUEUE), dead),
    ]


def _policy(vhost: str, name: str, pattern: str, definition: JsonObject) -> JsonObject:
    return {
        "vhost": vhost,
        "name": name,
        "pattern": pattern,
        "apply-to": "queues",
        "definition": definition,
        "priority": _PRIORITY,
    }


def _exchange(vhost: str, name: str) -> JsonObject:
    return {
        "name": name,
        "vhost": vhost,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(vhost: str, name: str) -> JsonObject:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": dict(QUORUM)}


def _binding(vhost: str, binding: topology.Binding) -> JsonObject:
    return {
        "source": binding.exchange,
        "vhost": vhost,
        "destination": binding.queue,
        "destination_type": "queue",
        "routing_key": binding.pattern,
        "arguments": {},
    }


def _exactly(*names: str) -> str:
    """A pattern for these names and no others."""
    return f"^({'|'.join(map(_escape, names))})$"


def _escape(name: str) -> str:
    return name.replace(".", "\\.")
