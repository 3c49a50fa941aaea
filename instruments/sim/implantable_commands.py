"""The command tree of the simulated implantable-style pump, as in docs/reference/scpi-pump.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from instruments.sim.implantable import ImplantablePump
from instruments.sim.implantable_data import ImplantableData
from instruments.sim.implantable_remap import rewritten
from instruments.sim.physics.drive import Drive
from instruments.sim.power import Source
from instruments.sim.scpi import COMMON, Command, Given, Tree, action
from instruments.sim.site import Site
from instruments.wire import scpi_pump
from instruments.wire.scpi import Kind, quoted
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_response import nr2, nr3

_RATE_DECIMALS, _VOLUME_DECIMALS = 6, 5
_LONGEST_WATCHDOG_S, _SHORTEST_WATCHDOG_S = 3600, 2
_MOST_STEPS = 24

Read = Callable[[ImplantablePump], float]
Take = Callable[[ImplantablePump, float], None]
Limits = Callable[[ImplantablePump], tuple[float, float]]
"""The smallest value that is not zero, and the largest."""


def _rates(pump: ImplantablePump) -> tuple[float, float]:
    return pump.data.slowest_ml_h, pump.data.fastest_ml_h


def _number(read: Read, take: Take, limits: Limits, decimals: int, default: float = 0.0) -> Command:
    """A setting that is zero or within limits, with MIN, MAX and DEF in both forms."""

    def words(pump: ImplantablePump) -> Mapping[str, float]:
        least, most = limits(pump)
        return {"MINimum": least, "MAXimum": most, "DEFault": default}

    def query(pump: ImplantablePump, given: Given) -> str:
        return nr3(given_number(pump, given) if given.left else round(read(pump), decimals))

    def given_number(pump: ImplantablePump, given: Given) -> float:
        if given.peek() is not Kind.WORD:
            raise ScpiError(-128)
        return given.number(words=words(pump))

    def set_number(pump: ImplantablePump, given: Given) -> None:
        least, most = limits(pump)
        value = round(given.number(low=0.0, high=most, words=words(pump)), decimals)
        if 0 < value < least:
            raise ScpiError(-222)
        take(pump, value)

    return Command(query, set_number, asks=(0, 1))


def _held(name: str, limits: Limits, decimals: int, default: float = 0.0) -> Command:
    """The same for a plain attribute of the pump."""
    return _number(
        lambda pump: float(getattr(pump, name)), lambda pump, value: setattr(pump, name, value), limits, decimals, default
    )


def _reading(read: Read, decimals: int) -> Command:
    return Command(lambda pump, _: nr3(round(read(pump), decimals)))


def _volumes(most: Callable[[ImplantablePump], float]) -> Limits:
    return lambda pump: (10.0**-_VOLUME_DECIMALS, most(pump))


def _capacity(pump: ImplantablePump) -> float:
    return pump.data.capacity_ml


# --- single commands ---


def _set_target(pump: ImplantablePump, volume_ml: float) -> None:
    if pump.delivery.state != "OFF":
        raise ScpiError(-221)
    pump.delivery.target_ml = volume_ml


def _set_steps(pump: ImplantablePump, given: Given) -> None:
    """Rates and volumes in turn; only the last volume may be 0."""
    if given.left % 2:
        raise ScpiError(-109)
    least, most = _rates(pump)
    steps = []
    while given.left:
        rate_ml_h = round(given.number(low=least, high=most), _RATE_DECIMALS)
        volume_ml = round(given.number(low=0.0, high=1000.0), _VOLUME_DECIMALS)
        if given.left and not volume_ml:
            raise ScpiError(-222)
        steps.append((rate_ml_h, volume_ml))
    pump.delivery.set_steps(tuple(steps))


def _set_cycles(pump: ImplantablePump, given: Given) -> None:
    if pump.delivery.state != "OFF":
        raise ScpiError(-221)
    pump.delivery.cycles = given.boolean()


def _bolus(pump: ImplantablePump, given: Given) -> None:
    pump.require_service()
    pump.delivery.bolus(pump.now_s, pump.bolus_ml, pump.bolus_ml_h)


def _prime(pump: ImplantablePump, given: Given) -> None:
    pump.require_service()
    pump.delivery.prime(pump.now_s, pump.prime_ml, pump.prime_ml_h)


def _set_watchdog(pump: ImplantablePump, given: Given) -> None:
    value = given.integer(low=0, high=_LONGEST_WATCHDOG_S, words={"MINimum": _SHORTEST_WATCHDOG_S, "DEFault": 0})
    if 0 < value < _SHORTEST_WATCHDOG_S:
        raise ScpiError(-222)
    pump.watchdog_s = value


def _set_drug(pump: ImplantablePump, given: Given) -> None:
    text = given.text()
    if len(text) > 32 or '"' in text:
        raise ScpiError(-223 if len(text) > 32 else -151)
    pump.drug = text


def _tone(critical: bool, default_s: float) -> Command:  # noqa: FBT001 - a class of tone, not a switch
    return _number(
        lambda pump: pump.alarms.interval_s[critical],
        lambda pump, value: pump.alarms.interval_s.__setitem__(critical, value),
        lambda _: (60.0, 86_400.0),
        0,
        default_s,
    )


def _battery_state(pump: ImplantablePump, given: Given) -> str:
    return next((word for word in ("EOS", "ERI") if pump.alarms.on(word)), "NORM")


def _log_entry(pump: ImplantablePump, given: Given) -> str:
    return scpi_pump.encode_log_entry(pump.log.entry(given.integer()))


COMMANDS: dict[str, Command] = {
    "INITiate[:IMMediate]": action(lambda pump, _: pump.start()),
    "ABORt": action(lambda pump, _: pump.delivery.stop(pump.now_s, "OFF", "COMMAND")),
    "INFusion:STATe": Command(lambda pump, _: pump.delivery.state),
    "INFusion:MODE": Command(lambda pump, _: pump.delivery.mode),
    "INFusion:RATE": _number(
        lambda pump: pump.delivery.rate_ml_h,
        lambda pump, value: pump.delivery.set_rate(pump.now_s, value),
        _rates,
        _RATE_DECIMALS,
    ),
    "INFusion:RATE:ACTual": _reading(lambda pump: pump.delivery.flow_ml_h, _RATE_DECIMALS),
    "INFusion:TARGet": _number(lambda pump: pump.delivery.target_ml, _set_target, _volumes(lambda _: 1000.0), _VOLUME_DECIMALS),
    "FLEX:STEP": Command(
        lambda pump, _: scpi_pump.encode_steps(pump.delivery.steps or ((0.0, 0.0),)), _set_steps, takes=(2, 2 * _MOST_STEPS)
    ),
    "FLEX:CYCLe": Command(lambda pump, _: str(int(pump.delivery.cycles)), _set_cycles),
    "FLEX:CURRent": Command(lambda pump, _: str(pump.delivery.step + 1 if pump.delivery.in_schedule else 0)),
    "BOLus[:STARt]": action(_bolus),
    "BOLus:VOLume": _held("bolus_ml", _volumes(_capacity), _VOLUME_DECIMALS),
    "BOLus:RATE": _held("bolus_ml_h", _rates, _RATE_DECIMALS),
    "PRIMe[:STARt]": action(_prime),
    "PRIMe:VOLume": _held("prime_ml", _volumes(lambda _: 5.0), _VOLUME_DECIMALS, 0.42),
    "PRIMe:RATE": _held("prime_ml_h", _rates, _RATE_DECIMALS, 1.0),
    "TOTal:VOLume": _reading(lambda pump: pump.reservoir.total_ml(pump.now_s), _VOLUME_DECIMALS),
    "TOTal:CLEar": action(lambda pump, _: pump.reservoir.clear_total(pump.now_s)),
    "REServoir:VOLume": _reading(lambda pump: max(0.0, pump.reservoir.left_ml(pump.now_s)), _VOLUME_DECIMALS),
    "REServoir:CAPacity": _reading(_capacity, _VOLUME_DECIMALS),
    "REServoir:REFill": _number(
        lambda pump: pump.reservoir.filled_ml, lambda pump, value: pump.refill(value), _volumes(_capacity), _VOLUME_DECIMALS
    ),
    "REServoir:LOW": _number(
        lambda pump: pump.reservoir.low_ml,
        lambda pump, value: pump.set_low(value),
        _volumes(_capacity),
        _VOLUME_DECIMALS,
        2.0,
    ),
    "DRUG:NAME": Command(lambda pump, _: quoted(pump.drug), _set_drug),
    "DRUG:CONCentration": _held("concentration_ug_ml", lambda _: (1.0, 100_000.0), 1),
    "ALARm:ACKNowledge": action(lambda pump, _: pump.alarms.acknowledge(pump.now_s)),
    "TONE:CRITical": _tone(critical=True, default_s=600.0),
    "TONE:NCRitical": _tone(critical=False, default_s=3600.0),
    "BATTery:STATe": Command(_battery_state),
    "BATTery:VOLTage": _reading(lambda pump: pump.voltage_v, 3),
    "BATTery:CHARge": _reading(lambda pump: pump.battery.charge_pct(pump.now_s), 2),
    "WDOG:TIMeout": Command(lambda pump, _: str(pump.watchdog_s), _set_watchdog),
    "LOG:RANGe": Command(lambda pump, _: scpi_pump.encode_log_range(pump.log.numbers)),
    "LOG:ENTRy": Command(_log_entry, asks=(1, 1)),
    "LOG:CLEar": action(lambda pump, _: pump.log.clear()),
    "SYSTem:UPTime": Command(lambda pump, _: nr2(pump.log.uptime_s(pump.now_s), 3)),
}
ImplantablePump.tree = Tree({**COMMON, **COMMANDS})


# --- on the bench ---


def make(data: ImplantableData, drive: Drive, *, filled_ml: float, source: Source | None = None) -> ImplantablePump:
    """The pump with the commands of ``data``."""
    pump = ImplantablePump(data, drive, filled_ml=filled_ml, source=source)
    if data.commands:
        pump.tree = Tree({**COMMON, **rewritten(COMMANDS, data.commands)})
    return pump


def build(site: Site) -> ImplantablePump:
    """The pump on the bench, fed by whatever stands there as its battery."""
    source = next((device for device in site.devices.values() if isinstance(device, Source)), None)
    return make(site.options(ImplantableData), site.drive(), filled_ml=site.setup.fill_ml, source=source)
