"""What is to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Program:
    """A command with the name its lines carry. `env` is added to the environment all programs share."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """`steps` run one after the other to their end; then `programs` run together until told to stop."""

    steps: tuple[Program, ...]
    programs: tuple[Program, ...]
