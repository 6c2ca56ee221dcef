"""Tiles and entry bundles as C2SP tlog-tiles lays them out."""

from __future__ import annotations

import pytest
from candour_protocol import tiles
from candour_protocol.errors import ProofError
from candour_protocol.growth import Growth
from candour_protocol.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from candour_protocol.tiles import ENTRIES, TileId, TileReader
from hypothesis import given, settings
from hypothesis import strategies as st

LEAVES = [leaf_hash(b"entry %d" % i) for i in range(2000)]


def grown(sizes: list[int]) -> tuple[Frontier, dict[TileId, bytes]]:
    """A log grown to each of these sizes in turn, and the tile data that it kept."""
    frontier, kept = Frontier(), dict[TileId, bytes]()
    for size in sizes:
        growth = Growth(frontier, LEAVES[frontier.size : size])
        for tile, data in growth.tile_hashes().items():
            kept[tile] = kept.get(tile, b"") + data
        frontier = growth.frontier
    return frontier, kept


@pytest.mark.parametrize(
    ("path", "tile", "width"),
    [
        ("tile/0/000", TileId(0, 0), 256),
        ("tile/0/x001/x234/067", TileId(0, 1234067), 256),
        ("tile/1/x001/000.p/17", TileId(1, 1000), 17),
        ("tile/entries/273.p/112", TileId(ENTRIES, 273), 112),
        ("tile/63/999", TileId(63, 999), 256),
    ],
)
def test_a_tile_has_the_path_of_the_specification(path: str, tile: TileId, width: int) -> None:
    assert tile.path(width) == path
    assert tiles.parse_path(path) == (tile, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "tile/0/../checkpoint",
        "tile/entries/x001/",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "/tile/0/000",
        "tile/0/" + "x999/" * 2000 + "999",
        "checkpoint",
        "",
    ],
)
def test_any_other_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(ProofError):
        tiles.parse_path(path)


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_every_tile_has_exactly_one_path(level: int, n: int, width: int) -> None:
    assert tiles.parse_path(TileId(level, n).path(width)) == (TileId(level, n), width)


def test_a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts() -> None:
    found = list(tiles.tiles_of(70_000))

    assert [each for each in found if each[1] < 256] == [
        (TileId(0, 273), 112),
        (TileId(1, 1), 17),
        (TileId(2, 0), 1),
    ]
    assert len(found) == 274 + 2 + 1
    assert all(tile.width(70_000) == width for tile, width in found)
    assert list(tiles.tiles_of(256)) == [(TileId(0, 0), 256), (TileId(1, 0), 1)]
    assert list(tiles.tiles_of(0)) == []


def test_a_hash_names_the_entries_it_commits_to() -> None:
    assert TileId(0, 2).leaves(3) == range(515, 516)
    assert TileId(1, 0).leaves(2) == range(512, 768)
    assert TileId(ENTRIES, 1).leaves(0) == range(256, 257)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6).map(sorted))
def test_tiles_only_grow_and_hold_what_the_specification_defines(sizes: list[int]) -> None:
    frontier, kept = grown(sizes)

    assert {tile: len(data) // 32 for tile, data in kept.items()} == dict(tiles.tiles_of(frontier.size))
    for tile, data in kept.items():
        for place, found in enumerate(tiles.split_hashes(data)):
            spanned = tile.leaves(place)
            assert found == tree_root(LEAVES[spanned.start : spanned.stop])
    assert frontier.root() == tree_root(LEAVES[: frontier.size])


@settings(max_examples=25)
@given(st.integers(1, 2000), st.data())
def test_an_old_entry_is_proven_from_the_named_tiles_and_no_others(size: int, data: st.DataObject) -> None:
    _, kept = grown([size])
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    root = tree_root(LEAVES[:size])

    reader = TileReader({tile: kept[tile] for tile in tiles.needed_for_inclusion([index], size)})
    verify_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, reader), root)

    reader = TileReader({tile: kept[tile] for tile in tiles.needed_for_consistency(old, size)})
    proof = consistency_proof(old, size, reader)
    verify_consistency(old, size, tree_root(LEAVES[:old]), root, proof)

    reader = TileReader({tile: kept[tile] for tile in tiles.needed_for_frontier(size)})
    assert Frontier.from_hashes(size, reader).root() == root


def test_a_receipt_of_an_older_checkpoint_is_made_from_tiles_that_have_grown_since() -> None:
    _, kept = grown([300, 2000])

    proof = inclusion_proof(17, 300, TileReader(kept))

    verify_inclusion(LEAVES[17], 17, 300, proof, tree_root(LEAVES[:300]))


def test_a_tile_that_is_lost_or_short_is_named() -> None:
    _, kept = grown([300])
    kept[TileId(0, 1)] = kept[TileId(0, 1)][:-1]

    with pytest.raises(ProofError, match="tile/0/001"):
        inclusion_proof(298, 300, TileReader(kept))
    with pytest.raises(ProofError, match="tile/0/000"):
        inclusion_proof(0, 300, TileReader({}))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert list(tiles.iter_bundle(tiles.bundle(entries))) == entries


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.data())
def test_a_bundle_cut_within_an_entry_is_refused_after_those_before_it(
    entries: list[bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(entries[-1]) + 1))

    found = tiles.iter_bundle(tiles.bundle(entries)[:-cut])

    assert [next(found) for _ in entries[:-1]] == entries[:-1]
    with pytest.raises(ProofError):
        next(found)


def test_an_entry_that_no_bundle_can_hold_is_refused() -> None:
    assert len(tiles.bundled(b"x" * 65_535)) == 65_537
    with pytest.raises(ProofError):
        tiles.bundled(b"x" * 65_536)
