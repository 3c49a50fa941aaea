"""A Keysight 34461A class multimeter ("Truevolt") behind its SCPI commands.

Chosen where the protocol reference is silent or disputed: a word that is not known is -141 (``unknown_word``: some models -224);
socket-like message exchange (``strict``); a resolution together with AUTO range is -221; CONF ends a run. Nothing is connected
for functions other than DC volts: they read 0, resistances an overload.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from instruments.errors import ConfigError
from instruments.identity import Identity
from instruments.sim.acquisition import ACQUISITION, CHANGED, AcquiringDevice, Reading, Timetable
from instruments.sim.dmm_functions import FUNCTIONS, NPLCS, Function, Input, take_range, take_resolution
from instruments.sim.scpi import COMMON, Answer, Command, Given, Persona, Tree, action
from instruments.sim.site import Site
from instruments.sim.transducer import RELAY_HIGH_V, relay_volts, transducer_volts
from instruments.wire.scpi import Kind, quoted
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_response import nr3

Signal = Callable[[float], float]
_MOST_SAMPLES, _LONGEST_DELAY_S = 1e6, 3600.0


@dataclass(frozen=True, slots=True)
class DmmData:
    """Options of the device.

    ``zero_v`` and ``sensitivity_v_kpa`` are those of the pressure transducer, ``relay_high_v`` is the level of the alarm line
    while the pump gives no alarm (an alarm pulls it to 0 V).
    """

    maker: str = "Keysight Technologies"
    model: str = "34461A"
    serial: str = "MY57200519"
    firmware: str = "A.02.14-02.40-02.14-00.49-02-01"
    baudrate: int = 9600
    latency_s: float = 0.002
    mains_hz: float = 50.0
    memory: int = 10_000
    strict: bool = False
    unknown_word: int = -141
    zero_v: float = 0.5
    sensitivity_v_kpa: float = 0.02
    relay_high_v: float = RELAY_HIGH_V


class Dmm(AcquiringDevice):
    """One input, fed with ``volts`` as a function of time."""

    sources = ("IMMediate", "EXTernal", "BUS", "INTernal")

    def __init__(self, data: DmmData, volts: Signal) -> None:
        persona = Persona(
            data.maker, Identity(data.model, data.serial, data.firmware), strict=data.strict, unknown_word=data.unknown_word
        )
        super().__init__(persona, baudrate=data.baudrate, latency_s=data.latency_s, memory=data.memory)
        self.data = data
        self._signals: dict[str, Signal] = {"VOLT": volts}
        self.message, self.displaying = "", True
        self.reset()

    def reset(self) -> None:
        """DC volts, auto range, 10 PLC, auto zero; one sample on one immediate trigger."""
        self.memory.clear()
        self.function = FUNCTIONS["VOLT"]
        self.inputs = {name: Input(limit=10.0 if name == "VOLT" else one.ranges[-1]) for name, one in FUNCTIONS.items()}
        self.reset_trigger()

    def reset_trigger(self) -> None:
        super().reset_trigger()
        self.samples, self.delay_s, self.auto_delay = 1, 0.0, True
        self.slope = "NEG"

    # --- measuring ---

    @property
    def input(self) -> Input:
        return self.inputs[self.function.name]

    def timetable(self, triggers: float) -> Timetable:
        period_s = self.delay_s + self.input.cycle_s(self.data.mains_hz)
        return Timetable(self.now_s, (period_s,), period_s, self.samples * triggers)

    def convert(self, number: int, moment_s: float) -> Reading:
        value = self.value_of(self.function, moment_s)
        if self.input.auto:
            self.input.limit = self.function.range_holding(value)
        if not self.function.holds(value, self.input.limit):
            self.question(self.function.overload_bit)
            value = math.copysign(math.inf, value)
        return Reading(value, self.function.unit, moment_s)

    def value_of(self, function: Function, moment_s: float) -> float:
        signal = self._signals.get(function.name)
        return signal(moment_s) if signal else function.open_value

    def last(self, given: Given) -> str:
        reading = self.memory[-1] if self.memory else Reading(math.nan, self.function.unit, 0.0)
        return f"{self.text_of(reading)} {reading.unit}"

    # --- set-up ---

    def use(self, function: Function) -> None:
        """Change the function; the readings of another one go."""
        if function is not self.function:
            self.memory.clear()
        self.function = function
        self.status.operation.happen(CHANGED)

    def configure(self, function: Function, given: Given) -> None:
        fresh = Input(limit=self.inputs[function.name].limit)
        take_range(function, fresh, given)
        take_resolution(function, fresh, given)
        if given.left:
            raise ScpiError(-108)
        self.use(function)
        self.inputs[function.name] = fresh
        self.reset_trigger()

    def measure(self, function: Function, given: Given) -> Answer:
        self.configure(function, given)
        return self.read(given)

    def configuration(self, given: Given) -> str:
        return quoted(f"{self.function.name} {nr3(self.input.limit, 6)},{nr3(self.input.resolution, 6)}")

    def set_function(self, given: Given) -> None:
        name = given.text().upper().removesuffix(":DC")
        if name not in FUNCTIONS:
            raise ScpiError(-224)
        self.use(FUNCTIONS[name])

    # --- samples and delay ---

    def set_samples(self, given: Given) -> None:
        self.samples = given.integer(low=1, high=_MOST_SAMPLES, words={"DEFault": 1.0})

    def set_delay(self, given: Given) -> None:
        self.delay_s = given.number("S", low=0.0, high=_LONGEST_DELAY_S, words={"DEFault": 0.0})
        self.auto_delay = False

    def set_auto_delay(self, given: Given) -> None:
        """The automatic delay of DC volts is shorter than anything that matters here."""
        self.auto_delay = given.boolean()
        self.delay_s = 0.0 if self.auto_delay else self.delay_s

    # --- front panel ---

    def show(self, given: Given) -> None:
        self.message = given.text()

    def clear_message(self, given: Given) -> None:
        self.message = ""


def _switch(function: Function, name: str) -> Command:
    """A setting of the function's input that is on or off."""
    return Command(
        lambda dmm, _: str(int(getattr(dmm.inputs[function.name], name))),
        lambda dmm, given: setattr(dmm.inputs[function.name], name, given.boolean()),
    )


def _function_commands(function: Function) -> dict[str, Command]:
    """CONF, MEAS and the SENSe branch of one function."""

    def one(dmm: Dmm) -> Input:
        return dmm.inputs[function.name]

    def set_range(dmm: Dmm, given: Given) -> None:
        low, high = function.ranges[0], function.ranges[-1]
        asked = given.number(function.suffix, words={"MINimum": low, "MAXimum": high, "DEFault": high})
        one(dmm).limit, one(dmm).auto = function.range_for(asked), False

    def set_auto(dmm: Dmm, given: Given) -> None:
        """``ONCE`` looks for the range now and stays in it."""
        word = given.word("ON", "OFF", "ONCE") if given.peek() is Kind.WORD else ""
        one(dmm).auto = word == "ON" if word else given.boolean()
        if word == "ONCE":
            one(dmm).limit = function.range_holding(dmm.value_of(function, dmm.now_s))

    def set_nplc(dmm: Dmm, given: Given) -> None:
        one(dmm).set_nplc(given.number(low=NPLCS[0], high=NPLCS[-1], words={"DEFault": 10.0}))

    def set_resolution(dmm: Dmm, given: Given) -> None:
        one(dmm).set_resolution(given.number(function.suffix))

    sense = f"[SENSe]:{function.header}"
    commands = {
        f"CONFigure:{function.header}": action(lambda dmm, given: dmm.configure(function, given), takes=(0, 2)),
        f"MEASure:{function.header}": Command(lambda dmm, given: dmm.measure(function, given), asks=(0, 2)),
        f"{sense}:NPLC": Command(lambda dmm, _: dmm.nr3(one(dmm).nplc), set_nplc),
        f"{sense}:RANGe[:UPPer]": Command(lambda dmm, _: dmm.nr3(one(dmm).limit), set_range),
        f"{sense}:RANGe:AUTO": Command(lambda dmm, _: str(int(one(dmm).auto)), set_auto),
        f"{sense}:RESolution": Command(lambda dmm, _: dmm.nr3(one(dmm).resolution), set_resolution),
        f"{sense}:ZERO:AUTO": _switch(function, "auto_zero"),
    }
    impedance = {f"{sense}:IMPedance:AUTO": _switch(function, "auto_impedance")}
    return commands | (impedance if function.name == "VOLT" else {})


def _show_or_blank(dmm: Dmm, given: Given) -> None:
    dmm.displaying = given.boolean()


def _set_slope(dmm: Dmm, given: Given) -> None:
    """Of the external trigger, which nothing is connected to."""
    dmm.slope = given.word("POSitive", "NEGative")


def _nothing(dmm: Dmm, given: Given) -> None:
    """Heard or seen at the bench only."""


_OWN: dict[str, Command] = {
    "CONFigure": Command(Dmm.configuration),
    "[SENSe]:FUNCtion[:ON]": Command(lambda dmm, _: quoted(dmm.function.name), Dmm.set_function),
    "DATA:LAST": Command(Dmm.last),
    "SAMPle:COUNt": Command(lambda dmm, _: dmm.nr1(dmm.samples), Dmm.set_samples),
    "TRIGger:DELay": Command(lambda dmm, _: dmm.nr3(dmm.delay_s), Dmm.set_delay),
    "TRIGger:DELay:AUTO": Command(lambda dmm, _: str(int(dmm.auto_delay)), Dmm.set_auto_delay),
    "TRIGger:SLOPe": Command(lambda dmm, _: dmm.slope, _set_slope),
    "DISPlay[:STATe]": Command(lambda dmm, _: str(int(dmm.displaying)), _show_or_blank),
    "DISPlay:TEXT[:DATA]": Command(lambda dmm, _: quoted(dmm.message), Dmm.show),
    "DISPlay:TEXT:CLEar": action(Dmm.clear_message),
    "SYSTem:BEEPer[:IMMediate]": action(_nothing),
    "SYSTem:LFRequency": Command(lambda dmm, _: dmm.nr1(round(dmm.data.mains_hz))),
    "SYSTem:LOCal": action(_nothing),
    "SYSTem:PRESet": action(lambda dmm, _: dmm.reset()),
}
_BY_FUNCTION = [_function_commands(function) for function in FUNCTIONS.values()]
Dmm.tree = Tree({**COMMON, **ACQUISITION, **_OWN, **{name: command for group in _BY_FUNCTION for name, command in group.items()}})


def build(site: Site) -> Dmm:
    """A meter on the pressure transducer, or on the pump's alarm line. Raises ConfigError for both: it has one input."""
    data = site.options(DmmData)
    if len(site.tables) > 1:
        raise ConfigError(f"{' and '.join(site.tables)}: a multimeter has one input; take one of its own for each")
    if site.role == "alarm_relay":
        return Dmm(data, relay_volts(site, data.relay_high_v))
    return Dmm(data, transducer_volts(site, data.zero_v, data.sensitivity_v_kpa))
