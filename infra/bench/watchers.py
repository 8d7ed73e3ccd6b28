"""Two who watch the fleet: a real browser with the board open, and a bare websocket client as the yardstick."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from playwright.async_api import Page, async_playwright
from simple_websocket import AioClient

from infra import browser as browsers
from infra.bench.trackers import Fix

LOOK_EVERY_S = 0.5
ROWS = "[...erpBoard.vehicles.values()].map(v => [v.vehicle_id, v.ts, v.received_at, erpBoard.fixSeenAt(v.vehicle_id)])"


@dataclass
class Sightings:
    """When each fix was seen, seconds since 1970, and when the gateway had received it."""

    seen: dict[Fix, float] = field(default_factory=dict)
    received: dict[Fix, float] = field(default_factory=dict)

    def note(self, vehicle_id: int, ts: int | None, received_at: int | None, seen_at: float) -> None:
        """Keep the first sighting of a fix; a vehicle without one yet is nothing to see."""
        if ts is not None and received_at is not None and (vehicle_id, ts) not in self.seen:
            self.seen[vehicle_id, ts] = seen_at
            self.received[vehicle_id, ts] = received_at / 1000


@asynccontextmanager
async def open_board(base_url: str, cookie: str) -> AsyncIterator[Page]:
    """The operator's board in a browser, hearing the fleet live."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=browsers.find_or_install(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        await context.add_cookies([{"name": "erp_session", "value": cookie, "url": base_url}])
        page = await context.new_page()
        await page.goto(f"{base_url}/operator/")
        await page.wait_for_selector("[data-board=line][data-line=live]")
        yield page
        await browser.close()


async def watch_board(page: Page, sightings: Sightings) -> None:
    """Note until cancelled when the board wrote each fix into its row; the page itself keeps the moment."""
    while True:
        for vehicle_id, ts, received_at, seen_ms in await page.evaluate(ROWS):
            sightings.note(vehicle_id, ts, received_at, seen_ms / 1000)
        await asyncio.sleep(LOOK_EVERY_S)


async def watch_raw(base_url: str, cookie: str, sightings: Sightings) -> None:
    """Note until cancelled when each fix arrives at a client that does nothing but listen."""
    url = f"{base_url.replace('http', 'ws', 1)}/live"
    # This client leaves the port out of its Host; the Origin must be of the same host to be let in.
    own_page = {"Cookie": f"erp_session={cookie}", "Origin": base_url.rpartition(":")[0]}
    client = await AioClient.connect(url, headers=own_page, receive_bytes=65_536)
    while True:
        message = orjson.loads(await client.receive())
        now = time.time()
        for row in message.get("vehicles", ()):
            sightings.note(row["vehicle_id"], row["ts"], row["received_at"], now)
