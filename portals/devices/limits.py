"""How much a device may ask of the gateway, and how long the gateway waits for anyone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes. One connection costs at most about two frames of memory."""

    connections: int = 5_000
    frame_bytes: int = 64 * 1024
    receive_bytes: int = 16 * 1024
    unread_answer_bytes: int = 16 * 1024

    login_s: float = 30.0
    idle_s: float = 600.0
    frame_s: float = 60.0  # first to last byte of one frame; a full one takes half a minute over GPRS
    close_s: float = 5.0
    sweep_s: float = 1.0

    frames_in_flight: int = 64
    readings_in_flight: int = 1_000
    waiting_readings: int = 10_000

    batch_readings: int = 2_000
    batch_linger_s: float = 0.025
    retry_after_s: tuple[float, ...] = (0.1, 0.4, 1.0, 2.0)
    drain_s: float = 8.0
    beat_s: float = 2.0

    remembered_devices: int = 10_000
    identity_s: float = 5.0  # how long a device that reports by UDP stays who it is without being asked for again
    identifying: int = 256  # datagrams that wait for somebody to say whose they are
    note_again_s: float = 60.0  # a device that nobody knows is noted so often
    notes_a_minute: int = 120  # and so many of all of them
