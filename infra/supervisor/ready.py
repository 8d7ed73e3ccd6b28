"""Tells the person at the console when the product is ready, and how to get in."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any

from core.config import Config
from infra.supervisor.output import Output

POLL_S = 0.2
PATIENCE_S = 90.0


def announce_when_ready(config: Config, output: Output, told_to_stop: Callable[[], bool]) -> None:
    """Ask /healthz until it says ok, then show the box; say once what is wrong if it takes too long."""
    impatient_at = time.monotonic() + PATIENCE_S
    while not told_to_stop():
        health = _ask(config)
        if health.get("status") == "ok":
            output.show(box(welcome(config)))
            output.say(f"Ready: {config.base_url}")
            return
        if time.monotonic() > impatient_at:
            output.say(f"Not ready after {PATIENCE_S:.0f} s; {config.base_url}/healthz says {json.dumps(health)}")
            impatient_at = float("inf")
        time.sleep(POLL_S)


def welcome(config: Config) -> list[str]:
    """The lines of the box. The logins are those that seeding wrote to demo.json."""
    return [
        "Equinomix ERP is ready",
        "",
        f"  {config.base_url}",
        "",
        *_logins(config),
        "",
        f"Logs: {config.home / 'logs'}",
        _about_the_fleet(config),
        "Ctrl-C stops everything; the data stays.",
    ]


def box(lines: list[str]) -> str:
    """The lines in a frame."""
    width = max(map(len, lines))
    rule = "─" * (width + 2)
    body = "".join(f"│ {line:<{width}} │\n" for line in lines)
    return f"\n┌{rule}┐\n{body}└{rule}┘\n\n"


def _ask(config: Config) -> dict[str, Any]:
    host, _, port = config.local_url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=2)
    try:
        connection.request("GET", "/healthz")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as failure:
        return {"status": "unreachable", "reason": str(failure)}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {"status": "not a health report"}


def _logins(config: Config) -> list[str]:
    file = config.home / "demo.json"
    try:
        users = json.loads(file.read_text())["users"].items()
        return [f"  {role:<10} {user['email']:<34} {user['password']}" for role, user in users]
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return [f"  Logins: those you created ({file} holds none)."]


def _about_the_fleet(config: Config) -> str:
    if config.wialon.base_url != f"http://127.0.0.1:{config.simulator_port}":
        roads = [url for url in (config.wialon.base_url, config.traccar.base_url) if url]
        where = " and ".join(roads) or "nowhere, since ERP_WIALON_URL and ERP_TRACCAR_URL are empty"
        return f"Locks go to {where}: these vehicles are real."
    if not (config.home / "fleet.json").exists():
        return "Locks go to a simulator that has no vehicles: set ERP_WIALON_URL to reach real ones."
    if config.fleet_size == 0:
        return "No simulated vehicles (ERP_FLEET=0); locks go to a simulator."
    return f"The fleet is simulated: {config.fleet_size} vehicles; nothing real moves or is locked."
