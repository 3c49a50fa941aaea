"""A Keysight E36312A class supply behind its SCPI commands: three outputs, channel lists, protections.

Left out are the built-in data log, sequencing delays and the coupling of outputs: an undefined header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from instruments.identity import Identity
from instruments.sim.scpi import COMMON, Command, Given, Persona, Tree, action, register_commands
from instruments.sim.site import Site
from instruments.sim.supply import Output, Rating, SupplyData, SupplyDevice, pump_current
from instruments.wire import scpi_parameters
from instruments.wire.scpi import Kind, quoted
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_response import nr3

_RATINGS = {1: Rating(6.0, 5.0, 6.6, 5.5), 2: Rating(25.0, 1.0, 27.5, 1.1), 3: Rating(25.0, 1.0, 27.5, 1.1)}
"""Levels of protections go up to 110 % of the rating."""
_NAMES = {"P6V": 1, "P25V": 2, "N25V": 3} | {f"{name}{n}": n for n in (1, 2, 3) for name in ("CH", "OUTPut")}
_LONGEST_DELAY_S = 0.255


@dataclass(frozen=True, slots=True)
class E36300Data(SupplyData):
    """Options of the device; the defaults of points that the sources dispute are those of the classic models.

    ``decimals`` of NR3 answers: 8, on other firmware 5. ``selected_as``: INST? answers ``CH`` or ``OUTP`` with the number.
    ``apply_quoted``: the answer to APPL? is one text. ``cc_bit``: which bit of ISUM says constant current, the other one
    (0 or 1) says constant voltage. ``clear_restores``: an output that a protection has switched off comes on again when that is
    cleared; documented for the E363x, so it is what a driver has to reckon with.
    """

    model: str = "E36312A"
    firmware: str = "2.1.0-1.0.4-1.12"
    decimals: int = 8
    selected_as: str = "CH"
    apply_quoted: bool = True
    cc_bit: int = 0
    clear_restores: bool = True


class E36300(SupplyDevice):
    """The dialect of the E36300 series."""

    data: E36300Data

    def __init__(self, data: E36300Data, pump: Callable[[], float] = lambda: 0.0) -> None:
        identity = Identity(data.model, data.serial, data.firmware)
        persona = Persona("Keysight Technologies", identity, strict=data.strict, unknown_word=-224)
        super().__init__(persona, data, _RATINGS, pump)

    def prepare(self, output: Output) -> None:
        """The overvoltage protection is on, the overcurrent one means that the limit is reached."""
        output.ovp_on = output.ocp_by_limit = True

    def look(self) -> None:
        super().look()
        bits = {"CC": 1 << self.data.cc_bit, "CV": 2 >> self.data.cc_bit, "OFF": 0}
        for output in self.outputs.values():
            output.register.become(bits[output.mode])

    def nr3(self, value: float) -> str:
        return nr3(value, self.data.decimals)

    # --- which outputs ---

    def meant(self, given: Given) -> tuple[int, ...]:
        """The channels of the list at the end, or the selected one; the parameters before it are still to be taken."""
        last = given.unit.parameters[-1:]
        if not last or last[0].kind is not Kind.LIST:
            return (self.selected,)
        return Given(replace(given.unit, parameters=last), (), 0).channels(self.outputs)

    def each(self, given: Given) -> Iterable[Output]:
        return [self.outputs[n] for n in self.meant(given)]

    def answer(self, given: Given, tell: Callable[[Output], str]) -> str:
        if given.left:
            given.channels(self.outputs)
        return ",".join(tell(output) for output in self.each(given))

    def select(self, given: Given) -> None:
        word = scpi_parameters.word(given.take(), _NAMES)
        if word is None:
            raise ScpiError(-224)
        self.selected = _NAMES[word]

    # --- voltage and current in one ---

    def apply(self, given: Given) -> None:
        """``CH1,5.0,1.0`` or ``5.0,1.0,(@1)``; the current may be left out."""
        outputs = list(self.each(given))
        if given.peek() is Kind.WORD and scpi_parameters.word(given.unit.parameters[0], _NAMES) is not None:
            outputs = [self.outputs[_NAMES[scpi_parameters.word(given.take(), _NAMES) or ""]]]
        voltage_v = _level(given, outputs, "voltage_v")
        current_a = _level(given, outputs, "current_a") if given.left and given.peek() is not Kind.LIST else None
        _end(given)
        for output in outputs:
            output.voltage_v = voltage_v
            output.limit_a = output.limit_a if current_a is None else current_a

    def applied(self, given: Given) -> str:
        if given.peek() is Kind.WORD:
            given = Given(replace(given.unit, parameters=()), (), 0)
        told = self.answer(given, lambda output: f"{self.nr3(output.voltage_v)},{self.nr3(output.limit_a)}")
        return quoted(told) if self.data.apply_quoted else told

    def clear(self, given: Given) -> None:
        outputs = self.each(given)
        _end(given)
        for output in outputs:
            output.clear(restores=self.data.clear_restores)


def _level(given: Given, outputs: Iterable[Output], name: str) -> float:
    """A voltage or a current that each of ``outputs`` can be set to."""
    high = min(getattr(output.rating, name) for output in outputs)
    return given.number(name[-1].upper(), low=0.0, high=high, words={"DEFault": 0.0 if name == "voltage_v" else high})


def _end(given: Given) -> None:
    """What is left can only be the channel list."""
    if given.left and given.take().kind is not Kind.LIST:
        raise ScpiError(-108)


def _number(attribute: str, unit: str, high: Callable[[Output], float]) -> Command:
    """A number of each channel."""

    def set_number(supply: E36300, given: Given) -> None:
        outputs = list(supply.each(given))
        value = given.number(unit, low=0.0, high=min(map(high, outputs)))
        _end(given)
        for output in outputs:
            setattr(output, attribute, value)

    def ask(supply: E36300, given: Given) -> str:
        limits: dict[str, Callable[[Output], float]] = {"MIN": lambda _: 0.0, "MAX": high}
        tell = (
            limits[given.word("MINimum", "MAXimum")] if given.peek() is Kind.WORD else lambda output: getattr(output, attribute)
        )
        return supply.answer(given, lambda output: supply.nr3(tell(output)))

    return Command(ask, set_number, asks=(0, 2), takes=(1, 2))


def _switch(attribute: str) -> Command:
    def switch(supply: E36300, given: Given) -> None:
        outputs, on = supply.each(given), given.boolean()
        _end(given)
        for output in outputs:
            setattr(output, attribute, on)

    return Command(
        lambda supply, given: supply.answer(given, lambda output: str(int(getattr(output, attribute)))),
        switch,
        asks=(0, 1),
        takes=(1, 2),
    )


def _measured(read: Callable[[Output, float], float], decimals: int) -> Command:
    """What a converter with so many decimals shows."""

    def measure(supply: E36300, given: Given) -> str:
        return supply.answer(given, lambda output: supply.nr3(round(read(output, supply.now_s), decimals)))

    return Command(measure, asks=(0, 1))


def _tripped(which: str) -> Command:
    return Command(lambda supply, given: supply.answer(given, lambda output: str(int(output.tripped == which))), asks=(0, 1))


def _select_number(supply: E36300, given: Given) -> None:
    supply.selected = given.integer(low=1, high=len(_RATINGS))


_CLEAR = action(E36300.clear, takes=(0, 1))
_COMMANDS: dict[str, Command] = {
    "INSTrument[:SELect]": Command(lambda supply, _: f"{supply.data.selected_as}{supply.selected}", E36300.select),
    "INSTrument:NSELect": Command(lambda supply, _: supply.nr1(supply.selected), _select_number),
    "APPLy": Command(E36300.applied, E36300.apply, asks=(0, 1), takes=(1, 3)),
    "[SOURce]:VOLTage[:LEVel][:IMMediate][:AMPLitude]": _number("voltage_v", "V", lambda output: output.rating.voltage_v),
    "[SOURce]:CURRent[:LEVel][:IMMediate][:AMPLitude]": _number("limit_a", "A", lambda output: output.rating.current_a),
    "OUTPut[:STATe]": replace(_switch("switched_on"), query=_switch("on").query),
    "MEASure[:SCALar]:VOLTage[:DC]": _measured(Output.voltage, 5),
    "MEASure[:SCALar]:CURRent[:DC]": _measured(Output.current, 6),
    "[SOURce]:VOLTage:PROTection[:LEVel]": _number("ovp_v", "V", lambda output: output.rating.ovp_v),
    "[SOURce]:VOLTage:PROTection:STATe": _switch("ovp_on"),
    "[SOURce]:VOLTage:PROTection:TRIPped": _tripped("OV"),
    "[SOURce]:VOLTage:PROTection:CLEar": _CLEAR,
    "[SOURce]:CURRent:PROTection:STATe": _switch("ocp_on"),
    "[SOURce]:CURRent:PROTection:DELay[:TIME]": _number("ocp_delay_s", "S", lambda _: _LONGEST_DELAY_S),
    "[SOURce]:CURRent:PROTection:TRIPped": _tripped("OC"),
    "[SOURce]:CURRent:PROTection:CLEar": _CLEAR,
    "OUTPut:PROTection:CLEar": _CLEAR,
    **register_commands(
        "STATus:QUEStionable:INSTrument:ISUMmary<1:3>",
        lambda device, given: device.outputs[given.suffixes[0]].register,  # type: ignore[attr-defined]
    ),
    **{f"SYSTem:{word}": action(lambda *_: None) for word in ("REMote", "LOCal", "RWLock")},
}
E36300.tree = Tree({**COMMON, **_COMMANDS})


def build(site: Site) -> E36300:
    return E36300(site.options(E36300Data), pump_current(site.devices.values))
