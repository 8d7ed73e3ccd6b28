"""The tree of the audit log, against a naive one made from the definition (RFC 9162 section 2.1.1)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.merkle import (
    EMPTY_ROOT,
    GrowingRoot,
    Node,
    extend,
    find_frontier,
    is_consistent,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_from_inclusion,
    subtree_root,
)

MOST = 70
LEAVES = [leaf_hash(str(n).encode()) for n in range(MOST)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(naive_root(leaves[:half]), naive_root(leaves[half:]))


@pytest.fixture(scope="module")
def nodes() -> dict[Node, bytes]:
    """All nodes of the tree of all leaves, grown in batches of many sizes."""
    known: dict[Node, bytes] = {}
    size, batch = 0, 1
    while size < MOST:
        fresh = LEAVES[size : size + batch]
        known |= extend(size, {name: known[name] for name in find_frontier(size)}, fresh)
        size, batch = size + len(fresh), batch % 7 + 2
    return known


sizes = st.integers(1, MOST)


class TestTheTree:
    @given(sizes)
    def test_has_the_root_of_the_definition_however_it_grew(self, nodes: dict[Node, bytes], size: int) -> None:
        growing = GrowingRoot()
        for leaf in LEAVES[:size]:
            growing.add(leaf)
        root = subtree_root(0, size, lambda level, index: nodes[level, index])
        assert root == growing.root == naive_root(LEAVES[:size])

    @given(sizes, st.data())
    def test_proves_that_each_leaf_is_in_it_and_no_other_in_its_place(
        self, nodes: dict[Node, bytes], size: int, data: st.DataObject
    ) -> None:
        position = data.draw(st.integers(0, size - 1))
        path = prove_inclusion(position, size, lambda level, index: nodes[level, index])
        root = naive_root(LEAVES[:size])
        assert root_from_inclusion(LEAVES[position], position, size, path) == root
        assert root_from_inclusion(leaf_hash(b"forged"), position, size, path) != root
        for other in {0, position + 1, size} - {position}:
            assert root_from_inclusion(LEAVES[position], other, size, path) != root

    @given(sizes, st.data())
    def test_proves_that_it_only_grew(self, nodes: dict[Node, bytes], new: int, data: st.DataObject) -> None:
        old = data.draw(st.integers(1, new))
        path = prove_consistency(old, new, lambda level, index: nodes[level, index])
        before, after = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
        assert is_consistent(old, new, before, after, path)
        forged = naive_root([leaf_hash(b"forged"), *LEAVES[1:old]])
        assert not is_consistent(old, new, forged, after, path)

    def test_of_nothing_has_the_hash_of_nothing(self) -> None:
        assert subtree_root(0, 0, lambda level, index: b"") == EMPTY_ROOT
