"""Driver of Keysight 34460A class multimeters ("Truevolt"), measuring DC volts."""

from __future__ import annotations

from dataclasses import dataclass

from instruments.driver import Driver, Probe
from instruments.identity import Identity
from instruments.link import Link
from instruments.meters import Measured
from instruments.meters.levels import level_of
from instruments.scpi import REPLY_TIMEOUT_S, Scpi, identify_as
from instruments.settings import check_taken
from instruments.wire import scpi_response as response
from instruments.wire.scpi import response_ends
from instruments.wire.scpi_response import ErrorEntry

_STEP = 1e-6
"""Ranges and integration times come from short lists and are told with nine digits."""


@dataclass(frozen=True, slots=True)
class KeysightDmmOptions:
    """How the input is set up.

    ``range_v``: 0.1, 1, 10, 100 or 1000, 0 lets the meter choose; ``nplc``: integration time in mains periods (0.02, 0.2, 1, 10,
    100), which ``mains_hz`` makes seconds; ``threshold_v``: a line above it is high.
    """

    range_v: float = 0.0
    nplc: float = 1.0
    mains_hz: float = 50.0
    threshold_v: float = 2.5

    def __post_init__(self) -> None:
        if not (self.nplc > 0 and self.mains_hz > 0):
            raise ValueError("nplc and mains_hz are greater than 0")


class KeysightDmm:
    """A meter whose one input is read one value at a time, as volts or as a line that is high or low."""

    def __init__(self, link: Link, options: KeysightDmmOptions) -> None:
        self._scpi, self._options = Scpi(link), options
        self.found_errors: tuple[ErrorEntry, ...] = ()
        """What stood in the meter's error queue when it was connected."""

    def connect(self) -> Identity:
        """Empty the error queue, reset the meter, set up the input. Raises SettingDiffers, Refused."""
        self._scpi.get_in_step()
        self.found_errors = tuple(self._scpi.take_errors())
        identity = self._scpi.identify()
        self._scpi.set("*RST")
        self._set_up()
        return identity

    def resume(self) -> Identity:
        """Get in step and set up the input once more: the meter may have been without power."""
        self._scpi.get_in_step()
        self.found_errors = tuple(self._scpi.take_errors())
        identity = self._scpi.identify()
        self._set_up()
        return identity

    def voltage(self) -> Measured:
        """The next reading, in V; NaN on overload."""
        timeout_s = REPLY_TIMEOUT_S + 2 * self._options.nplc / self._options.mains_hz  # auto zero integrates twice
        answer = self._scpi.ask_stamped("READ?", response.is_a(response.reading), timeout_s=timeout_s)
        return Measured(response.measured(response.reading(answer.frame)), answer.stamp_us)

    def level(self) -> Measured:
        return level_of(self.voltage(), self._options.threshold_v)

    def _set_up(self) -> None:
        """CONF leaves one sample on one immediate trigger. What has been set is read back."""
        range_v, nplc = self._options.range_v, self._options.nplc
        self._scpi.set("ABOR", f"CONF:VOLT:DC {f'{range_v:g}' if range_v else 'AUTO'}", f"VOLT:DC:NPLC {nplc:g}")
        check_taken("NPLC", nplc, "PLC", self._scpi.ask("VOLT:DC:NPLC?", response.number), resolution=_STEP)
        if range_v:
            check_taken("range", range_v, "V", self._scpi.ask("VOLT:DC:RANG?", response.number), resolution=_STEP)
        auto = self._scpi.ask("VOLT:DC:RANG:AUTO?", response.boolean)
        check_taken("auto range", float(not range_v), "", float(auto), resolution=0)


DRIVER = Driver(
    framer=response_ends,
    make=KeysightDmm,
    options=KeysightDmmOptions,
    can=frozenset({"voltage", "digital-input"}),
    probe=Probe(b"*IDN?\n", identify_as("34460A", "34461A", "34465A", "34470A")),
)
