"""Driver of Keysight DAQ970A class scanners: one channel for DC volts, or one bit of a digital channel.

Several inputs of one scanner share its scan list and what it tells beside the values, so none relies on them: each reading names
its channel in the same message and comes back with its number. The digital byte is asked for without MEAS or CONF, which would
rebuild the list, and nothing but the own channel is ever reset.
"""

from __future__ import annotations

from dataclasses import dataclass

from instruments.driver import Driver, Probe
from instruments.errors import ConfigError, ReplyError
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
"""Ranges, integration times and delays are told with nine digits."""
_BITS = 8
_CHANNEL_ONLY = "FORM:READ:UNIT OFF;TIME OFF;ALAR OFF;CHAN ON"


@dataclass(frozen=True, slots=True)
class KeysightDaqOptions:
    """Which input, and how it is set up.

    ``channel``: slot times 100 plus the number within it; ``bit`` (0 to 7): a line of a digital channel; without it the channel
    is one for volts. For volts: ``range_v`` 0.1, 1, 10, 100 (0: the scanner chooses), ``nplc`` in mains periods of ``mains_hz``,
    ``delay_s`` between closing the relay and measuring, ``threshold_v`` above which a line is high.
    """

    channel: int = 101
    bit: int | None = None
    range_v: float = 0.0
    nplc: float = 1.0
    mains_hz: float = 50.0
    delay_s: float = 0.0
    threshold_v: float = 2.5

    def __post_init__(self) -> None:
        if self.bit is not None and not 0 <= self.bit < _BITS:
            raise ValueError("bit: a digital channel has bits 0 to 7")
        if not (self.nplc > 0 and self.mains_hz > 0):
            raise ValueError("nplc and mains_hz are greater than 0")


class KeysightDaq:
    """One input of a scanner."""

    def __init__(self, link: Link, options: KeysightDaqOptions) -> None:
        self._scpi, self._options = Scpi(link), options
        self._list = f"(@{options.channel})"
        self.found_errors: tuple[ErrorEntry, ...] = ()
        """What stood in the scanner's error queue when it was connected."""

    def connect(self) -> Identity:
        """Empty the error queue; end a scan and set up the own channel if it is one for volts. Raises SettingDiffers, Refused."""
        self._scpi.get_in_step()
        self.found_errors = tuple(self._scpi.take_errors())
        identity = self._scpi.identify()
        self._set_up()
        return identity

    def resume(self) -> Identity:
        """The same: setting up touches nothing but the own channel, and the scanner may have been without power."""
        return self.connect()

    def voltage(self) -> Measured:
        """The next reading of the channel, in V; NaN on overload. Raises ConfigError for a digital channel."""
        if self._options.bit is not None:
            raise ConfigError(f"channel {self._options.channel} is a digital one: it has no voltage")
        timeout_s = REPLY_TIMEOUT_S + self._options.delay_s + 2 * self._options.nplc / self._options.mains_hz
        question = f"{_CHANNEL_ONLY};:ROUT:SCAN {self._list};:READ?"
        answer = self._scpi.ask_stamped(question, response.is_a(self._reading), timeout_s=timeout_s)
        return Measured(response.measured(self._reading(answer.frame)), answer.stamp_us)

    def level(self) -> Measured:
        """The bit of the digital channel, or the voltage against the threshold."""
        if self._options.bit is None:
            return level_of(self.voltage(), self._options.threshold_v)
        answer = self._scpi.ask_stamped(f"SENS:DIG:DATA:BYTE? {self._list}", response.is_a(response.byte))
        return Measured(float(response.byte(answer.frame) >> self._options.bit & 1), answer.stamp_us)

    def _reading(self, frame: bytes) -> float:
        """Raises ReplyError for the reading of another channel."""
        value, channel = response.channel_reading(frame)
        if channel != self._options.channel:
            raise ReplyError(f"not the reading of channel {self._options.channel}", frame)
        return value

    def _set_up(self) -> None:
        if self._options.bit is None:
            self._set_up_volts()
        else:
            self.level()

    def _set_up_volts(self) -> None:
        """CONF resets this channel and leaves one scan on one immediate trigger. What has been set is read back."""
        range_v, nplc, delay_s = self._options.range_v, self._options.nplc, self._options.delay_s
        self._scpi.set(
            "ABOR",
            f"CONF:VOLT:DC {f'{range_v:g}' if range_v else 'AUTO'},{self._list}",
            f"VOLT:DC:NPLC {nplc:g},{self._list}",
            f"ROUT:CHAN:DEL {delay_s:g},{self._list}",
        )
        self._check("NPLC", nplc, "PLC", "VOLT:DC:NPLC?")
        self._check("delay", delay_s, "s", "ROUT:CHAN:DEL?")
        if range_v:
            self._check("range", range_v, "V", "VOLT:DC:RANG?")
        auto = self._scpi.ask(f"VOLT:DC:RANG:AUTO? {self._list}", response.boolean)
        check_taken("auto range", float(not range_v), "", float(auto), resolution=0)

    def _check(self, name: str, asked: float, unit: str, question: str) -> None:
        taken = self._scpi.ask(f"{question} {self._list}", response.number)
        check_taken(f"{name} of channel {self._options.channel}", asked, unit, taken, resolution=_STEP)


DRIVER = Driver(
    framer=response_ends,
    make=KeysightDaq,
    options=KeysightDaqOptions,
    can=frozenset({"voltage", "scan", "digital-input"}),
    probe=Probe(b"*IDN?\n", identify_as("DAQ970A", "DAQ973A", "34970A", "34972A")),
)
