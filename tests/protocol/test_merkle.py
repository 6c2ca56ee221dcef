"""The tree of RFC 6962, its proofs, and batches of growth."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from candour_protocol.errors import ProofError
from candour_protocol.growth import Growth
from candour_protocol.merkle import (
    EMPTY_ROOT,
    Coords,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from hypothesis import given, settings
from hypothesis import strategies as st

LEAVES = [leaf_hash(b"entry %d" % i) for i in range(700)]
SIZES = st.integers(1, 300)


def mth(hashes: Sequence[bytes]) -> bytes:
    """The recursive definition of RFC 6962 section 2.1, with nothing of ours in it."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def nodes_of(leaves: Sequence[bytes]) -> dict[Coords, bytes]:
    """Every complete node of a tree, as a storage would keep them."""
    frontier, nodes = Frontier(), dict[Coords, bytes]()
    for leaf in leaves:
        nodes.update(frontier.append(leaf))
    return nodes


NODES = nodes_of(LEAVES)


def read(coords: Sequence[Coords]) -> list[bytes]:
    return [NODES[each] for each in coords]


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_root_of_no_entries_is_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree_root([]) == Frontier().root() == Growth(Frontier(), []).root == EMPTY_ROOT


def test_the_known_roots_of_certificate_transparency_come_out() -> None:
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    leaves = [leaf_hash(bytes.fromhex(each)) for each in inputs]

    assert [tree_root(leaves[: i + 1]).hex() for i in range(8)] == roots


def test_every_way_to_a_root_agrees_with_the_recursive_definition() -> None:
    frontier = Frontier()

    for size in range(1, 301):
        frontier.append(LEAVES[size - 1])
        root = mth(LEAVES[:size])

        assert frontier.root() == tree_root(LEAVES[:size]) == root
        assert Frontier.from_hashes(size, read).root() == root


@given(SIZES, st.data())
def test_an_entry_s_proof_verifies_and_fails_for_every_other_place_tree_or_root(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, 300).filter(lambda each: each != index))
    root = mth(LEAVES[:size])

    path = inclusion_proof(index, size, read)

    verify_inclusion(LEAVES[index], index, size, path, root)
    for leaf, at, of, under in [
        (LEAVES[index], other, size, root),
        (LEAVES[other], index, size, root),
        (LEAVES[index], index, size, EMPTY_ROOT),
        (LEAVES[index], index, index, root),
    ]:
        with pytest.raises(ProofError):
            verify_inclusion(leaf, at, of, path, under)


@given(SIZES, st.data())
def test_any_flipped_bit_cut_or_longer_inclusion_proof_fails(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    bit = data.draw(st.integers(0, 255))
    root = mth(LEAVES[:size])
    path = inclusion_proof(index, size, read)

    forged = [(*path[:i], flipped(path[i], bit), *path[i + 1 :]) for i in range(len(path))]
    forged += [(*path[:i], path[i][:31], *path[i + 1 :]) for i in range(len(path))]
    forged += [path[:-1]] if path else []
    forged += [(*path, LEAVES[0]), (LEAVES[0], *path)]

    for each in forged:
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[index], index, size, each, root)
    with pytest.raises(ProofError):
        verify_inclusion(flipped(LEAVES[index], bit), index, size, path, root)
    with pytest.raises(ProofError):
        verify_inclusion(LEAVES[index], index, size, path, flipped(root, bit))


def test_the_inclusion_proofs_of_every_small_tree_are_the_ones_that_the_rfc_defines() -> None:
    def defined(m: int, hashes: Sequence[bytes]) -> tuple[bytes, ...]:
        if len(hashes) == 1:
            return ()
        k = 1 << (len(hashes) - 1).bit_length() - 1
        if m < k:
            return (*defined(m, hashes[:k]), mth(hashes[k:]))
        return (*defined(m - k, hashes[k:]), mth(hashes[:k]))

    for size in range(1, 40):
        for index in range(size):
            assert inclusion_proof(index, size, read) == defined(index, LEAVES[:size])


def test_two_trees_of_one_log_are_consistent_whatever_their_sizes() -> None:
    for new in range(70):
        for old in range(new + 1):
            proof = consistency_proof(old, new, read)

            verify_consistency(old, new, mth(LEAVES[:old]), mth(LEAVES[:new]), proof)


@given(st.integers(2, 300), st.data())
def test_a_consistency_proof_verifies_and_any_flipped_bit_or_other_shape_fails(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new - 1))
    bit = data.draw(st.integers(0, 255))
    old_root, new_root = mth(LEAVES[:old]), mth(LEAVES[:new])

    path = consistency_proof(old, new, read)

    verify_consistency(old, new, old_root, new_root, path)
    forged = [(*path[:i], flipped(path[i], bit), *path[i + 1 :]) for i in range(len(path))]
    forged += [path[:-1], (*path, LEAVES[0]), (LEAVES[0], *path), (*path[:-1], path[-1][:31])]
    for each in forged:
        with pytest.raises(ProofError):
            verify_consistency(old, new, old_root, new_root, each)
    for first, second in [(flipped(old_root, bit), new_root), (old_root, flipped(new_root, bit))]:
        with pytest.raises(ProofError):
            verify_consistency(old, new, first, second, path)


def test_a_log_that_shrank_or_changed_without_growing_is_not_consistent() -> None:
    root, other = mth(LEAVES[:5]), mth(LEAVES[1:6])

    for old, new, path in [(6, 5, ()), (5, 5, ()), (0, 5, ()), (5, 5, (root,)), (-1, 5, ())]:
        with pytest.raises(ProofError):
            verify_consistency(old, new, other, root, path)


def test_no_proof_is_made_for_what_is_not_in_the_tree() -> None:
    for index, size in [(0, 0), (5, 5), (-1, 5)]:
        with pytest.raises(ProofError):
            inclusion_proof(index, size, read)
    with pytest.raises(ProofError):
        consistency_proof(6, 5, read)
    with pytest.raises(ProofError):
        Frontier(5, {0: LEAVES[0]})


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_batch_gives_the_same_root_and_proofs_as_one_entry_after_the_other(old: int, added: int) -> None:
    before = Frontier.from_hashes(old, read)

    growth = Growth(before, LEAVES[old : old + added])

    size = old + added
    assert (growth.size, growth.root) == (size, mth(LEAVES[:size]))
    assert growth.proofs() == [inclusion_proof(i, size, read) for i in range(old, size)]
    assert (growth.frontier.size, growth.frontier.root()) == (size, growth.root)
    assert before.root() == mth(LEAVES[:old])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 90), max_size=8))
def test_a_log_grown_in_batches_of_any_size_verifies_as_a_whole(batches: list[int]) -> None:
    frontier, roots = Frontier(), {0: EMPTY_ROOT}

    for added in batches:
        growth = Growth(frontier, LEAVES[frontier.size : frontier.size + added])
        for index, proof in enumerate(growth.proofs(), start=growth.old):
            verify_inclusion(LEAVES[index], index, growth.size, proof, growth.root)
        frontier = growth.frontier
        roots[growth.size] = growth.root

    for size, root in roots.items():
        assert root == mth(LEAVES[:size])
        proof = consistency_proof(size, frontier.size, read)
        verify_consistency(size, frontier.size, root, frontier.root(), proof)
