"""What the partnership says in the end: worklists, messages, receipts, and the log. Read, never changed."""

from __future__ import annotations

import time
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

from tests.faults.ledger import Accepted, Ended, Line

OWN = frozenset({"delivery", "notice", "registry"})  # what machines say by themselves
_PATIENCE = 120  # seconds
_PAUSE = 0.5
_NOT_NOW = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the log; ``irt`` is the hash of what it answers."""

    jti: str
    hash: str
    kind: str
    sender: str
    recipient: str
    irt: str | None
    verdict: str

    @property
    def passed(self) -> bool:
        return self.verdict in ("passed", "flagged")


@dataclass(frozen=True, slots=True)
class Standing:
    """What an agency's node says of a message: its state, and the obligations about it that are open."""

    state: str
    open: frozenset[str] = frozenset()


@dataclass(slots=True)
class Books:
    """Everything that the accounting rests on.

    Attributes:
        log: every entry, in order.
        roots: the root of the tree at every size up to the log's.
        inboxes: how often each id stands in an agency's worklist.
        standings: by agency and id, what its node says of it.
        notices: by id, the code of a notice that stands in a worklist.
        proven: by id, the hash of the statement that the sender's receipt proves; empty where it proves none.
        reissued: by id that was said again under another, the other.
        differences: what comes out otherwise when the log is judged again.
    """

    log: list[Logged] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)
    inboxes: dict[str, Counter[str]] = field(default_factory=dict)
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    proven: dict[str, str] = field(default_factory=dict)
    reissued: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


class Door:
    """One agency's REST interface, with every scope."""

    def __init__(self, door: Mapping[str, str]) -> None:
        headers = {"Authorization": f"Bearer {door.get('restricted_token') or door['token']}"}
        self._http = httpx.Client(base_url=door["url"], headers=headers, timeout=_PATIENCE, trust_env=False)

    def get(self, path: str) -> httpx.Response:
        """A call that has nothing to fear any more, but for who is still coming up."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = self._http.get(path)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if answer.status_code not in _NOT_NOW or time.monotonic() > deadline:
                    return answer
            time.sleep(_PAUSE)

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


def collect(manifest: Mapping[str, Any], lines: Iterable[Line]) -> Books:
    """Ask everybody, once all is quiet."""
    said = {each.message: each for each in lines if isinstance(each, Accepted)}
    ended = {each.message for each in lines if isinstance(each, Ended)}
    books = Books()
    verifier = Verifier.from_vkey(manifest["gateway"]["log"]["vkey"])
    doors = {agency: Door(door) for agency, door in manifest["agencies"].items()}
    try:
        _read_log(books, manifest["gateway"], verifier)
        for agency, door in doors.items():
            _read_inbox(books, agency, door)
        for message, sender in _to_be_proven(books, said.values()).items():
            _read_receipt(books, doors[sender], message, verifier)
        for message in ended | _unlike(books, said.values()):
            _read_message(books, said[message].sender, doors, message)
        for message in ended:
            _read_message(books, said[message].recipient, doors, books.reissued.get(message, message))
    finally:
        for door in doors.values():
            door.close()
    return books


def _unlike(books: Books, said: Iterable[Accepted]) -> set[str]:
    """What did not fare as it must: its node may have said it again by itself, under another id."""
    verdicts = {each.jti: each.verdict for each in books.log}
    return {each.message for each in said if verdicts.get(each.message) not in each.fate.verdicts}


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
        verified.entry.verdict,
    )  # fmt: skip


def _read_inbox(books: Books, agency: str, door: Door) -> None:
    items = list(door.pages("/v1/inbox?limit=200"))
    books.inboxes[agency] = Counter(item["id"] for item in items)
    books.notices |= {item["id"]: item["notice"] for item in items if item["notice"]}


def _to_be_proven(books: Books, said: Iterable[Accepted]) -> dict[str, str]:
    """Who said what, in calls and by themselves; each must hold a receipt for it."""
    logged = {each.jti: each.sender for each in books.log if each.kind not in OWN}
    return {each.message: each.sender for each in said} | logged


def _read_message(books: Books, agency: str, doors: Mapping[str, Door], message: str) -> None:
    found = doors[agency].get(f"/v1/messages/{message}")
    if found.status_code != 200:
        return
    view = found.json()
    still_owed = {each["kind"] for each in view["obligations"] if each["settled_at"] is None}
    books.standings[agency, message] = Standing(view["state"], frozenset(still_owed))
    if view.get("reissued_as"):
        books.reissued[message] = view["reissued_as"]


def _read_receipt(books: Books, door: Door, message: str, verifier: Verifier) -> None:
    shown = door.get(f"/v1/messages/{message}/receipt")
    try:
        books.proven[message] = parse(receipt.verify(shown.text, verifier).entry.jwt).hash
    except CandourError:
        books.proven[message] = ""


def root_of(checkpoint: str, verifier: Verifier) -> tuple[int, bytes]:
    """Size and root that a checkpoint states, if the log's key signed it."""
    opened = open_checkpoint(checkpoint, verifier)
    return opened.size, opened.root
