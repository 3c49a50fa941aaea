"""Driver of one channel of a Rigol DP800 series supply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from instruments.driver import Driver, Probe
from instruments.errors import ReplyError, SettingDiffers
from instruments.identity import Identity
from instruments.link import Link
from instruments.scpi import Scpi, identify_as
from instruments.settings import check_taken
from instruments.supplies import OutputStatus
from instruments.supplies.switched import check_switched
from instruments.wire import scpi_response as response
from instruments.wire.scpi import END, response_ends

_RESOLUTION_V = _RESOLUTION_A = 1e-3
_ANSWERS = {"YES": True, "NO": False, "ON": True, "OFF": False}
_MODES = {"CV": "CV", "CC": "CC", "UR": "UR"}

Meaning = TypeVar("Meaning")


class RigolDp800:
    """One channel, named in every command: after a channel is selected it takes a while until questions mean it.

    ``crlf``: on RS-232 the supply takes no message without the CR.
    """

    def __init__(self, link: Link, *, channel: int, crlf: bool) -> None:
        self._scpi = Scpi(link, end=b"\r\n" if crlf else END)
        self._source, self._channel = f":SOUR{channel}", f"CH{channel}"

    def connect(self) -> Identity:
        self._scpi.take_errors()
        return self._scpi.identify()

    def resume(self) -> Identity:
        self._scpi.get_in_step()
        return self._scpi.identify()

    def set_voltage(self, voltage_v: float) -> float:
        self._scpi.set(f"{self._source}:VOLT {voltage_v:.9g}")
        return check_taken("voltage", voltage_v, "V", self._applied()[0], resolution=_RESOLUTION_V)

    def set_current_limit(self, current_a: float) -> float:
        self._scpi.set(f"{self._source}:CURR {current_a:.9g}")
        return check_taken("current limit", current_a, "A", self._applied()[1], resolution=_RESOLUTION_A)

    def switch(self, *, on: bool) -> bool:
        self._scpi.set(f":OUTP {self._channel},{'ON' if on else 'OFF'}")
        return check_switched(on, self._word(":OUTP", _ANSWERS))

    def poll(self) -> OutputStatus:
        frame, stamp_us = self._scpi.ask_stamped(f":MEAS:ALL? {self._channel}", response.is_a(_three))
        voltage_v, current_a, _ = _three(frame)
        mode = self._word(":OUTP:MODE", _MODES) if self._word(":OUTP", _ANSWERS) else "OFF"
        return OutputStatus(voltage_v, current_a, mode, self._tripped(), stamp_us)

    def clear_trip(self) -> None:
        """Raises SettingDiffers when it trips on."""
        for protection in ("OVP", "OCP"):
            self._scpi.set(f":OUTP:{protection}:CLEAR {self._channel}")
        if tripped := self._tripped():
            raise SettingDiffers(f"{tripped}: cleared, and the supply says that it is tripped")

    def _tripped(self) -> str:
        return next((name for name in ("OVP", "OCP") if self._word(f":OUTP:{name}:QUES", _ANSWERS)), "")

    def _applied(self) -> tuple[float, float]:
        """Voltage and current limit as they are set; what stands before them differs with the firmware."""

        def read(frame: bytes) -> tuple[float, float]:
            parts = response.fields(frame)
            if len(parts) != 3 or parts[0].partition(":")[0] != self._channel:
                raise ReplyError(f"not the settings of {self._channel}", frame)
            voltage_v, current_a = response.numbers(",".join(parts[1:]).encode("ascii") + END)
            return voltage_v, current_a

        return self._scpi.ask(f":APPL? {self._channel}", read)

    def _word(self, header: str, meanings: Mapping[str, Meaning]) -> Meaning:
        return self._scpi.ask(f"{header}? {self._channel}", _one_of(meanings))


def _one_of(meanings: Mapping[str, Meaning]) -> Callable[[bytes], Meaning]:
    def read(frame: bytes) -> Meaning:
        word = response.word(frame)
        if word not in meanings:
            raise ReplyError(f"none of {', '.join(meanings)}", frame)
        return meanings[word]

    return read


def _three(frame: bytes) -> tuple[float, ...]:
    """Voltage, current and power."""
    numbers = response.numbers(frame)
    if len(numbers) != 3:
        raise ReplyError("not voltage, current and power", frame)
    return numbers


@dataclass(frozen=True, slots=True)
class RigolDp800Options:
    """``channel``: 1 to 3. ``crlf``: for RS-232, where messages have to end with CR LF."""

    channel: int = 1
    crlf: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.channel <= 3:
            raise ValueError("channel is 1, 2 or 3")


DRIVER = Driver(
    framer=response_ends,
    make=lambda link, options: RigolDp800(link, channel=options.channel, crlf=options.crlf),
    options=RigolDp800Options,
    can=frozenset({"output", "protection"}),
    probe=Probe(b"*IDN?\n", identify_as("DP811", "DP821", "DP831", "DP832", "DP811A", "DP821A", "DP831A", "DP832A")),
)
