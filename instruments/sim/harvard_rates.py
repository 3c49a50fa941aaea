"""Rates and ramps of an Ultra pump, and what it runs at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from instruments.sim.harvard_arguments import Args, Lines, given_time, need, no_more, number, wrong_argument, wrong_state
from instruments.sim.harvard_motion import Ramp
from instruments.sim.harvard_pump import HarvardPump
from instruments.wire import harvard_numbers as numbers

Action = Callable[[HarvardPump, Args], Lines]

GERUNDS = {"i": "Infusing", "w": "Withdrawing"}


def _rate(direction: str) -> Action:
    return lambda pump, args: _set_rate(pump, args, direction) if args else (_told_rate(pump, direction),)


def _told_rate(pump: HarvardPump, direction: str) -> str:
    _only_if_possible(pump, direction)
    return pump.print_rate(pump.motion.rates_ml_h[direction], pump.rate_units[direction])


def _only_if_possible(pump: HarvardPump, direction: str) -> None:
    if direction == "w" and not pump.model.withdraws:
        raise wrong_state("This pump does not withdraw")


def _set_rate(pump: HarvardPump, args: Args, direction: str) -> Lines:
    _only_if_possible(pump, direction)
    slowest_ml_h, fastest_ml_h = pump.limits_ml_h()
    word = args[0].lower()
    if word == "lim":
        return (f"{numbers.print_limit(slowest_ml_h)} to {numbers.print_limit(fastest_ml_h)}",)
    if word in ("min", "max"):
        no_more(args[1:])
        rate_ml_h = slowest_ml_h if word == "min" else fastest_ml_h
        unit = numbers.print_limit(rate_ml_h).partition(" ")[2]
    else:
        rate_ml_h, unit = _given_rate(pump, need(args, 2))
    pump.motion.rates_ml_h[direction], pump.rate_units[direction] = rate_ml_h, unit
    pump.motion.ramps[direction] = None
    pump.motion.drive_on(pump.now_s)
    return ()


def _given_rate(pump: HarvardPump, args: Args) -> tuple[float, str]:
    unit = numbers.parse_rate_unit(args[1].lower())
    if unit is None:
        raise wrong_argument(args[1], "Unknown units")
    rate_ml_h = number(args[0]) * numbers.RATE_UNITS_ML_H[unit]
    if not pump.can_run(rate_ml_h):
        raise wrong_argument(args[0], "Out of range")
    return rate_ml_h, unit


def _ramp(direction: str) -> Action:
    return lambda pump, args: _set_ramp(pump, args, direction) if args else (_told_ramp(pump, direction),)


def _told_ramp(pump: HarvardPump, direction: str) -> str:
    _only_if_possible(pump, direction)
    ramp, unit = pump.motion.ramps[direction], pump.rate_units[direction]
    if ramp is None:
        return "Ramp not set up."
    rates = f"{pump.print_rate(ramp.begin_ml_h, unit)} to {pump.print_rate(ramp.end_ml_h, unit)}"
    return f"{rates} in {numbers.print_time(ramp.duration_s)}"


def _set_ramp(pump: HarvardPump, args: Args, direction: str) -> Lines:
    _only_if_possible(pump, direction)
    need(args, 5)
    begin_ml_h, unit = _given_rate(pump, args[:2])
    end_ml_h, _ = _given_rate(pump, args[2:4])
    pump.motion.ramps[direction] = Ramp(begin_ml_h, end_ml_h, given_time(args[4]))
    pump.rate_units[direction] = unit
    return ()


def _current_rate(pump: HarvardPump, args: Args) -> Lines:
    no_more(args)
    motion = pump.motion
    if not motion.running:
        return ()
    return (f"{GERUNDS[motion.direction]} at {pump.print_rate(motion.rate_ml_h, pump.rate_units[motion.direction])}",)


IN_QUICK_START: Mapping[str, Action] = {
    "irate": _rate("i"),
    "wrate": _rate("w"),
    "crate": _current_rate,
    "iramp": _ramp("i"),
    "wramp": _ramp("w"),
}
