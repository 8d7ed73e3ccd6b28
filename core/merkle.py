"""The arithmetic of a Merkle log: hashes, roots, proofs that an entry is in it, proofs that it only grew. Pure.

Source: RFC 9162 sections 2.1.1 (hashes), 2.1.3 (inclusion), 2.1.4 (consistency); the same tree as RFC 6962.
A node is named (level, index): level 0 are the leaves, and node (l, i) covers the leaves from i * 2**l on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
Node = tuple[int, int]
GetNode = Callable[[int, int], bytes]


def leaf_hash(content: bytes) -> bytes:
    """The hash of an entry as it stands in the tree."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def chain_hash(before: bytes, leaf: bytes) -> bytes:
    """The hash that chains a leaf to all before it; the first stands on 32 zero bytes."""
    return hashlib.sha256(before + leaf).digest()


def find_frontier(size: int) -> list[Node]:
    """The complete subtrees of which the tree of `size` leaves consists, without a right sibling yet."""
    return [(level, (size >> level) - 1) for level in range(size.bit_length()) if size >> level & 1]


def extend(size: int, frontier: Mapping[Node, bytes], leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """All complete nodes that `leaves` add to a tree of `size` leaves, themselves included."""
    made: dict[Node, bytes] = {}
    fresh, index, level = list(leaves), size, 0
    while fresh:
        made.update({(level, index + n): value for n, value in enumerate(fresh)})
        if index % 2:
            fresh.insert(0, frontier[level, index - 1])
            index -= 1
        fresh = [node_hash(fresh[n], fresh[n + 1]) for n in range(0, len(fresh) - 1, 2)]
        index //= 2
        level += 1
    return made


def subtree_root(low: int, high: int, node: GetNode) -> bytes:
    """The root over the leaves from `low` up to, not including, `high`."""
    size = high - low
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0 and low % size == 0:
        level = size.bit_length() - 1
        return node(level, low >> level)
    middle = low + _split(size)
    return node_hash(subtree_root(low, middle, node), subtree_root(middle, high, node))


def prove_inclusion(position: int, size: int, node: GetNode) -> list[bytes]:
    """The path that proves the leaf at `position` in the tree of `size` leaves (2.1.3.1), from the leaf up."""
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if position < middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    return [subtree_root(*part, node) for part in reversed(path)]


def root_from_inclusion(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the path leads to (2.1.3.2); None when it does not fit the position."""
    if not 0 <= position < size:
        return None
    inner, last, value = position, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if inner % 2 or inner == last:
            value = node_hash(sibling, value)
            while inner % 2 == 0 and inner:
                inner, last = inner >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        inner, last = inner >> 1, last >> 1
    return value if last == 0 else None


def prove_consistency(old: int, new: int, node: GetNode) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with the tree of `old` (2.1.4.1); both at least 1."""
    return [subtree_root(*part, node) for part in _consistency_parts(old, 0, new, is_whole=True)]


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the proof shows that the newer tree only adds to the older (2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    inner, last = old - 1, new - 1
    while inner % 2:
        inner, last = inner >> 1, last >> 1
    if not rest:
        return False
    first = second = rest[0]
    for value in rest[1:]:
        if last == 0:
            return False
        if inner % 2 or inner == last:
            first, second = node_hash(value, first), node_hash(value, second)
            while inner % 2 == 0 and inner:
                inner, last = inner >> 1, last >> 1
        else:
            second = node_hash(second, value)
        inner, last = inner >> 1, last >> 1
    return first == old_root and second == new_root and last == 0


def find_needed(ask: Callable[[GetNode], object]) -> set[Node]:
    """Which nodes a computation asks for, so that they can be read at once."""
    needed: set[Node] = set()

    def note(level: int, index: int) -> bytes:
        needed.add((level, index))
        return b""

    ask(note)
    return needed


class GrowingRoot:
    """The root of a tree whose leaves come one after another, in memory for its frontier alone."""

    def __init__(self) -> None:
        self.size = 0
        self._frontier: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        level, value = 0, leaf
        while self._frontier and self._frontier[-1][0] == level:
            value = node_hash(self._frontier.pop()[1], value)
            level += 1
        self._frontier.append((level, value))
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root of what has come."""
        values: Iterable[bytes] = (value for _, value in reversed(self._frontier))
        root: bytes | None = None
        for value in values:
            root = value if root is None else node_hash(value, root)
        return EMPTY_ROOT if root is None else root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _consistency_parts(old: int, low: int, high: int, *, is_whole: bool) -> list[tuple[int, int]]:
    size = high - low
    if old == size:
        return [] if is_whole else [(low, high)]
    middle = _split(size)
    if old <= middle:
        return [*_consistency_parts(old, low, low + middle, is_whole=is_whole), (low + middle, high)]
    return [*_consistency_parts(old - middle, low + middle, high, is_whole=False), (low, low + middle)]
