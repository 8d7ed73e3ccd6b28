"""The decoders as the fuzzer feeds them, each with an examiner of its answers that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from portals.devices.conversation import (
    Conversation,
    Datagram,
    Fitted,
    Login,
    Ping,
    Records,
    Reply,
    Unreadable,
)
from portals.devices.crc16 import crc16
from portals.devices.teltonika import frames
from portals.devices.teltonika.conversation import TeltonikaConversation
from portals.devices.teltonika.datagrams import open_datagram as open_teltonika
from portals.devices.wialon_ips.conversation import WialonConversation
from portals.devices.wialon_ips.datagrams import open_datagram as open_wialon

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UID = b"860000000000001"
_FITTED = Fitted(1)
_FRAME_BYTES = 64 * 1024

_SD = b"270413;205601;5544.6025;N;03739.6834;E;1;2;3;4"
WIALON = (
    b"#SD#" + _SD,
    b"#D#" + _SD + b";0.9;3;1;14.77,0.02;NA;ign:1:1,rpm:1:1850,fuel:2:45.8,hw:3:V4.5,dtc:3:P0299",
    b"#B#" + _SD + b"|" + _SD + b"|junk|" + _SD,
    b"#M#hello",
    b"#P#",
    b"#L#860000000000001;NA",
)
TELTONIKA = (
    bytes.fromhex(
        "08010000015ebc1da508002411926621f15246010b00b913005e000f06ef01f00150011505c800450108b5000bb6000642381b18005ecd03"
        "18ce19cd430f5844000001f1000061a90001"
    ),
    bytes.fromhex(
        "8e0100000178b11c9e1000040bbbc91f03190c002100e113001300000002000600ef0100f00100150300c800004501001e0700000000000000"
        "010119000550303239390" + "1"
    ),
    bytes.fromhex(
        "10020000016BDBC7833000000000000000000000000000000000000B05040200010000030002000B00270042563A00000000016BDBC787"
        "1800000000000000000000000000000000000B05040200010000030002000B00260042563A00000" + "2"
    ),
    bytes.fromhex("0C0106000000026F6B01"),
)


@dataclass
class Swallowed:
    """What a decoder made of a stream: how many records it would acknowledge, what it refused, what it said wrongly."""

    records: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)


def as_line(packet: bytes) -> bytes:
    """A packet of Wialon IPS 1.1."""
    return packet + b"\r\n"


def as_signed_line(packet: bytes) -> bytes:
    """A packet of Wialon IPS 2.0, its checksum right."""
    head, kind, body = [*packet.split(b"#", 2), b"", b""][:3]
    body += b"|" if kind == b"B" else b";"
    return b"%b#%b#%b%04X\r\n" % (head, kind, body, crc16(body))


def as_named(packet: bytes) -> bytes:
    """A datagram of Wialon IPS."""
    return UID + packet


def as_frame(content: bytes) -> bytes:
    """A frame of Teltonika, its length and checksum right."""
    return frames.frame(content)


def as_channel_packet(content: bytes) -> bytes:
    """A datagram of Teltonika, its lengths right."""
    rest = b"\xca\xfe\x01\x05\x00\x0f" + UID + content
    return len(rest).to_bytes(2, "big") + rest


def swallow_wialon(chunks: Iterable[bytes]) -> Swallowed:
    """A TCP stream of version 1.1."""
    return _converse(WialonConversation(_FRAME_BYTES), chunks, _examine_wialon)


def swallow_wialon_2(chunks: Iterable[bytes]) -> Swallowed:
    """A TCP stream of version 2.0: what is acknowledged must have carried a right checksum.

    Unless the device logs in anew on the way, and as version 1.1.
    """
    conversation = WialonConversation(_FRAME_BYTES)
    conversation.feed(as_signed_line(b"#L#2.0;860000000000001;NA"))
    conversation.next_packet(lambda: NOW)
    stream = b"".join(chunks)

    def examine(records: Records, answer: bytes) -> str:
        signed = any(_is_signed(line) or _is_plain_login(line) for line in stream.split(b"\n") if b"#" in line)
        if records.good and not signed and b"\xff" not in stream:
            return f"{answer!r} to a stream without one right checksum"
        return _examine_wialon(records, answer)

    return _converse(conversation, [stream], examine)


def swallow_teltonika(chunks: Iterable[bytes]) -> Swallowed:
    """A TCP stream: the answers must be those to the frames of which length, checksum and counts are right."""
    chunks = list(chunks)
    expected = list(_counts_of_right_frames(b"".join(chunks)))

    def examine(records: Records, answer: bytes) -> str:
        if answer and (not expected or int.from_bytes(answer, "big") != expected.pop(0)):
            return f"{answer.hex()} is not the answer to a right frame"
        return ""

    return _converse(TeltonikaConversation(), chunks, examine)


def swallow_wialon_datagrams(chunks: Iterable[bytes]) -> Swallowed:
    """Each chunk is a datagram."""
    return _open(open_wialon, chunks, _examine_wialon)


def swallow_teltonika_datagrams(chunks: Iterable[bytes]) -> Swallowed:
    """Each chunk is a datagram, answered with its own packet ids and no more records than it counts twice."""
    chunks = list(chunks)

    def examine(records: Records, answer: bytes) -> str:
        right = any(
            len(data) > 8 and answer[2:4] == data[2:4] and answer[5] == data[5] and answer[6] == data[-1]
            for data in chunks
        )
        return "" if right and len(answer) == 7 else f"{answer.hex()} answers none of the datagrams"

    return _open(open_teltonika, chunks, examine)


Examine = Callable[[Records, bytes], str]


def _converse(conversation: Conversation, chunks: Iterable[bytes], examine: Examine) -> Swallowed:
    swallowed = Swallowed()
    conversation.welcome(_FITTED)
    try:
        for chunk in chunks:
            conversation.feed(chunk)
            while (packet := conversation.next_packet(lambda: NOW)) is not None:
                if isinstance(packet, Reply):
                    packet = packet.unasked
                if not isinstance(packet, Login | Ping):
                    _note(swallowed, packet, examine)
            if conversation.waiting > 2 * _FRAME_BYTES:
                swallowed.wrong.append(f"{conversation.waiting} bytes are kept")
    except Unreadable:
        swallowed.refused += 1
    return swallowed


def _open(open_datagram: Callable[[bytes], Datagram], chunks: Iterable[bytes], examine: Examine) -> Swallowed:
    swallowed = Swallowed()
    for chunk in chunks:
        try:
            packet = open_datagram(chunk).read(_FITTED, NOW)
        except Unreadable:
            swallowed.refused += 1
        else:
            if not isinstance(packet, Ping):
                _note(swallowed, packet, examine)
    return swallowed


def _note(swallowed: Swallowed, records: Records, examine: Examine) -> None:
    swallowed.records += len(records.good)
    if objection := examine(records, records.answer(())):
        swallowed.wrong.append(objection)


def _examine_wialon(records: Records, answer: bytes) -> str:
    """Yes only to what was read whole; a black box counts what was read."""
    kind, _, code = answer.strip().decode()[2:].partition("#")
    good, bad = len(records.good), len(records.bad)
    boxed = code == (str(good) if good or code else "")
    right = boxed if kind == "B" else (code == "1") == (good == 1 and bad == 0)
    return "" if right else f"{answer!r} to {good} good and {bad} bad records"


def _is_plain_login(line: bytes) -> bool:
    return line.startswith(b"#L#") and line.count(b";") == 1


def _is_signed(line: bytes) -> bool:
    body = line.rstrip(b"\r\n").split(b"#", 2)[-1]
    cut = max(body.rfind(b";"), body.rfind(b"|")) + 1
    try:
        return int(body[cut:], 16) == _slow_crc(body[:cut])
    except ValueError:
        return False


def _counts_of_right_frames(stream: bytes) -> Iterator[int]:
    """The protocol once more, as plainly as it can be said: up to the first byte that is wrong."""
    while stream := stream.lstrip(b"\xff"):
        if stream[:2] != b"\0\0":
            size = 2 + int.from_bytes(stream[:2], "big")
            if size > 34 or len(stream) < size or not stream[2:size].isalnum():
                return
            stream = stream[size:]
            continue
        size = int.from_bytes(stream[4:8], "big")
        content, checksum = stream[8 : 8 + size], stream[8 + size : 12 + size]
        if (
            size < 3
            or stream[:4] != bytes(4)
            or len(checksum) < 4
            or int.from_bytes(checksum, "big") != _slow_crc(content)
        ):
            return
        if content[0] in (0x08, 0x8E, 0x10):
            if content[1] != content[-1]:
                return
            yield content[1]
        stream = stream[12 + size :]


def _slow_crc(data: bytes) -> int:
    """CRC-16/ARC bit by bit, as its definition says."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
