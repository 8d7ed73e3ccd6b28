"""A memory that forgets: bounded in number and in time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The newest `most` entries, each for `for_s` seconds. The clock is the caller's."""

    __slots__ = ("_entries", "_for_s", "_most")

    def __init__(self, *, most: int, for_s: float) -> None:
        self._most = most
        self._for_s = for_s
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: K, value: V, now: float) -> None:
        """Remember `value`; what was remembered of `key` before is gone."""
        self._entries.pop(key, None)
        self._entries[key] = now + self._for_s, value
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def forget(self, key: K) -> None:
        """Remember nothing of `key`."""
        self._entries.pop(key, None)

    def get(self, key: K, now: float) -> tuple[V] | None:
        """What is remembered of `key`, in a tuple, because what is remembered may be None; None when nothing is."""
        entry = self._entries.get(key)
        return (entry[1],) if entry is not None and entry[0] > now else None
