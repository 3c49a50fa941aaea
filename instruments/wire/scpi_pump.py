"""What a SCPI pump says beside plain numbers: states, alarms with their bits, entries of the event log, rate steps.

Both directions, as docs/reference/scpi-pump.md has them; messages and numbers are those of ``scpi`` and ``scpi_response``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from instruments.errors import ReplyError
from instruments.wire import scpi_response as response
from instruments.wire.scpi import quoted

STATES = {
    "OFF": "off",
    "CONS": "infusing at a constant rate",
    "FLEX": "infusing by its schedule",
    "BOL": "giving a bolus",
    "PRIM": "priming the catheter",
}
"""The answers to ``INFusion:STATe?``."""
BATTERY_STATES = ("NORM", "ERI", "EOS")
INFUSING, BOLUS, PRIMING, FLEX, TARGET = 256, 512, 1024, 2048, 4096
"""Bits of the operation register; the last one is an event without a condition."""

_LOG_ENTRY = re.compile(r'(?P<number>\d{1,9}),(?P<uptime>\d{1,12}\.\d{3}),(?P<event>[A-Z]{1,12}),"(?P<detail>[^"]*)"\Z', re.ASCII)
_RANGE = re.compile(r"(\d{1,9}),(\d{1,9})\Z", re.ASCII)

Steps = tuple[tuple[float, float], ...]
"""Rate in mL/h and volume in mL of each step of a schedule."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """``bit`` of the questionable register, ``word`` of the event log, ``kind`` as in ``PumpStatus``.

    ``critical``: its tone sounds at the critical interval. ``held``: it lasts until it is acknowledged or an infusion is started.
    """

    bit: int
    word: str
    kind: str
    meaning: str
    critical: bool
    held: bool = False


ALARMS = {
    alarm.word: alarm
    for alarm in (
        Alarm(1, "LOW", "low-reservoir", "the reservoir is low by the programmed volume", critical=False),
        Alarm(2, "EMPTY", "empty", "the reservoir is empty by the programmed volume", critical=True),
        Alarm(4, "STALL", "stall", "the motor does not turn", critical=True, held=True),
        Alarm(8, "ERI", "battery", "the battery has to be replaced soon (ERI)", critical=False),
        Alarm(16, "EOS", "battery", "the battery is at its end of service (EOS)", critical=True),
        Alarm(32, "WDOG", "watchdog", "nobody spoke to the pump in time", critical=True, held=True),
        Alarm(64, "POW", "power", "a delivery ended because power was lost", critical=True, held=True),
    )
}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """``number`` counts from 1 without gaps; ``uptime_s`` is the pump's own time since its power-up, to the millisecond."""

    number: int
    uptime_s: float
    event: str
    detail: str


def alarms(bits: int) -> tuple[Alarm, ...]:
    """The alarms of a questionable register, in the order of its bits; bits that have no meaning are left out."""
    return tuple(alarm for alarm in ALARMS.values() if bits & alarm.bit)


def encode_log_entry(entry: LogEntry) -> str:
    return f"{entry.number},{entry.uptime_s:.3f},{entry.event},{quoted(entry.detail)}"


def log_entry(frame: bytes) -> LogEntry:
    match = _LOG_ENTRY.match(response.body(frame))
    if match is None:
        raise ReplyError("not an entry of an event log", frame)
    return LogEntry(int(match["number"]), float(match["uptime"]), match["event"], match["detail"])


def log_range(frame: bytes) -> range:
    """The numbers of the entries that there are; ``0,0`` for none."""
    match = _RANGE.match(response.body(frame))
    first, last = (int(match[1]), int(match[2])) if match else (1, 0)
    if (first == 0) != (last == 0) or first > last:
        raise ReplyError("not the first and last number of an event log", frame)
    return range(first, last + 1) if last else range(0)


def encode_log_range(numbers: range) -> str:
    return f"{numbers[0]},{numbers[-1]}" if numbers else "0,0"


def encode_steps(steps: Sequence[tuple[float, float]]) -> str:
    """As the pump answers: NR3, rate and volume in turn."""
    return ",".join(response.nr3(number) for step in steps for number in step)


def steps(frame: bytes) -> Steps:
    given = response.numbers(frame)
    if len(given) % 2:
        raise ReplyError("a step of a schedule has no volume", frame)
    return tuple(zip(given[::2], given[1::2], strict=True))
