"""The status model of IEEE 488.2 and SCPI: event registers, the status byte that sums them up, and the error queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from instruments.wire.scpi_errors import DDE, NO_ERROR, QUEUE_OVERFLOW, TEXTS, ScpiError, event_bit
from instruments.wire.scpi_response import ErrorEntry

OPC, PON = 1, 128
"""Bits of the standard event register (``*ESR?``) beside those that errors set."""
EAV, QUES, MAV, ESB, MSS, OPER = 4, 8, 16, 32, 64, 128
"""Bits of the status byte (``*STB?``)."""
_REGISTER_BITS, _BYTE_BITS = 0x7FFF, 0xFF


@dataclass(slots=True)
class EventRegister:
    """What is so now (``condition``), what became so since it was last read (``event``), and what is passed on (``enable``)."""

    condition: int = 0
    event: int = 0
    enable: int = 0

    def become(self, condition: int) -> None:
        """A bit that appears is an event; one that goes is none."""
        self.event |= condition & ~self.condition
        self.condition = condition

    def happen(self, bits: int) -> None:
        """An event without a lasting condition."""
        self.event |= bits

    def read(self) -> int:
        event, self.event = self.event, 0
        return event

    def set_enable(self, bits: float) -> None:
        self.enable = _bits(bits, _REGISTER_BITS)

    @property
    def summary(self) -> bool:
        return bool(self.event & self.enable)


@dataclass(slots=True)
class ErrorQueue:
    """Oldest first. What does not fit turns the last entry into a note of the overflow."""

    depth: int = 20
    texts: Mapping[int, str] = field(default_factory=dict)
    blames: bool = False
    _entries: deque[ErrorEntry] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, error: ScpiError) -> None:
        if len(self) < self.depth:
            self._entries.append(self._entry(error.code, error.blamed if self.blames else ""))
        else:
            self._entries[-1] = self._entry(QUEUE_OVERFLOW)

    def take(self) -> ErrorEntry:
        return self._entries.popleft() if self._entries else self._entry(NO_ERROR)

    def clear(self) -> None:
        self._entries.clear()

    def _entry(self, code: int, blamed: str = "") -> ErrorEntry:
        text = self.texts.get(code, TEXTS.get(code, "Device error"))
        return ErrorEntry(code, f"{text};{blamed}" if blamed else text)


@dataclass(slots=True)
class Status:
    """All registers of one device. ``PON`` is set as long as nobody has read or cleared the event register since power-up."""

    errors: ErrorQueue = field(default_factory=ErrorQueue)
    standard: EventRegister = field(default_factory=lambda: EventRegister(event=PON))
    operation: EventRegister = field(default_factory=EventRegister)
    questionable: EventRegister = field(default_factory=EventRegister)
    nested: list[EventRegister] = field(default_factory=list)
    """Registers of single outputs or channels, cleared and preset with the others."""
    service_enable: int = 0
    power_on_clears: bool = True

    def report(self, error: ScpiError) -> None:
        """Into the queue, and its class into the standard event register. An overflow is an error of the device itself."""
        overflows = len(self.errors) >= self.errors.depth
        self.errors.put(error)
        self.standard.happen(event_bit(error.code) | (DDE if overflows else 0))

    def byte(self, *, message_available: bool) -> int:
        """The status byte as ``*STB?`` gives it, with the master summary in bit 6."""
        summed = {
            EAV: len(self.errors) > 0,
            QUES: self.questionable.summary,
            MAV: message_available,
            ESB: self.standard.summary,
            OPER: self.operation.summary,
        }
        bits = sum(bit for bit, on in summed.items() if on)
        return bits | (MSS if bits & self.service_enable & ~MSS else 0)

    def set_standard_enable(self, bits: float) -> None:
        self.standard.enable = _bits(bits, _BYTE_BITS)

    def set_service_enable(self, bits: float) -> None:
        self.service_enable = _bits(bits, _BYTE_BITS) & ~MSS

    def clear(self) -> None:
        """``*CLS``: events and errors go, enables stay."""
        for register in (self.standard, self.operation, self.questionable, *self.nested):
            register.event = 0
        self.errors.clear()

    def preset(self) -> None:
        """``STAT:PRES``: no register but the standard one passes anything on."""
        for register in (self.operation, self.questionable, *self.nested):
            register.enable = 0


def _bits(value: float, most: int) -> int:
    """Raises ScpiError when ``value`` is no register content."""
    if not -0.5 <= value < most + 0.5:
        raise ScpiError(-222)
    return round(value)
