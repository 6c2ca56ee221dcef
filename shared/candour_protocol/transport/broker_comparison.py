"""What a broker has against what it should have, in words for its operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from candour_protocol.strict_json import JsonObject, JsonValue

_IDENTITIES: Mapping[str, Sequence[str]] = {
    "vhosts": ("name",),
    "users": ("name",),
    "permissions": ("user", "vhost"),
    "topic_permissions": ("user", "vhost", "exchange"),
    "policies": ("vhost", "name"),
    "exchanges": ("vhost", "name"),
    "queues": ("vhost", "name"),
    "bindings": ("vhost", "source", "destination", "routing_key"),
}
_NAMES: Mapping[str, str] = {
    "vhosts": "virtual host",
    "users": "user",
    "permissions": "permission",
    "topic_permissions": "topic permission",
    "policies": "policy",
    "exchanges": "exchange",
    "queues": "queue",
    "bindings": "binding",
}
_SHARED = ("vhosts", "users")  # of the whole broker, and so of other partnerships too


def differences(expected: JsonObject, actual: JsonObject, vhost: str) -> list[str]:
    """One sentence for each thing that is missing, different, or there without reason.

    Args:
        expected: what `broker_definitions.render` made for ``vhost``.
        actual: what the management API's ``/api/definitions`` says of the whole broker.
    """
    return [sentence for part in _IDENTITIES for sentence in _compare(part, expected, actual, vhost)]


def unmade_users(expected: JsonObject, actual: JsonObject) -> list[str]:
    """Who is to have rights, is not there, and cannot be made for want of a password."""
    known = _indexed("users", expected).keys() | _indexed("users", actual).keys()
    return sorted(user for (user,) in _wanted("users", expected).keys() - known)


def _compare(part: str, expected: JsonObject, actual: JsonObject, vhost: str) -> Iterator[str]:
    wanted, found = _wanted(part, expected), _indexed(part, actual)
    for identity, each in wanted.items():
        called = f"{_NAMES[part]} {_said(identity, vhost)}"
        if identity not in found:
            yield f"missing: {called}"
        elif wrong := [name for name, value in each.items() if not _same(value, found[identity].get(name))]:
            yield f"different: {called} ({', '.join(wrong)})"
    if part in _SHARED:
        return
    operators = {identity[0] for identity, each in _indexed("users", actual).items() if each.get("tags")}
    for identity, each in found.items():
        ours = each.get("vhost") == vhost and each.get("user") not in operators
        if ours and identity not in wanted:
            yield f"unexpected: {_NAMES[part]} {_said(identity, vhost)}"


def _wanted(part: str, expected: JsonObject) -> dict[tuple[str, ...], JsonObject]:
    """A user whose password is not known here must be there all the same, and be nobody special.

    A tag lets a user change its own rights, or send in another's name.
    """
    found = _indexed(part, expected)
    if part == "users":
        for user, _ in _indexed("permissions", expected):
            found.setdefault((user,), {"name": user, "tags": ""})
    return found


def _indexed(part: str, definitions: JsonObject) -> dict[tuple[str, ...], JsonObject]:
    items = definitions.get(part)
    return {
        tuple(str(each.get(name, "")) for name in _IDENTITIES[part]): each
        for each in (items if isinstance(items, list) else [])
        if isinstance(each, dict)
    }


def _same(wanted: JsonValue, found: JsonValue) -> bool:
    nothing: tuple[JsonValue, ...] = ("", [], None)  # versions differ in how they say that a user has no tags
    return wanted == found or (wanted in nothing and found in nothing)


def _said(identity: tuple[str, ...], vhost: str) -> str:
    return " ".join(part for part in identity if part != vhost) or vhost
