"""Random and mutated bytes for every decoder: nothing may be raised, kept for ever, or acknowledged wrongly.

    .venv/bin/python -m infra.bench.fuzz [--bytes 10000000] [decoder ...]

Exit status 1 when anything was found.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from infra.bench import fuzz_http, fuzz_targets
from infra.bench.fuzz_targets import Swallowed
from infra.bench.result import record

SEED = 20_260
_ALLOWED_GROWTH = 2_000_000


class Target(NamedTuple):
    """A decoder: good streams to start from, how to make a mutated one plausible again, and how to feed it."""

    seeds: tuple[bytes, ...]
    seal: Callable[[bytes], bytes]
    swallow: Callable[[Iterable[bytes]], Swallowed]
    by_datagram: bool = False


DECODERS: Mapping[str, Target] = {
    "wialon_ips": Target(fuzz_targets.WIALON, fuzz_targets.as_line, fuzz_targets.swallow_wialon),
    "wialon_ips_2": Target(fuzz_targets.WIALON, fuzz_targets.as_signed_line, fuzz_targets.swallow_wialon_2),
    "wialon_ips_udp": Target(
        fuzz_targets.WIALON, fuzz_targets.as_named, fuzz_targets.swallow_wialon_datagrams, by_datagram=True
    ),
    "teltonika": Target(fuzz_targets.TELTONIKA, fuzz_targets.as_frame, fuzz_targets.swallow_teltonika),
    "teltonika_udp": Target(
        fuzz_targets.TELTONIKA,
        fuzz_targets.as_channel_packet,
        fuzz_targets.swallow_teltonika_datagrams,
        by_datagram=True,
    ),
    "osmand": Target(fuzz_http.OSMAND_FORM, bytes, fuzz_http.swallow_osmand_form, by_datagram=True),
    "traccar_client": Target(fuzz_http.OSMAND_CLIENT, bytes, fuzz_http.swallow_osmand_client, by_datagram=True),
    "traccar": Target(fuzz_http.TRACCAR, bytes, fuzz_http.swallow_traccar, by_datagram=True),
    "api_batch": Target(fuzz_http.BATCH, bytes, fuzz_http.swallow_batch, by_datagram=True),
}


def main() -> None:
    """Feed every decoder, or those named as arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("decoders", nargs="*", metavar="decoder", help=f"{', '.join(DECODERS)}; all when none is named")
    parser.add_argument("--bytes", type=int, default=10_000_000, help="for each decoder")
    options = parser.parse_args()
    if unknown := set(options.decoders) - DECODERS.keys():
        parser.error(f"there is no decoder {', '.join(sorted(unknown))}")
    results = {name: fuzz(DECODERS[name], size=options.bytes, seed=SEED) for name in options.decoders or DECODERS}
    record("fuzz", results)
    sys.exit(1 if any(is_bad(result) for result in results.values()) else 0)


def is_bad(result: Mapping[str, Any]) -> bool:
    """Whether a decoder did what it must not."""
    return bool(result["exceptions"] or result["wrong_answers"] or result["grown_bytes"] > _ALLOWED_GROWTH)


def fuzz(target: Target, *, size: int, seed: int) -> dict[str, Any]:
    """Feed a decoder so many bytes, the same for the same seed. What it gave back, and what it should not have."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    exceptions: dict[str, str] = {}
    wrong: list[str] = []
    settled = 0
    tracemalloc.start()
    try:
        while counts["bytes"] < size:
            chunks = _pieces(target, dice)
            if not target.by_datagram:
                chunks = _cut(b"".join(chunks), dice)
            counts["bytes"] += sum(map(len, chunks))
            try:
                swallowed = target.swallow(chunks)
            except Exception as problem:  # whatever it is: that is what is looked for
                exceptions.setdefault(f"{type(problem).__name__}: {problem}", b"".join(chunks)[:200].hex())
                continue
            counts["records"] += swallowed.records
            counts["refused"] += swallowed.refused
            wrong += swallowed.wrong
            if not settled and counts["bytes"] > size // 10:
                settled = _in_use()
        grown = _in_use() - settled
    finally:
        tracemalloc.stop()
    return {
        **counts,
        "exceptions": exceptions,
        "wrong_answers": wrong[:5],
        "grown_bytes": grown,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _in_use() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _pieces(target: Target, dice: random.Random) -> list[bytes]:
    """A few pieces one after the other: noise, good ones, broken ones, and broken ones that were made plausible."""
    return [_piece(target, dice) for _ in range(dice.randint(1, 6))]


def _piece(target: Target, dice: random.Random) -> bytes:
    kind = dice.random()
    if kind < 0.1:
        return dice.randbytes(dice.randint(0, 300))
    seed = dice.choice(target.seeds)
    if kind < 0.3:
        return target.seal(seed)
    if kind < 0.6:
        return _mutate(target.seal(seed), dice)
    return target.seal(_mutate(seed, dice))


def _mutate(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randint(0, len(changed))
        many = dice.choice((1, 1, 2, 4, dice.randint(1, 60)))
        change = dice.randrange(5)
        if change == 0:
            del changed[at : at + many]
        elif change == 1:
            changed[at:at] = dice.randbytes(many)
        elif change == 2:
            changed[at : at + many] = bytes([dice.choice((0, 1, 127, 128, 255))]) * many
        elif change == 3:
            changed[at:at] = changed[at : at + many]
        elif at < len(changed):
            changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _cut(stream: bytes, dice: random.Random) -> list[bytes]:
    """The stream, cut anywhere."""
    cuts = sorted(dice.randint(0, len(stream)) for _ in range(dice.randint(0, 3)))
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


if __name__ == "__main__":
    main()
