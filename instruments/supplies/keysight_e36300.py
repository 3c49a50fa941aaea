"""Driver of one output of a Keysight E36300 series supply."""

from __future__ import annotations

from dataclasses import dataclass

from instruments.driver import Driver, Probe
from instruments.errors import ReplyError, SettingDiffers
from instruments.identity import Identity
from instruments.link import Link
from instruments.scpi import Scpi, identify_as
from instruments.settings import check_taken
from instruments.supplies import OutputStatus
from instruments.supplies.switched import check_switched
from instruments.wire import scpi_response as response
from instruments.wire.scpi import response_ends

_RESOLUTION_V = _RESOLUTION_A = 1e-3
_CLEARED = (False, False)


class KeysightE36300:
    """One output, named in every command, so that it does not matter which one is selected on the panel.

    ``cc_bit`` is the bit of the output's questionable register that says constant current; the other one of 0 and 1 says
    constant voltage. Models differ: with no load and an output that is on, ``STAT:QUES:INST:ISUM1:COND?`` tells the other one.
    """

    def __init__(self, link: Link, *, channel: int, cc_bit: int) -> None:
        self._scpi = Scpi(link)
        self._channel, self._list = channel, f"(@{channel})"
        self._modes = {1 << cc_bit: "CC", 2 >> cc_bit: "CV"}

    def connect(self) -> Identity:
        self._scpi.take_errors()
        return self._scpi.identify()

    def resume(self) -> Identity:
        self._scpi.get_in_step()
        return self._scpi.identify()

    def set_voltage(self, voltage_v: float) -> float:
        return check_taken("voltage", voltage_v, "V", self._set("VOLT", voltage_v), resolution=_RESOLUTION_V)

    def set_current_limit(self, current_a: float) -> float:
        return check_taken("current limit", current_a, "A", self._set("CURR", current_a), resolution=_RESOLUTION_A)

    def switch(self, *, on: bool) -> bool:
        self._scpi.set(f"OUTP {'ON' if on else 'OFF'},{self._list}")
        return check_switched(on, self._scpi.ask(f"OUTP? {self._list}", response.boolean))

    def poll(self) -> OutputStatus:
        """One message, so that all of it is of one moment."""
        asked = [f"{header}? {self._list}" for header in ("MEAS:VOLT", "MEAS:CURR", "OUTP", "VOLT:PROT:TRIP", "CURR:PROT:TRIP")]
        question = ";:".join([*asked, f"STAT:QUES:INST:ISUM{self._channel}:COND?"])
        frame, stamp_us = self._scpi.ask_stamped(question, response.is_a(_six))
        voltage_v, current_a, on, over_voltage, over_current, bits = _six(frame)
        tripped = "OVP" if over_voltage else "OCP" if over_current else ""
        return OutputStatus(
            response.measured(voltage_v), response.measured(current_a), self._mode(on, bits, frame), tripped, stamp_us
        )

    def clear_trip(self) -> None:
        """Switched off first: some models restore what was on before the trip. Raises SettingDiffers when it trips on."""
        self.switch(on=False)
        self._scpi.set(f"OUTP:PROT:CLE {self._list}")
        trips = (self._scpi.ask(f"{header}:PROT:TRIP? {self._list}", response.boolean) for header in ("VOLT", "CURR"))
        if tuple(trips) != _CLEARED:
            raise SettingDiffers("protection: cleared, and the supply says that it is tripped")

    def _set(self, header: str, value: float) -> float:
        self._scpi.set(f"{header} {value:.9g},{self._list}")
        return self._scpi.ask(f"{header}? {self._list}", response.number)

    def _mode(self, on: float, bits: float, frame: bytes) -> str:
        if not on:
            return "OFF"
        if bits not in self._modes:
            raise ReplyError("an output that is on regulates voltage or current", frame)
        return self._modes[int(bits)]


def _six(frame: bytes) -> tuple[float, ...]:
    """Voltage, current, whether on, overvoltage, overcurrent, the bits of the mode."""
    numbers = response.joined_numbers(frame)
    if len(numbers) != 6 or not {*numbers[2:5]} <= {0.0, 1.0}:
        raise ReplyError("not the six answers of an output", frame)
    return numbers


@dataclass(frozen=True, slots=True)
class KeysightE36300Options:
    """``channel``: 1 to 3. ``cc_bit``: 0 or 1, which bit of the output's questionable register says constant current."""

    channel: int = 1
    cc_bit: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.channel <= 3:
            raise ValueError("channel is 1, 2 or 3")
        if self.cc_bit not in (0, 1):
            raise ValueError("cc_bit is 0 or 1")


DRIVER = Driver(
    framer=response_ends,
    make=lambda link, options: KeysightE36300(link, channel=options.channel, cc_bit=options.cc_bit),
    options=KeysightE36300Options,
    can=frozenset({"output", "protection"}),
    probe=Probe(b"*IDN?\n", identify_as("E36311A", "E36312A", "E36313A")),
)
