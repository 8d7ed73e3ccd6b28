"""A bounded run of what `make fuzz` does for long."""

from __future__ import annotations

import pytest

from infra.bench.fuzz import DECODERS, Target, fuzz, is_bad
from infra.bench.fuzz_targets import Swallowed


class TestDecoder:
    @pytest.mark.parametrize("name", DECODERS)
    def test_raises_nothing_keeps_nothing_and_acknowledges_nothing_wrong(self, name: str) -> None:
        result = fuzz(DECODERS[name], size=60_000, seed=1)
        assert not is_bad(result), result
        assert result["records"] > 50
        assert result["refused"] > 50


class TestFuzzer:
    def test_is_the_same_for_the_same_seed(self) -> None:
        first, second = (fuzz(DECODERS["teltonika"], size=5_000, seed=7) for _ in range(2))
        assert [first[key] for key in ("bytes", "records", "refused")] == [
            second[key] for key in ("bytes", "records", "refused")
        ]

    def test_notices_a_decoder_that_raises(self) -> None:
        result = fuzz(_target(lambda chunks: [][0]), size=1_000, seed=1)
        assert "IndexError: list index out of range" in result["exceptions"]
        assert is_bad(result)

    def test_notices_a_decoder_that_answers_wrongly(self) -> None:
        assert is_bad(fuzz(_target(lambda chunks: Swallowed(wrong=["yes"])), size=1_000, seed=1))

    def test_notices_a_decoder_that_keeps_what_it_is_fed(self) -> None:
        kept: list[bytes] = []

        def swallow(chunks: list[bytes]) -> Swallowed:
            kept.append(bytes(100_000))
            return Swallowed()

        assert is_bad(fuzz(_target(swallow), size=20_000, seed=1))


def _target(swallow: object) -> Target:
    return Target((b"#P#",), lambda packet: packet, swallow)  # type: ignore[arg-type]
