"""Work that would be done anew for each application that a test makes, though its outcome is always the same.

Half of what a test of a page cost was compiling the same routes and templates again. Both are pure: a route's builder
is a function of what the route says, a template's code one of its source.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule


def compile_routes_once() -> None:
    """Let routes that say the same share what builds their addresses."""
    compile_builder = Rule._compile_builder
    made: dict[object, Callable[..., tuple[str, str]]] = {}

    def find_or_compile(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(rule._trace), tuple((rule.defaults or {}).items()), append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    Rule._compile_builder = find_or_compile  # type: ignore[method-assign]


class _Templates(BytecodeCache):
    def __init__(self) -> None:
        self.made: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.made.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.made[bucket.key, bucket.checksum] = bucket.code  # type: ignore[assignment]


_TEMPLATES = _Templates()


def share_templates(app: Flask) -> None:
    """Let an application take templates as another of this process compiled them."""
    environment: Any = app.jinja_env
    environment.bytecode_cache = _TEMPLATES
