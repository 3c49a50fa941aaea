"""What is plugged into a DAQ970A: modules with their channels, and how each channel is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from instruments.sim.dmm_functions import FUNCTIONS, Function, Input

SLOTS = (100, 200, 300)
DEFAULT_NPLC = 1.0
_DIGITAL_S = 0.001


@dataclass(frozen=True, slots=True)
class Module:
    """Numbers of the channels within their slot, by what they can do."""

    volts: range = range(0)
    amps: range = range(0)
    digital: range = range(0)


MODULES: Mapping[str, Module] = {  # a scan list may hold 120 channels: what three of the largest have
    "DAQM901A": Module(volts=range(1, 21), amps=range(21, 23)),
    "DAQM908A": Module(volts=range(1, 41)),
    "DAQM907A": Module(digital=range(1, 3)),
    "": Module(),
}


@dataclass(slots=True)
class Limits:
    """Lower and upper limit; ``on`` is whether each is watched."""

    low: float = 0.0
    high: float = 0.0
    low_on: bool = False
    high_on: bool = False

    def alarm(self, value: float) -> int:
        """0 none, 1 below the lower one, 2 above the upper one."""
        if self.low_on and value < self.low:
            return 1
        return 2 if self.high_on and value > self.high else 0


def kind_of(function: Function | None) -> str:
    """What a channel has to be for ``function``: digital, amps, or volts for all others."""
    return "digital" if function is None else "amps" if function.name == "CURR" else "volts"


def fresh_input(function: Function, nplc: float = DEFAULT_NPLC) -> Input:
    return Input(limit=10.0 if function.suffix == "V" else function.ranges[-1], nplc=nplc)


@dataclass(slots=True)
class Channel:
    """One channel. ``function`` is None on a digital one.

    ``closed`` is its relay, ``driven`` the byte that it puts out (None: it reads).
    """

    number: int
    function: Function | None
    delay_s: float = 0.0
    closed: bool = False
    driven: int | None = None
    limits: Limits = field(default_factory=Limits)
    input: Input = field(init=False)

    def __post_init__(self) -> None:
        self.input = fresh_input(self.function or FUNCTIONS["VOLT"])

    @property
    def kind(self) -> str:
        return kind_of(self.function)

    def time_s(self, mains_hz: float, relay_s: float) -> float:
        """How long it takes in a scan: relay, settling, and the measurement itself."""
        return self.delay_s + (_DIGITAL_S if self.function is None else relay_s + self.input.cycle_s(mains_hz))


def channels_of(slots: Mapping[int, str]) -> dict[int, Channel]:
    """All channels that the modules have, as they are after power-up. Raises KeyError for a module that is not known."""
    found: dict[int, Channel] = {}
    for slot, model in slots.items():
        module = MODULES[model]
        volts = [Channel(slot + number, FUNCTIONS["VOLT"]) for number in module.volts]
        amps = [Channel(slot + number, FUNCTIONS["CURR"]) for number in module.amps]
        digital = [Channel(slot + number, None) for number in module.digital]
        found |= {channel.number: channel for channel in (*volts, *amps, *digital)}
    return found
