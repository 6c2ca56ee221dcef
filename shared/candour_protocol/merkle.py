"""The Merkle tree of RFC 6962: hashes, roots and proofs, with no storage in it.

Storage contract. Whoever keeps a log keeps the hash of every complete subtree, named by ``(level, index)``:
the node at ``(level, index)`` commits to the leaves from ``index << level`` up to ``(index + 1) << level``.
Such a node never changes once its last leaf is there, so storage only ever grows. All other nodes (the right
edge of a tree whose size is no power of two) are computed on the way and never kept. Functions that need
old nodes name all of them in one call of a ``HashReader``.

Source: RFC 6962 section 2.1; verification by RFC 9162 sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from candour_protocol.errors import ProofError

Coords = tuple[int, int]
HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class HashReader(Protocol):
    """Reads nodes by ``(level, index)``, in the order asked; raises ``ProofError`` for one that is lost."""

    def __call__(self, coords: Sequence[Coords], /) -> Sequence[bytes]: ...


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds ``data``."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children's hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over subtrees of falling size that lie side by side, left to right; at least one."""
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def tree_root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes; SHA-256 of nothing for an empty tree."""
    row = list(leaf_hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        odd = row[-1:] if len(row) & 1 else []
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)] + odd
    return row[0]


def subtrees(start: int, end: int) -> list[Coords]:
    """The complete subtrees that make up the leaves from ``start`` up to ``end``, largest first.

    Args:
        start: a multiple of the largest power of two that is at most ``end - start``.
    """
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def _split(count: int) -> int:
    """The largest power of two below ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_coords(index: int, size: int) -> list[list[Coords]]:
    """What each hash of an inclusion proof is made of, leaf upwards. RFC 6962 section 2.1.1.

    Raises:
        ProofError: ``range``, unless ``0 <= index < size``.
    """
    if not 0 <= index < size:
        raise ProofError("range", f"entry {index} is not in a tree of {size}")
    ranges, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return [subtrees(*span) for span in reversed(ranges)]


def consistency_coords(old: int, new: int) -> list[list[Coords]]:
    """What each hash of a consistency proof is made of. RFC 6962 section 2.1.2.

    Raises:
        ProofError: ``range``, unless ``0 <= old <= new``.
    """
    if not 0 <= old <= new:
        raise ProofError("range", f"a tree of {new} does not extend one of {old}")
    if old in (0, new):
        return []
    ranges, start, end = [], 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    return [subtrees(*span) for span in reversed(ranges)]


def inclusion_proof(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """The siblings of leaf ``index`` in the tree of ``size`` leaves, leaf upwards; one read.

    Raises:
        ProofError: ``range``, or what ``read`` raises.
    """
    return _read_folded(inclusion_coords(index, size), read)


def consistency_proof(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """What shows that the tree of ``old`` leaves is the beginning of that of ``new``; one read.

    Raises:
        ProofError: ``range``, or what ``read`` raises.
    """
    return _read_folded(consistency_coords(old, new), read)


def _read_folded(parts: Sequence[Sequence[Coords]], read: HashReader) -> tuple[bytes, ...]:
    hashes = iter(read([coords for part in parts for coords in part]))
    return tuple(fold([next(hashes) for _ in part]) for part in parts)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` is leaf ``index`` of the tree of ``size`` leaves that ``root`` commits to.

    Args:
        leaf: the leaf's hash.
        index: zero-based, below ``size``.
        path: 32-byte siblings, leaf upwards.

    Raises:
        ProofError: ``inclusion``: wrong length, or another root. Source: RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ProofError("inclusion", f"entry {index} is not in a tree of {size}")
    node, last, result = index, size - 1, leaf
    for sibling in path:
        if last == 0 or len(sibling) != HASH_SIZE:
            raise ProofError("inclusion", "the proof has not the shape that this tree needs")
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last or result != root:
        raise ProofError("inclusion", "the proof does not lead from this entry to the signed root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the tree of ``new`` leaves begins with the tree of ``old`` leaves.

    Raises:
        ProofError: ``consistency``. Source: RFC 9162 section 2.1.4.2; an empty old tree needs an empty proof.
    """
    if not 0 <= old <= new:
        raise ProofError("consistency", f"a tree of {new} does not extend one of {old}")
    if old in (0, new):
        if path or old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ProofError("consistency", "the two trees are not the same")
        return
    # a complete old tree is its own first subtree, so the proof leaves it out
    if _climb(old, new, [old_root, *path] if old & (old - 1) == 0 else path) != (old_root, new_root):
        raise ProofError("consistency", "the proof does not lead from the old root to the new one")


def _climb(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that ``path`` leads to, or None if it has not the right shape."""
    if not path or any(len(sibling) != HASH_SIZE for sibling in path):
        return None
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_root = new_root = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_root = node_hash(new_root, sibling)
        node, last = node >> 1, last >> 1
    return (old_root, new_root) if last == 0 else None


class Frontier:
    """The right edge of a growing tree: the complete subtrees that ``size`` is made of, and nothing else.

    Attributes:
        size: leaves so far.
        peaks: the hash of the complete subtree of each level whose bit is set in ``size``.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Mapping[int, bytes] | None = None) -> None:
        self.size = size
        self.peaks = dict(peaks or {})
        if [level for level in range(size.bit_length()) if size >> level & 1] != sorted(self.peaks):
            raise ProofError("frontier", f"these subtrees do not make a tree of {size}")

    @classmethod
    def from_hashes(cls, size: int, read: HashReader) -> Frontier:
        """Take up a tree of ``size`` leaves where it was left; one read."""
        coords = subtrees(0, size)
        return cls(size, {level: found for (level, _), found in zip(coords, read(coords), strict=True)})

    def root(self) -> bytes:
        """The root of the tree so far."""
        return (
            fold([self.peaks[level] for level in sorted(self.peaks, reverse=True)])
            if self.size
            else EMPTY_ROOT
        )

    def append(self, leaf: bytes) -> list[tuple[Coords, bytes]]:
        """Add one leaf's hash; returns the nodes that it completes, itself first."""
        index, level, carried = self.size, 0, leaf
        completed = [((0, index), leaf)]
        while index >> level & 1:
            carried = node_hash(self.peaks.pop(level), carried)
            level += 1
            completed.append(((level, index >> level), carried))
        self.peaks[level] = carried
        self.size += 1
        return completed
