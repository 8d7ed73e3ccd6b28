"""The product to measure: the one that runs in this home, else one that is started for the measurement."""

from __future__ import annotations

import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from core.config import Config
from infra.errors import CannotStart

ERP = Path(sysconfig.get_path("scripts")) / "erp"
READY_S = 240.0
STOP_S = 40.0


@contextmanager
def running_product(config: Config) -> Iterator[None]:
    """Make sure that the product of `config.home` runs; one that was started here is stopped again."""
    if _is_well(config):
        yield
        return
    log = config.home / "bench" / "product.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = subprocess.Popen([ERP, "run"], stdout=output, stderr=subprocess.STDOUT)
    try:
        _await_ready(config, started, log)
        yield
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(STOP_S)


def read_logins(config: Config) -> dict[str, Any]:
    """What the product wrote for whoever wants in."""
    logins: dict[str, Any] = orjson.loads((config.home / "demo.json").read_bytes())
    return logins


def sign_in(base_url: str, user: Mapping[str, str]) -> str:
    """The session cookie of somebody (`email`, `password`), as a browser would send it."""
    with httpx.Client(base_url=base_url, trust_env=False) as http:
        form = http.get("/sign-in").text
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = http.post("/sign-in", data={"csrf_token": token, **user})
        if answer.status_code != httpx.codes.FOUND:
            raise CannotStart(
                f"Signing in as {user['email']} was answered {answer.status_code}. Is it of this product?"
            )
        return http.cookies["erp_session"]


def _await_ready(config: Config, started: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not _is_well(config):
        if started.poll() is not None or time.monotonic() > deadline:
            raise CannotStart(f"The product did not get ready; its words are in {log}.")
        time.sleep(0.5)


def _is_well(config: Config) -> bool:
    try:
        answer = httpx.get(f"{config.base_url}/healthz", timeout=2, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(answer["status"] == "ok" and (config.home / "demo.json").exists())
