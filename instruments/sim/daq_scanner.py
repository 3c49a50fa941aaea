"""A Keysight DAQ970A (34970A/34972A compatible) scanner: channels, scans, what is told of a reading.

Chosen where the protocol reference is silent or uncertain: ``*RST`` empties the scan list, ``SYST:PRES`` does not; a scan visits
its channels in ascending order; a run without channels is -221, as is ``ROUT:MON:DATA?`` with the monitor off; a digital byte is
told as NR1 in a scan too; an empty slot has ``0`` in all fields but the maker; times from the start have nine places and three
decimals. Alarms are told with the readings; there is no alarm queue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from instruments.identity import Identity
from instruments.sim.acquisition import CHANGED, AcquiringDevice, Reading, Timetable
from instruments.sim.daq_modules import MODULES, SLOTS, Channel, channels_of, fresh_input, kind_of
from instruments.sim.dmm_functions import Function, Input, take_range, take_resolution
from instruments.sim.scpi import Answer, Given, Persona
from instruments.wire.scpi import Kind, block
from instruments.wire.scpi_errors import ScpiError

LONGEST_DELAY_S, _LONGEST_TIMER_S = 60.0, 360_000.0
ALL_HIGH = 0xFF
_KEPT = 100
"""Readings of one channel that DATA:LAST? can go back."""
_EXTRAS = ("UNIT", "TIME", "CHAN", "ALAR")


@dataclass(frozen=True, slots=True)
class DaqData:
    """Options of the device.

    ``relay_s`` is what every multiplexer channel costs beside its integration: 80 channels a second at 0.02 PLC. The pressure
    transducer (``zero_v``, ``sensitivity_v_kpa``) is on ``pressure_channel``, the pump's alarm line on a bit of
    ``alarm_channel``; all other volts are 0, all other bits high. ``calendar``: the device's own date and time at power-up.
    """

    maker: str = "Keysight Technologies"
    model: str = "DAQ970A"
    serial: str = "MY12345678"
    firmware: str = "A.02.04-00.16-11.29-00.02-02-01"
    baudrate: int = 9600
    latency_s: float = 0.002
    mains_hz: float = 50.0
    memory: int = 100_000
    strict: bool = False
    unknown_word: int = -141
    slot_100: str = "DAQM901A"
    slot_200: str = ""
    slot_300: str = "DAQM907A"
    relay_s: float = 0.0117
    zero_v: float = 0.5
    sensitivity_v_kpa: float = 0.02
    pressure_channel: int = 101
    alarm_channel: int = 301
    alarm_bit: int = 0
    calendar: str = "2026-01-01T00:00:00"

    def __post_init__(self) -> None:
        unknown = {self.slot_100, self.slot_200, self.slot_300} - set(MODULES)
        if unknown:
            raise ValueError(f"there is no module {unknown.pop()!r}; there are: {', '.join(filter(None, MODULES))}")


class Scanner(AcquiringDevice):
    """Fed with volts and digital bytes by channel, as functions of time."""

    sources = ("IMMediate", "BUS", "EXTernal", "TIMer", "ALARm1", "ALARm2", "ALARm3", "ALARm4")

    def __init__(
        self, data: DaqData, volts: Mapping[int, Callable[[float], float]], bytes_in: Mapping[int, Callable[[float], int]]
    ) -> None:
        persona = Persona(
            data.maker, Identity(data.model, data.serial, data.firmware), strict=data.strict, unknown_word=data.unknown_word
        )
        super().__init__(persona, baudrate=data.baudrate, latency_s=data.latency_s, memory=data.memory)
        self.data, self._volts, self._bytes_in = data, volts, bytes_in
        self.modules = dict(zip(SLOTS, (data.slot_100, data.slot_200, data.slot_300), strict=True))
        self.reset()

    def reset(self) -> None:
        self.scan_list: tuple[int, ...] = ()
        self.preset()

    def preset(self) -> None:
        """Everything but the scan list."""
        self.memory.clear()
        self.last: dict[int, deque[Reading]] = {}
        self.channels = channels_of(self.modules)
        self.monitored, self.monitoring = 0, False
        self.time_absolute = False
        self.timer_s = 10.0
        self.forget_extras()
        self.reset_trigger()

    def forget_extras(self) -> None:
        self.extras = dict.fromkeys(_EXTRAS, False)

    # --- scanning ---

    def timetable(self, triggers: float) -> Timetable:
        """Raises ScpiError -221 when the scan list is empty."""
        if not self.scan_list:
            raise ScpiError(-221)
        times_s = [self.channels[number].time_s(self.data.mains_hz, self.data.relay_s) for number in self.scan_list]
        offsets_s = tuple(accumulate(times_s))
        interval_s = max(self.timer_s, offsets_s[-1]) if self.source == "TIM" else offsets_s[-1]
        self._scanned = tuple(self.channels[number] for number in self.scan_list)
        self._started_s = self.now_s
        self.last.clear()
        return Timetable(self.now_s, offsets_s, interval_s, len(offsets_s) * triggers)

    def convert(self, number: int, moment_s: float) -> Reading:
        channel = self._scanned[(number - 1) % len(self._scanned)]
        reading = self.measure(channel, moment_s, moment_s - self._started_s)
        self.last.setdefault(channel.number, deque(maxlen=_KEPT)).append(reading)
        return reading

    def measure(self, channel: Channel, moment_s: float, since_s: float = 0.0) -> Reading:
        """One value of one channel, whatever the scan does."""
        value, unit = self._value(channel, moment_s)
        return Reading(value, unit, moment_s, since_s, channel.number, channel.limits.alarm(value))

    def _value(self, channel: Channel, moment_s: float) -> tuple[float, str]:
        function = channel.function
        if function is None:
            return float(self.byte(channel, moment_s)), ""
        signal = self._volts.get(channel.number) if function.name == "VOLT" else None
        value = signal(moment_s) if signal else function.open_value
        if channel.input.auto:
            channel.input.limit = function.range_holding(value)
        if not function.holds(value, channel.input.limit):
            self.question(function.overload_bit)
            value = math.copysign(math.inf, value)
        return value, function.unit

    def byte(self, channel: Channel, moment_s: float) -> int:
        """What stands on the lines of a digital channel: what it puts out itself, or what pulls them."""
        if channel.driven is not None:
            return channel.driven
        signal = self._bytes_in.get(channel.number)
        return signal(moment_s) if signal else ALL_HIGH

    def text_of(self, reading: Reading) -> str:
        """Value with unit, time, channel, alarm: in this order, each where it is asked for."""
        value = self.nr3(reading.value) if reading.unit else self.nr1(int(reading.value))
        fields = {
            "UNIT": "",
            "TIME": self._time(reading),
            "CHAN": f"{reading.channel:03d}",
            "ALAR": str(reading.alarm),
        }
        unit = f" {reading.unit}" if self.extras["UNIT"] and reading.unit else ""
        return ",".join([value + unit, *(text for name, text in fields.items() if text and self.extras[name])])

    def _time(self, reading: Reading) -> str:
        if not self.time_absolute:
            return f"{reading.since_s:013.3f}"
        at = datetime.fromisoformat(self.data.calendar) + timedelta(milliseconds=round(reading.moment_s * 1000))
        return f"{at:%Y,%m,%d,%H,%M,%S}.{at.microsecond // 1000:03d}"

    # --- channels and the scan list ---

    def able(self, function: Function | None) -> list[int]:
        """The channels that can do ``function`` (None: digital)."""
        return [number for number, channel in self.channels.items() if channel.kind == kind_of(function)]

    def pick(self, given: Given, known: list[int] | None = None) -> list[Channel]:
        """The channels of the list that ends a command; without one, those of the scan list."""
        numbers = given.channels(known or list(self.channels)) if given.left else self.scan_list
        return [self.channels[number] for number in numbers]

    def set_scan(self, numbers: list[int]) -> None:
        self.abort()
        self.scan_list = tuple(sorted(set(numbers)))

    def scan_command(self, given: Given) -> None:
        self.set_scan([channel.number for channel in self.pick(given)])

    def scan(self, given: Given) -> str:
        return block(f"(@{','.join(map(str, self.scan_list))})".encode("ascii")).decode("ascii")

    def configure(self, function: Function | None, given: Given) -> None:
        """Set up channels anew, make them the scan list, and forget what is told beside the values."""
        fresh = fresh_input(function) if function is not None else None
        if function is not None and fresh is not None:
            take_range(function, fresh, given)
            take_resolution(function, fresh, given)
        chosen = self.pick(given, self.able(function))
        for channel in chosen:
            self._set_up(channel.number, function, fresh)
        self.forget_extras()
        self.reset_trigger()
        self.set_scan([channel.number for channel in chosen])
        self.status.operation.happen(CHANGED)

    def _set_up(self, number: int, function: Function | None, fresh: Input | None) -> None:
        self.channels[number] = channel = Channel(number, function)
        if fresh is not None:
            channel.input = Input(fresh.limit, fresh.auto, fresh.nplc)

    def measure_command(self, function: Function | None, given: Given) -> Answer:
        self.configure(function, given)
        return self.read(given)

    # --- monitor, last values, modules ---

    def set_monitor(self, given: Given) -> None:
        chosen = self.pick(given)
        if len(chosen) != 1:
            raise ScpiError(-222)
        self.monitored = chosen[0].number

    def monitor(self, given: Given) -> str:
        numbers = str(self.monitored) if self.monitored else ""
        return block(f"(@{numbers})".encode("ascii")).decode("ascii")

    def set_monitoring(self, given: Given) -> None:
        self.monitoring = given.boolean()

    def monitor_data(self, given: Given) -> str:
        if not (self.monitoring and self.monitored):
            raise ScpiError(-221)
        return self.text_of(self.measure(self.channels[self.monitored], self.now_s))

    def last_values(self, given: Given) -> str:
        """The last ``n`` readings of one channel in the present scan, each with its unit."""
        count = given.integer(low=1, high=_KEPT) if given.peek() is Kind.NUMBER else 1
        channel = self.pick(given)[0]
        readings = list(self.last.get(channel.number, ()))[-count:] or [self._none_of(channel)]
        return ",".join(f"{self.nr3(reading.value)} {reading.unit}".rstrip() for reading in readings)

    def _none_of(self, channel: Channel) -> Reading:
        return Reading(math.nan, channel.function.unit if channel.function else "", 0.0)

    def module(self, given: Given) -> str:
        slot = given.integer()
        if slot not in self.modules:
            raise ScpiError(-222)
        model = self.modules[slot]
        return f"{self.data.maker},{model},MY{slot:08d},1.00" if model else f"{self.data.maker},0,0,0"

    def set_timer(self, given: Given) -> None:
        self.timer_s = given.number("S", low=0.0, high=_LONGEST_TIMER_S, words={"DEFault": 10.0})

    def set_time_type(self, given: Given) -> None:
        self.time_absolute = given.word("RELative", "ABSolute") == "ABS"

    # --- digital ---

    def bytes_now(self, given: Given) -> str:
        return ",".join(self.nr1(self.byte(channel, self.now_s)) for channel in self.pick(given, self.able(None)))

    def bytes_out(self, given: Given) -> str:
        return ",".join(self.nr1(channel.driven or 0) for channel in self.pick(given, self.able(None)))

    def put_bytes(self, given: Given) -> None:
        value = given.integer(low=0, high=ALL_HIGH)
        for channel in self.pick(given, self.able(None)):
            channel.driven = value
