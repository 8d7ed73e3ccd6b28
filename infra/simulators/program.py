"""The program: wait for the fleet file, open the platforms, put the fleet on the road, report now and then."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
from functools import partial
from pathlib import Path
from random import Random

from infra.simulators.fleet import memories
from infra.simulators.fleet.session import Counts, Session
from infra.simulators.fleet.vehicle import Memory
from infra.simulators.fleet_file import Device, FleetFile, wait_for_fleet_file
from infra.simulators.settings import Settings
from infra.simulators.teltonika import control as teltonika
from infra.simulators.teltonika.fleet import Trackers
from infra.simulators.traccar import server as traccar
from infra.simulators.unit import Unit
from infra.simulators.wialon import server as wialon
from infra.simulators.world import Fitting, World

log = logging.getLogger(__name__)

REPORT_EVERY_S = 30
REMEMBER_EVERY_S = 5


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    this = asyncio.current_task()
    assert this is not None
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_, this.cancel)
    try:
        await _simulate(settings)
    except asyncio.CancelledError:
        log.info("stopped")


async def _simulate(settings: Settings) -> None:
    plan = await wait_for_fleet_file(settings.fleet_file)
    world = World(seed=settings.seed)
    platform = await wialon.serve(
        world, plan.wialon.host, plan.wialon.port, token=plan.wialon.token, seed=settings.seed
    )
    if plan.traccar is not None:
        server = await traccar.serve(
            world, plan.traccar.host, plan.traccar.port, token=plan.traccar.token, seed=settings.seed
        )
        log.info("traccar simulator ready at %s", server.base_url)
    trackers = None
    if plan.teltonika is not None:
        trackers = Trackers((plan.teltonika.host, plan.teltonika.port))
        base_url = await teltonika.serve(world, trackers, plan.teltonika.host, plan.teltonika.control_port)
        log.info("teltonika simulator ready at %s", base_url)
    await world.add_fleet(plan.devices, partial(_fit, plan, trackers), memories.load(settings.memory_file))
    log.info("platform simulator ready at %s, %d vehicles on the road", platform.base_url, len(plan.devices))
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_keep_remembering(world, settings.memory_file))
            tasks.create_task(_report(world))
    finally:
        memories.save(settings.memory_file, world.memories())


def _fit(plan: FleetFile, trackers: Trackers | None, device: Device) -> Fitting:
    if device.protocol == "teltonika" and trackers is not None:
        return trackers.fit

    def fit(unit: Unit, counts: Counts, rng: Random) -> Session:
        server = (plan.ips.host, plan.ips.port)
        return Session(
            unit.tracker, uid=device.device_uid, key=device.device_key, server=server, counts=counts, rng=rng
        )

    return fit


async def _keep_remembering(world: World, file: Path) -> None:
    """Every few seconds, and within one when a relay was switched: that must survive even a SIGKILL."""
    kept: dict[str, Memory] = {}
    for second in itertools.count():
        await asyncio.sleep(1)
        now = world.memories()
        switched = any(uid in kept and kept[uid].outputs != memory.outputs for uid, memory in now.items())
        if switched or second % REMEMBER_EVERY_S == 0:
            memories.save(file, now)
            kept = now


async def _report(world: World) -> None:
    counts = world.counts
    frames, acknowledged = 0, 0
    while True:
        await asyncio.sleep(REPORT_EVERY_S)
        log.info(
            "fleet: %d of %d connected, %.1f frames/s, %.1f records acknowledged/s, %d waiting, %d refused",
            counts.connected,
            len(world.units),
            (counts.frames - frames) / REPORT_EVERY_S,
            (counts.acknowledged - acknowledged) / REPORT_EVERY_S,
            counts.waiting,
            counts.refused,
        )
        frames, acknowledged = counts.frames, counts.acknowledged
