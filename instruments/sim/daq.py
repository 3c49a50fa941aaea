"""The commands of a simulated DAQ970A, and what it is wired to on the bench."""

from __future__ import annotations

from collections.abc import Callable

from instruments.errors import ConfigError
from instruments.sim.acquisition import ACQUISITION
from instruments.sim.daq_modules import DEFAULT_NPLC, Channel
from instruments.sim.daq_scanner import ALL_HIGH, LONGEST_DELAY_S, DaqData, Scanner
from instruments.sim.dmm_functions import FUNCTIONS, NPLCS, Function
from instruments.sim.scpi import COMMON, Command, Given, Tree, action
from instruments.sim.site import Site
from instruments.sim.transducer import transducer_volts

Tell = Callable[[Scanner, Channel], str]
Put = Callable[[Channel, float], None]
_WITH_LIST = {"asks": (0, 1), "takes": (1, 2)}


def _each(tell: Tell) -> Callable[[Scanner, Given], str]:
    """A query that answers for every channel of its list."""
    return lambda daq, given: ",".join(tell(daq, channel) for channel in daq.pick(given))


def _number(put: Put, *, unit: str = "", low: float, high: float, default: float) -> Callable[[Scanner, Given], None]:
    """A setting of one number for every channel of its list."""

    def setting(daq: Scanner, given: Given) -> None:
        value = given.number(unit, low=low, high=high, words={"DEFault": default})
        for channel in daq.pick(given):
            put(channel, value)

    return setting


def _switch(put: Callable[[Channel, bool], None]) -> Callable[[Scanner, Given], None]:
    """A setting of on or off for every channel of its list."""

    def setting(daq: Scanner, given: Given) -> None:
        on = given.boolean()
        for channel in daq.pick(given):
            put(channel, on)

    return setting


def _relay(*, closed: bool) -> Command:
    def move(daq: Scanner, given: Given) -> None:
        for channel in daq.pick(given):
            channel.closed = closed

    return Command(_each(lambda _, channel: str(int(channel.closed is closed))), move, asks=(1, 1))


def _put_delay(channel: Channel, delay_s: float) -> None:
    channel.delay_s = delay_s


def _put_low(channel: Channel, limit: float) -> None:
    channel.limits.low = limit


def _put_high(channel: Channel, limit: float) -> None:
    channel.limits.high = limit


def _watch_low(channel: Channel, on: bool) -> None:  # noqa: FBT001 - a setter in a table
    channel.limits.low_on = on


def _watch_high(channel: Channel, on: bool) -> None:  # noqa: FBT001 - a setter in a table
    channel.limits.high_on = on


def _put_auto_zero(channel: Channel, on: bool) -> None:  # noqa: FBT001 - a setter in a table
    channel.input.auto_zero = on


def _put_auto_range(channel: Channel, on: bool) -> None:  # noqa: FBT001 - a setter in a table
    channel.input.auto = on


def _extra(name: str) -> Command:
    def switch(daq: Scanner, given: Given) -> None:
        daq.extras[name] = given.boolean()

    return Command(lambda daq, _: str(int(daq.extras[name])), switch)


def _function_commands(function: Function) -> dict[str, Command]:
    """CONF, MEAS and the SENSe branch of one function."""

    def set_range(daq: Scanner, given: Given) -> None:
        words = {"MINimum": function.ranges[0], "MAXimum": function.ranges[-1], "DEFault": function.ranges[-1]}
        limit = function.range_for(given.number(function.suffix, words=words))
        for channel in daq.pick(given, daq.able(function)):
            channel.input.limit, channel.input.auto = limit, False

    sense = f"[SENSe]:{function.header}"
    nplc = _number(lambda channel, value: channel.input.set_nplc(value), low=NPLCS[0], high=NPLCS[-1], default=DEFAULT_NPLC)
    return {
        f"CONFigure:{function.header}": action(lambda daq, given: daq.configure(function, given), takes=(0, 3)),
        f"MEASure:{function.header}": Command(lambda daq, given: daq.measure_command(function, given), asks=(0, 3)),
        f"{sense}:NPLC": Command(_each(lambda daq, channel: daq.nr3(channel.input.nplc)), nplc, **_WITH_LIST),
        f"{sense}:RANGe[:UPPer]": Command(_each(lambda daq, channel: daq.nr3(channel.input.limit)), set_range, **_WITH_LIST),
        f"{sense}:RANGe:AUTO": Command(
            _each(lambda _, channel: str(int(channel.input.auto))), _switch(_put_auto_range), **_WITH_LIST
        ),
        f"{sense}:ZERO:AUTO": Command(
            _each(lambda _, channel: str(int(channel.input.auto_zero))), _switch(_put_auto_zero), **_WITH_LIST
        ),
    }


_FAR = 1e15
_OWN: dict[str, Command] = {
    "CONFigure:DIGital[:BYTE]": action(lambda daq, given: daq.configure(None, given), takes=(1, 1)),
    "MEASure:DIGital[:BYTE]": Command(lambda daq, given: daq.measure_command(None, given), asks=(1, 1)),
    "[SENSe]:DIGital:DATA[:BYTE]": Command(Scanner.bytes_now, asks=(1, 1)),
    "SOURce:DIGital:DATA[:BYTE]": Command(Scanner.bytes_out, Scanner.put_bytes, asks=(1, 1), takes=(2, 2)),
    "ROUTe:SCAN": Command(Scanner.scan, Scanner.scan_command),
    "ROUTe:SCAN:SIZE": Command(lambda daq, _: daq.nr1(len(daq.scan_list))),
    "ROUTe:CHANnel:DELay": Command(
        _each(lambda daq, channel: daq.nr3(channel.delay_s)),
        _number(_put_delay, unit="S", low=0.0, high=LONGEST_DELAY_S, default=0.0),
        **_WITH_LIST,
    ),
    "ROUTe:MONitor": Command(Scanner.monitor, Scanner.set_monitor),
    "ROUTe:MONitor:STATe": Command(lambda daq, _: str(int(daq.monitoring)), Scanner.set_monitoring),
    "ROUTe:MONitor:DATA": Command(Scanner.monitor_data),
    "ROUTe:CLOSe": _relay(closed=True),
    "ROUTe:OPEN": _relay(closed=False),
    "CALCulate:LIMit:LOWer": Command(
        _each(lambda daq, channel: daq.nr3(channel.limits.low)),
        _number(_put_low, low=-_FAR, high=_FAR, default=0.0),
        **_WITH_LIST,
    ),
    "CALCulate:LIMit:UPPer": Command(
        _each(lambda daq, channel: daq.nr3(channel.limits.high)),
        _number(_put_high, low=-_FAR, high=_FAR, default=0.0),
        **_WITH_LIST,
    ),
    "CALCulate:LIMit:LOWer:STATe": Command(
        _each(lambda _, channel: str(int(channel.limits.low_on))), _switch(_watch_low), **_WITH_LIST
    ),
    "CALCulate:LIMit:UPPer:STATe": Command(
        _each(lambda _, channel: str(int(channel.limits.high_on))), _switch(_watch_high), **_WITH_LIST
    ),
    "TRIGger:TIMer": Command(lambda daq, _: daq.nr3(daq.timer_s), Scanner.set_timer),
    "DATA:LAST": Command(Scanner.last_values, asks=(1, 2)),
    "FORMat:READing:UNIT": _extra("UNIT"),
    "FORMat:READing:TIME": _extra("TIME"),
    "FORMat:READing:CHANnel": _extra("CHAN"),
    "FORMat:READing:ALARm": _extra("ALAR"),
    "FORMat:READing:TIME:TYPE": Command(lambda daq, _: "ABS" if daq.time_absolute else "REL", Scanner.set_time_type),
    "SYSTem:CTYPe": Command(Scanner.module, asks=(1, 1)),
    "SYSTem:PRESet": action(lambda daq, _: daq.preset()),
}
_BY_FUNCTION = [_function_commands(function) for function in FUNCTIONS.values()]


class Daq(Scanner):
    """The scanner with its commands."""

    tree = Tree({**COMMON, **ACQUISITION, **_OWN, **{name: command for group in _BY_FUNCTION for name, command in group.items()}})


def build(site: Site) -> Daq:
    """The transducer on its channel and the alarm line on its bit, whichever of the two roles the scanner plays."""
    data = site.options(DaqData)
    volts = {data.pressure_channel: transducer_volts(site, data.zero_v, data.sensitivity_v_kpa)}
    daq = Daq(data, volts, {data.alarm_channel: lambda _: ALL_HIGH & ~(site.alarming() << data.alarm_bit)})
    wired = {"pressure": (data.pressure_channel, "volts"), "alarm_relay": (data.alarm_channel, "digital")}
    for role in site.tables.keys() & wired:
        number, kind = wired[role]
        if number not in daq.channels or daq.channels[number].kind != kind:
            raise ConfigError(f"[simulation.{role}]: channel {number} of the scanner is none for {kind}")
    return daq
