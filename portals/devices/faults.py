"""What is wrong with what a device sent."""

from __future__ import annotations


class Malformed(Exception):
    """A report cannot be read; `detail` says what is wrong with it and what is wanted."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
