"""New Era NE-1000 family (and relabels): Basic and Safe framing, commands and replies. Numbers are in ``new_era_values``.

Both framings carry the same text. Basic: ``command CR`` to the pump, ``STX address status data ETX`` back. Safe, both ways:
``STX length text CRC CRC ETX``, where length counts itself and all that follows it (text, CRC, ETX), so it is len(text) + 4, and
the CRC is CRC-16/XMODEM over the text. Safe frames may contain any byte, so only the length tells where they end.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.stamped import IntArray

STX, ETX, CR = 0x02, 0x03, 0x0D
_DIGITS = range(0x30, 0x3A)
_SHORTEST_SAFE = 4

STATUS_WORDS = {
    "I": "infusing",
    "W": "withdrawing",
    "S": "stopped",
    "P": "paused",
    "T": "timed pause",
    "U": "waiting for a trigger",
    "X": "purging",
}
RUNNING = frozenset("IWTUX")
ALARM_WORDS = {
    "R": "power was interrupted",
    "S": "motor stalled",
    "T": "communication timeout",
    "E": "pumping program error",
    "O": "phase out of range",
}
ALARM_KINDS = {"R": "power", "S": "stall", "T": "watchdog", "E": "program", "O": "program"}
ERROR_WORDS = {
    "?": "command not recognised",
    "?NA": "not applicable at the moment",
    "?OOR": "value out of range",
    "?COM": "invalid packet",
    "?IGN": "ignored, a new phase was starting",
}
_REPLY = re.compile(rb"(?P<address>\d\d)(?:A\?(?P<alarm>[RSTEO])|(?P<status>[IWSPTUX])(?P<data>[\x20-\x7e]*))\Z")
_END_OF_LINE = re.compile(rb"[\r\x02]")
_ADDRESSED = re.compile(r"(?P<address>\d{0,2})(?P<star>\*?)(?P<text>.*)", re.ASCII | re.DOTALL)
_BURST = re.compile(r"(?:\d[^*]*\*)+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a pump said: a status with data or an error text, or an alarm (then ``status`` is ``A``)."""

    address: int
    status: str
    data: str = ""
    alarm: str = ""

    @property
    def error(self) -> str:
        """The refusal (``?``, ``?NA``, ``?OOR``, ...), or an empty text."""
        return self.data if self.data.startswith("?") else ""


@dataclass(frozen=True, slots=True)
class Command:
    """What a pump is told: ``text`` for the pump at ``address``, None for every pump on the line.

    ``system``: marked with ``*``, as ``*ADR`` and ``*RESET`` have to be; without an address it reaches every pump.
    """

    text: str
    address: int | None = 0
    system: bool = False

    def __str__(self) -> str:
        return f"{'' if self.address is None else self.address}{'*' if self.system else ''}{self.text}"


def encode_command(text: str, *, safe: bool) -> bytes:
    """A command with its optional address, framed for the mode the pump is in."""
    body = text.encode("ascii")
    return _packet(body) if safe else body + b"\r"


def encode_reply(reply: Reply, *, safe: bool) -> bytes:
    """What the pump puts on the wire for ``reply``."""
    status = f"A?{reply.alarm}" if reply.alarm else reply.status + reply.data
    body = f"{reply.address:02d}{status}".encode("ascii")
    return _packet(body) if safe else bytes([STX]) + body + bytes([ETX])


def _packet(body: bytes) -> bytes:
    crc = binascii.crc_hqx(body, 0)
    return bytes([STX, len(body) + 4]) + body + crc.to_bytes(2, "big") + bytes([ETX])


def reply_ends(data: bytes) -> IntArray:
    """Framer for the host: Basic and Safe replies in any mixture; bytes before an STX make a frame of their own.

    A Basic reply goes on with a digit of its address; no Safe packet of a pump is long enough (44 bytes or more) to have
    a digit as its length, so the byte after STX tells the two apart; a larger length is noise.
    """
    ends: list[int] = []
    at = 0
    while at < len(data):
        end = _noise_end(data, at) if data[at] != STX else _reply_end(data, at)
        if end is None:
            break
        ends.append(end)
        at = end
    return np.array(ends, dtype=np.int64)


def _noise_end(data: bytes, at: int) -> int | None:
    start = data.find(STX, at)
    return start if start >= 0 else None


def _reply_end(data: bytes, at: int) -> int | None:
    if at + 1 >= len(data):
        return None
    if data[at + 1] in _DIGITS:
        etx = data.find(ETX, at)
        return etx + 1 if etx >= 0 else None
    if data[at + 1] > _DIGITS[-1]:
        return _noise_end(data, at + 1)
    return _packet_end(data, at)


def _packet_end(data: bytes, at: int) -> int | None:
    if at + 1 >= len(data):
        return None
    end = at + max(data[at + 1], _SHORTEST_SAFE) + 1
    return end if end <= len(data) else None


def command_ends(data: bytes) -> IntArray:
    """Framer for the pump: Safe packets by their length, anything else up to its CR or to the STX of a packet."""
    ends: list[int] = []
    at = 0
    while at < len(data):
        end = _packet_end(data, at) if data[at] == STX else _command_end(data, at)
        if end is None:
            break
        ends.append(end)
        at = end
    return np.array(ends, dtype=np.int64)


def _command_end(data: bytes, at: int) -> int | None:
    """A line without its CR is a frame too: a stray byte does not swallow the packet that follows it."""
    match = _END_OF_LINE.search(data, at)
    if match is None:
        return None
    return match.end() if match[0] == b"\r" else match.start()


def is_packet(frame: bytes) -> bool:
    """Whether a frame uses Safe framing (right or wrong)."""
    return frame[:1] == bytes([STX]) and len(frame) > 1 and frame[1] not in _DIGITS


def packet_text(frame: bytes) -> bytes:
    """The text inside a Safe packet. Raises ReplyError when length, CRC or the closing ETX is wrong."""
    body, crc = frame[2:-3], frame[-3:-1]
    if len(frame) < _SHORTEST_SAFE + 1 or frame[1] != len(frame) - 1 or frame[-1] != ETX:
        raise ReplyError("malformed Safe packet", frame)
    if binascii.crc_hqx(body, 0).to_bytes(2, "big") != crc:
        raise ReplyError("Safe packet with a wrong CRC", frame)
    return body


def decode_reply(frame: bytes) -> Reply:
    """Read one reply in either framing. Raises ReplyError on anything else."""
    text = packet_text(frame) if is_packet(frame) else frame[1:-1]
    match = _REPLY.match(text)
    if match is None or frame[0] != STX or frame[-1] != ETX:
        raise ReplyError("not a reply of a New Era pump", frame)
    if match["alarm"]:
        return Reply(int(match["address"]), "A", alarm=match["alarm"].decode("ascii"))
    return Reply(int(match["address"]), match["status"].decode("ascii"), match["data"].decode("ascii"))


def decode_command(frame: bytes) -> tuple[Command, ...]:
    """What a frame of either framing tells the pumps: one command, or those of a burst (``0RUN*1RUN*``).

    Raises ReplyError for a spoilt packet, and for a line that was broken off.
    """
    packet = frame[:1] == bytes([STX])
    if not packet and frame[-1:] != bytes([CR]):
        raise ReplyError("a line without its CR", frame)
    text = normalise_command(packet_text(frame) if packet else frame)
    pieces = text.split("*")[:-1] if _BURST.match(text) else []
    return tuple(Command(piece[1:], int(piece[0])) for piece in pieces) or (_command(text),)


def _command(text: str) -> Command:
    match = _ADDRESSED.match(text)
    digits, star, rest = match.groups() if match else ("", "", text)
    address = None if star and not digits else int(digits or 0)
    return Command(rest, address, system=bool(star))


def normalise_command(text: bytes) -> str:
    """A command as the pump sees it: every space and control character gone, upper case."""
    return "".join(chr(byte) for byte in text if 0x20 < byte < 0x7F).upper()
