"""A Rigol DP832 class supply behind its SCPI commands: channels named in the parameters, NR2 without sign, ON and OFF.

Left out: timer, delay, monitor, recorder, track and memory functions: an undefined header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.identity import Identity
from instruments.sim.scpi import COMMON, Command, Given, Persona, Tree, action
from instruments.sim.site import Site
from instruments.sim.supply import Output, Rating, SupplyData, SupplyDevice, pump_current
from instruments.wire import scpi_parameters
from instruments.wire.scpi import Kind
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_response import nr2

_RATINGS = {1: Rating(32.0, 3.2, 33.0, 3.3), 2: Rating(32.0, 3.2, 33.0, 3.3), 3: Rating(5.3, 3.2, 5.5, 3.3)}
_PRINTED = {1: "30V/3A", 2: "30V/3A", 3: "5V/3A"}
_NAMES = {f"CH{n}": n for n in _RATINGS}


@dataclass(frozen=True, slots=True)
class Dp800Data(SupplyData):
    """Options of the device.

    ``apply_with_rating``: whether APPL? tells the channel with its rating (``CH1:30V/3A``), as the guide has it, or alone, as
    some firmware does. ``select_s``: how long after a channel was selected the queries of later messages still mean the one
    before: 0, as not all clients wait, though some units need 50 to 200 ms; settings, and what stands in the same message,
    mean the new one, as clients rely on. ``rs232``: a line on which both sides end with CR LF, and a message without the CR
    is not at its end.
    """

    serial: str = "DP8C194205678"
    model: str = "DP832"
    firmware: str = "00.01.14"
    apply_with_rating: bool = True
    select_s: float = 0.0
    rs232: bool = False


class Dp800(SupplyDevice):
    """The dialect of the DP800 series."""

    data: Dp800Data

    def __init__(self, data: Dp800Data, pump: Callable[[], float] = lambda: 0.0) -> None:
        persona = Persona(
            "RIGOL TECHNOLOGIES",
            Identity(data.model, data.serial, data.firmware),
            signed_nr1=False,
            signed_codes=False,
            strict=data.strict,
            unknown_word=-224,
            end=b"\r\n" if data.rs232 else b"\n",
        )
        self._open, self._before, self._selected_s, self._selecting = b"", 1, 0.0, False
        super().__init__(persona, data, _RATINGS, pump)

    def obey(self, frame: bytes) -> None:
        frame, self._open = self._open + frame, b""
        if self.data.rs232 and not frame.endswith(b"\r\n"):
            self._open = frame.rstrip(b"\n")
            return
        super().obey(frame)

    # --- which channel ---

    def select(self, number: int) -> None:
        settled = self.now_s >= self._selected_s + self.data.select_s
        self._before = self.selected if settled else self._before
        self.selected, self._selected_s, self._selecting = number, self.now_s, True

    def _parse(self, frame: bytes) -> None:
        self._selecting = False
        super()._parse(frame)

    def _effective(self, given: Given) -> int:
        settled = self.now_s >= self._selected_s + self.data.select_s
        return self.selected if settled or self._selecting or not given.unit.query else self._before

    def channel(self, given: Given) -> int:
        """The one that is named first, or the selected one."""
        if given.peek() is not Kind.WORD:
            return self._effective(given)
        first = given.unit.parameters[0]
        named = scpi_parameters.word(first, _NAMES)
        if named is None and first.value.upper() in _WORDS:
            return self._effective(given)
        if named is None:
            raise ScpiError(-224)
        given.take()
        return _NAMES[named]

    def output(self, given: Given) -> Output:
        return self.outputs[self.channel(given)]

    def source(self, given: Given) -> Output:
        """The one in the suffix of SOURce; the selected one where there is no suffix."""
        node = given.unit.header.lstrip(":").split(":")[0]
        return self.outputs[int(node[-1]) if node[-1].isdigit() else self._effective(given)]

    # --- voltage and current in one ---

    def apply(self, given: Given) -> None:
        number = self.channel(given)
        if not given.left:
            self.select(number)
            return
        output = self.outputs[number]
        voltage_v = given.number("V", low=0.0, high=output.rating.voltage_v, words={"DEFault": 0.0})
        current_a = given.number("A", low=0.0, high=output.rating.current_a) if given.left else output.limit_a
        output.voltage_v, output.limit_a = voltage_v, current_a

    def applied(self, given: Given) -> str:
        number = self.channel(given)
        output = self.outputs[number]
        name = f"CH{number}:{_PRINTED[number]}" if self.data.apply_with_rating else f"CH{number}"
        return f"{name},{nr2(output.voltage_v, 3)},{nr2(output.limit_a, 4)}"

    def measured(self, given: Given) -> tuple[float, float]:
        output = self.output(given)
        return round(output.voltage(self.now_s), 3), round(output.current(self.now_s), 3)

    def measure_all(self, given: Given) -> str:
        voltage_v, current_a = self.measured(given)
        return ",".join(nr2(value, 3) for value in (voltage_v, current_a, voltage_v * current_a))

    def mode(self, given: Given) -> str:
        """Of an output that is off nothing is known but that it regulates nothing."""
        mode = self.output(given).mode
        return "UR" if mode == "OFF" else mode

    def switch(self, given: Given) -> None:
        """An output that a protection holds stays off, and is off when that is cleared."""
        output = self.output(given)
        output.switched_on = given.boolean()


_WORDS = ("ON", "OFF", "MIN", "MAX", "DEF", "MINIMUM", "MAXIMUM", "DEFAULT")
"""What may stand where a channel could."""


def _on_off(on: bool) -> str:  # noqa: FBT001 - what is printed
    return "ON" if on else "OFF"


def _source(attribute: str, unit: str, decimals: int, high: str) -> Command:
    def set_number(supply: Dp800, given: Given) -> None:
        output = supply.source(given)
        setattr(output, attribute, given.number(unit, low=0.0, high=getattr(output.rating, high)))

    def ask(supply: Dp800, given: Given) -> str:
        output = supply.source(given)
        limits = {"MIN": 0.0, "MAX": getattr(output.rating, high)}
        return nr2(limits[given.word("MINimum", "MAXimum")] if given.left else getattr(output, attribute), decimals)

    return Command(ask, set_number, asks=(0, 1))


def _protection(which: str, node: str, name: str, unit: str, decimals: int) -> dict[str, Command]:
    """The commands of OVP or OCP, with the channel as a parameter of OUTPut or as the suffix of SOURce.

    ``name`` is the level, and with ``_on`` instead of its unit the switch.
    """
    named, suffixed = f"OUTPut:{which}", f"[SOURce<1:3>]:{node}:PROTection"
    level, switch, tripped, clear = _protected(Dp800.output, which, name, unit, decimals, channels=1)
    source_level, source_switch, source_tripped, source_clear = _protected(Dp800.source, which, name, unit, decimals, channels=0)
    return {
        f"{named}:VALue": level,
        f"{named}[:STATe]": switch,
        f"{named}:ALAR": tripped,
        f"{named}:QUES": tripped,
        f"{named}:CLEAR": clear,
        f"{suffixed}[:LEVel]": source_level,
        f"{suffixed}:STATe": source_switch,
        f"{suffixed}:TRIPped": source_tripped,
        f"{suffixed}:CLEar": source_clear,
    }


def _protected(
    find: Callable[[Dp800, Given], Output], which: str, name: str, unit: str, decimals: int, *, channels: int
) -> tuple[Command, Command, Command, Command]:
    """Level, switch, trip and its clearing of the output that ``find`` tells from a command with up to so many ``channels``."""
    switch, trip = f"{which.lower()}_on", which[:2]

    def set_level(supply: Dp800, given: Given) -> None:
        output = find(supply, given)
        setattr(output, name, given.number(unit, low=0.001, high=getattr(output.rating, name)))

    def set_switch(supply: Dp800, given: Given) -> None:
        setattr(find(supply, given), switch, given.boolean())

    asks, takes = (0, channels), (1, 1 + channels)
    return (
        Command(lambda supply, given: nr2(getattr(find(supply, given), name), decimals), set_level, asks=asks, takes=takes),
        Command(lambda supply, given: _on_off(getattr(find(supply, given), switch)), set_switch, asks=asks, takes=takes),
        Command(lambda supply, given: "YES" if find(supply, given).tripped == trip else "NO", asks=asks),
        action(lambda supply, given: find(supply, given).clear(restores=False), takes=asks),
    )


def _nothing(supply: Dp800, given: Given) -> None:
    """Heard or felt at the bench only."""


def _select_name(supply: Dp800, given: Given) -> None:
    supply.select(supply.channel(given))


_COMMANDS: dict[str, Command] = {
    "APPLy": Command(Dp800.applied, Dp800.apply, asks=(0, 1), takes=(1, 3)),
    "INSTrument[:SELEct]": Command(lambda supply, _: f"CH{supply.selected}", _select_name),
    "SYSTem:REMote": action(_nothing),
    "SYSTem:LOCal": action(_nothing),
    "SYSTem:RWLock": action(_nothing, takes=(0, 1)),
    "SYSTem:BEEPer[:STATe]": action(_nothing, takes=(1, 1)),
    "INSTrument:NSELect": Command(
        lambda supply, _: str(supply.selected), lambda supply, given: supply.select(given.integer(low=1, high=len(_RATINGS)))
    ),
    "[SOURce<1:3>]:VOLTage[:LEVel][:IMMediate][:AMPLitude]": _source("voltage_v", "V", 3, "voltage_v"),
    "[SOURce<1:3>]:CURRent[:LEVel][:IMMediate][:AMPLitude]": _source("limit_a", "A", 4, "current_a"),
    "MEASure[:VOLTage][:DC]": Command(lambda supply, given: nr2(supply.measured(given)[0], 3), asks=(0, 1)),
    "MEASure:CURRent[:DC]": Command(lambda supply, given: nr2(supply.measured(given)[1], 3), asks=(0, 1)),
    "MEASure:POWEr[:DC]": Command(lambda supply, given: supply.measure_all(given).split(",")[2], asks=(0, 1)),
    "MEASure:ALL[:DC]": Command(Dp800.measure_all, asks=(0, 1)),
    "OUTPut[:STATe]": Command(lambda supply, given: _on_off(supply.output(given).on), Dp800.switch, asks=(0, 1), takes=(1, 2)),
    "OUTPut:MODE": Command(Dp800.mode, asks=(0, 1)),
    "OUTPut:CVCC": Command(Dp800.mode, asks=(0, 1)),
    **_protection("OVP", "VOLTage", "ovp_v", "V", 3),
    **_protection("OCP", "CURRent", "ocp_a", "A", 4),
}
Dp800.tree = Tree({**COMMON, **_COMMANDS})


def build(site: Site) -> Dp800:
    return Dp800(site.options(Dp800Data), pump_current(site.devices.values))
