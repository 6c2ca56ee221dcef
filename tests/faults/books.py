"""What the partnership says in the end: worklists, messages, receipts, and the log. Read, never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from candour_protocol import receipt
from candour_protocol.checkpoint import open_checkpoint
from candour_protocol.errors import CandourError
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.note import Verifier
from candour_protocol.statement import parse

from tests.faults.ledger import Accepted

_PATIENCE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the log; ``irt`` is the hash of what it answers."""

    jti: str
    hash: str
    kind: str
    sender: str
    recipient: str
    irt: str | None
    passed: bool


@dataclass(slots=True)
class Books:
    """Everything that the accounting rests on.

    Attributes:
        log: every entry, in order.
        roots: the root of the tree at every size up to the log's.
        inboxes: how often each id stands in an agency's worklist.
        states: by id, what its sender's node says of it.
        proven: by id, the hash of the statement that the sender's receipt proves; empty where it proves none.
        reissued: by id that was said again under another, the other.
        differences: how many entries a replay judges otherwise.
    """

    log: list[Logged] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)
    inboxes: dict[str, Counter[str]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    proven: dict[str, str] = field(default_factory=dict)
    reissued: dict[str, str] = field(default_factory=dict)
    differences: int = 0


class Door:
    """One agency's REST interface, with every scope."""

    def __init__(self, door: Mapping[str, str]) -> None:
        headers = {"Authorization": f"Bearer {door.get('restricted_token') or door['token']}"}
        self._http = httpx.Client(base_url=door["url"], headers=headers, timeout=_PATIENCE, trust_env=False)

    def get(self, path: str) -> httpx.Response:
        """A call that has nothing to fear any more."""
        return self._http.get(path)

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every item, page by page."""
        link: str | None = path
        while link:
            answer = self.get(link)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield from page["items"]
            link = page["links"]["next"] if page["items"] else None

    def close(self) -> None:
        """Let go."""
        self._http.close()


def collect(manifest: Mapping[str, Any], accepted: Iterable[Accepted]) -> Books:
    """Ask everybody, once all is quiet."""
    books = Books()
    verifier = Verifier.from_vkey(manifest["gateway"]["log"]["vkey"])
    doors = {agency: Door(door) for agency, door in manifest["agencies"].items()}
    try:
        _read_log(books, manifest["gateway"], verifier)
        for agency, door in doors.items():
            books.inboxes[agency] = Counter(item["id"] for item in door.pages("/v1/inbox?limit=200"))
        for each in accepted:
            if each.sender in doors:
                _read_message(books, doors[each.sender], each.message, verifier)
    finally:
        for door in doors.values():
            door.close()
    return books


def _read_log(books: Books, gateway: Mapping[str, Any], verifier: Verifier) -> None:
    door, tree = Door(gateway), Frontier()
    books.roots.append(tree.root())
    for item in door.pages("/v1/entries?limit=500"):
        verified = receipt.verify(item["receipt"], verifier)
        assert verified.index == len(books.log), "the log has a gap"
        books.log.append(_entry(verified))
        tree.append(leaf_hash(receipt.parse(item["receipt"]).entry))
        books.roots.append(tree.root())
    door.close()


def _entry(verified: receipt.VerifiedReceipt) -> Logged:
    statement = parse(verified.entry.jwt)
    claims = statement.claims
    return Logged(
        claims.jti, statement.hash, claims.kind.value, claims.iss, claims.aud, claims.irt,
        verified.entry.verdict in ("passed", "flagged"),
    )  # fmt: skip


def _read_message(books: Books, door: Door, message: str, verifier: Verifier) -> None:
    found = door.get(f"/v1/messages/{message}")
    if found.status_code != 200:
        return
    view = found.json()
    books.states[message] = view["state"]
    if view.get("reissued_as"):
        books.reissued[message] = view["reissued_as"]
    shown = door.get(f"/v1/messages/{message}/receipt")
    try:
        books.proven[message] = parse(receipt.verify(shown.text, verifier).entry.jwt).hash
    except CandourError:
        books.proven[message] = ""


def root_of(checkpoint: str, verifier: Verifier) -> tuple[int, bytes]:
    """Size and root that a checkpoint states, if the log's key signed it."""
    opened = open_checkpoint(checkpoint, verifier)
    return opened.size, opened.root
