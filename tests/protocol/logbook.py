"""A whole log in memory, as a gateway would write it, and a small partnership that has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from candour_protocol import registry_facts as facts
from candour_protocol import tiles
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.entry import Entry
from candour_protocol.growth import Growth
from candour_protocol.ids import GATEWAY, AgencyId, Jti, PolicyId, new_uuid7, sha256_text
from candour_protocol.keys import SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.merkle import Frontier, inclusion_proof, leaf_hash
from candour_protocol.note import Signer
from candour_protocol.receipt import Receipt, render
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.statement import Draft, issue
from candour_protocol.tiles import ENTRIES, TileId, TileReader

from tests.protocol.registry_chain import NET, POLICE, SCHOOL, START
from tests.protocol.statements import signing_key

LOG = Signer("log.test.example/one", signing_key("log"))
POLICY = PolicyId(sha256_text(b"policy"))
DAY = 86_400


class Logbook:
    """Keeps what the storage contract asks for: entries, and tile data that only grows."""

    def __init__(self, signer: Signer = LOG) -> None:
        self.signer = signer
        self.entries: list[bytes] = []
        self.tiles: dict[TileId, bytes] = {}
        self.checkpoint = ""
        self._frontier = Frontier()
        self.append()

    def append(self, *entries: bytes) -> None:
        """One batch, under one checkpoint."""
        growth = Growth(self._frontier, list(map(leaf_hash, entries)))
        for tile, data in growth.tile_hashes().items():
            self.tiles[tile] = self.tiles.get(tile, b"") + data
        self.entries += entries
        self._frontier = growth.frontier
        checkpoint = Checkpoint(self.signer.name, growth.size, growth.root)
        self.checkpoint = sign_checkpoint(checkpoint, self.signer)

    def files(self) -> dict[str, bytes]:
        """The files of the present checkpoint by their paths."""
        size = len(self.entries)
        found = {"checkpoint": self.checkpoint.encode()}
        for tile, width in tiles.tiles_of(size):
            found[tile.path(width)] = self.tiles[tile]
        for start in range(0, size, tiles.TILE_WIDTH):
            bundle = TileId(ENTRIES, start // tiles.TILE_WIDTH)
            entries = self.entries[start : start + tiles.TILE_WIDTH]
            found[bundle.path(len(entries))] = tiles.bundle(entries)
        return found

    def receipt(self, index: int) -> str:
        """The receipt of an entry under the present checkpoint."""
        proof = inclusion_proof(index, len(self.entries), TileReader(self.tiles))
        return render(Receipt(index, proof, self.checkpoint, self.entries[index]))


class Shelf:
    """A log source over files in memory, which tests may damage."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.read_paths: list[str] = []

    def read(self, path: str, /) -> bytes | None:
        self.read_paths.append(path)
        return self.files.get(path)


def written_to(directory: Path, files: dict[str, bytes]) -> Path:
    """The directory, with these files in it."""
    for path, data in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    return directory


@dataclass(slots=True)
class Partnership:
    """A gateway, a school and the police; the log begins with their admissions."""

    registrar_key: SigningKey = field(default_factory=lambda: signing_key("registrar"))
    gateway_key: SigningKey = field(default_factory=lambda: signing_key("gateway"))
    school_key: SigningKey = field(default_factory=lambda: signing_key("school"))
    police_key: SigningKey = field(default_factory=lambda: signing_key("police"))
    log: Logbook = field(default_factory=Logbook)
    now: datetime = START

    def __post_init__(self) -> None:
        registrar = facts.registrar(NET, self.registrar_key)
        self.log.append(
            self.entry(facts.admit(registrar, GATEWAY, self.gateway_key.public, self.now)),
            self.entry(facts.policy(registrar, POLICY, self.now)),
            self.entry(facts.admit(registrar, SCHOOL, self.school_key.public, self.now)),
            self.entry(facts.admit(registrar, POLICE, self.police_key.public, self.now)),
        )

    def entry(self, jwt: str, verdict: str = "passed", rules: tuple[str, ...] = ()) -> bytes:
        """An entry one second later than the last one."""
        self.now += timedelta(seconds=1)
        return Entry.at(self.now, verdict, rules, POLICY, jwt).to_bytes()

    def statement(self, **changes: object) -> str:
        """A delivery from the school to the police; keyword arguments replace fields of the draft."""
        fields: dict[str, object] = {
            "net": NET,
            "iss": SCHOOL,
            "aud": POLICE,
            "jti": Jti(new_uuid7(self.now)),
            "iat": int(self.now.timestamp()),
            "exp": int(self.now.timestamp()) + DAY,
            "kind": Kind.DELIVERY,
        }
        signer = changes.pop("signer", self.school_key)
        assert isinstance(signer, SigningKey)
        return issue(Draft(**(fields | changes)), signer, None).statement.jwt  # type: ignore[arg-type]

    def notice(self) -> str:
        """A notice from the gateway to the school."""
        return self.statement(iss=GATEWAY, aud=SCHOOL, kind=Kind.NOTICE, signer=self.gateway_key)

    def retire_school_key(self) -> SigningKey:
        """Log the school's change to a new sign key, which is returned."""
        fresh = signing_key("school's next")
        voice = Voice(NET, AgencyId(SCHOOL), self.school_key)
        self.log.append(
            self.entry(facts.key_add(voice, SCHOOL, fresh.public, KeyUse.SIGN, self.now)),
            self.entry(facts.key_retire(voice, SCHOOL, self.school_key.public, self.now)),
        )
        return fresh
