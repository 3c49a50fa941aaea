"""Commands of the Ultra set that move the plunger or tell what has moved: runs, volumes, times, targets, ``status``."""

from __future__ import annotations

from collections.abc import Mapping

from instruments.sim.harvard_arguments import Args, Lines, given_time, given_volume, need, no_more, wrong_argument, wrong_state
from instruments.sim.harvard_pump import HarvardPump
from instruments.sim.harvard_rates import GERUNDS, Action
from instruments.wire import harvard as wire
from instruments.wire import harvard_numbers as numbers

_OTHER = {"i": "w", "w": "i"}
_STATUS_TIMES = {"ms": 1e3, "s": 1.0, "cycles": 56e6}
_FL_PER_ML = 1e12


# --- runs ---


def _run(direction: str) -> Action:
    return lambda pump, args: _begin(pump, args, direction)


def _run_back(pump: HarvardPump, args: Args) -> Lines:
    return _begin(pump, args, _OTHER[pump.motion.direction])


def _run_button(pump: HarvardPump, args: Args) -> Lines:
    """In the order of the mode: infuse first, unless withdrawing comes first or is the only thing."""
    return _begin(pump, args, pump.mode[:1] or "i")


def _begin(pump: HarvardPump, args: tuple[str, ...], direction: str) -> Lines:
    no_more(args)
    if direction not in pump.mode:
        raise wrong_state(f"{GERUNDS[direction]} is not possible in this mode")
    if direction == "i" and pump.motion.at_limit:
        raise wrong_state("Infuse limit switch is active")
    ramp = pump.motion.ramps[direction]
    rates_ml_h = (ramp.begin_ml_h, ramp.end_ml_h) if ramp else (pump.motion.rates_ml_h[direction],)
    if not all(map(pump.can_run, rates_ml_h)):
        raise wrong_state("Rate is out of range of the syringe")
    pump.motion.run(pump.now_s, direction)
    return ()


def _stop(pump: HarvardPump, args: Args) -> Lines:
    no_more(args)
    stays = pump.motion.prompt == "*" and not pump.data.stop_clears_stall
    pump.motion.stand(pump.now_s, "*" if stays else ":")
    return ()


# --- volumes and times ---


def _volume(direction: str) -> Action:
    def told(pump: HarvardPump, args: Args) -> Lines:
        no_more(args)
        return (numbers.print_volume(pump.motion.volume_ml(pump.now_s, direction)),)

    return told


def _time(direction: str) -> Action:
    def told(pump: HarvardPump, args: Args) -> Lines:
        no_more(args)
        return (numbers.print_time(pump.motion.time_s(pump.now_s, direction)),)

    return told


def _clear_volume(directions: str) -> Action:
    def cleared(pump: HarvardPump, args: Args) -> Lines:
        no_more(args)
        pump.motion.clear_volume(pump.now_s, directions)
        return ()

    return cleared


def _clear_time(directions: str) -> Action:
    def cleared(pump: HarvardPump, args: Args) -> Lines:
        no_more(args)
        pump.motion.clear_time(pump.now_s, directions)
        return ()

    return cleared


def _target_volume(pump: HarvardPump, args: Args) -> Lines:
    """A target volume takes the place of a target time, and the other way round."""
    motion = pump.motion
    if not args:
        return ("Target volume not set" if motion.target_ml is None else numbers.print_volume(motion.target_ml),)
    volume_ml = given_volume(need(args, 2))
    if not 0 < volume_ml < pump.data.target_limit_ml:
        raise wrong_argument(args[0], "Target volume out of range")
    motion.target_ml, motion.target_s = volume_ml, None
    motion.unlatch_target(pump.now_s)
    return ()


def _target_time(pump: HarvardPump, args: Args) -> Lines:
    motion = pump.motion
    if not args:
        return ("Target time not set" if motion.target_s is None else numbers.print_time(motion.target_s),)
    motion.target_ml, motion.target_s = None, given_time(need(args, 1)[0])
    motion.unlatch_target(pump.now_s)
    return ()


def _clear_target_volume(pump: HarvardPump, args: Args) -> Lines:
    no_more(args)
    pump.motion.target_ml = None
    pump.motion.unlatch_target(pump.now_s)
    return ()


def _clear_target_time(pump: HarvardPump, args: Args) -> Lines:
    no_more(args)
    pump.motion.target_s, pump.motion.ramps = None, {"i": None, "w": None}
    pump.motion.unlatch_target(pump.now_s)
    return ()


def _status(pump: HarvardPump, args: Args) -> Lines:
    no_more(args)
    motion, now_s = pump.motion, pump.now_s
    letter = motion.direction.upper() if motion.running else motion.direction
    limit = "I" if motion.at_limit else "."
    flags = f"{letter}{limit}{'S' if motion.prompt == '*' else '.'}T{motion.direction.upper()}"
    status = wire.Status(
        rate_fl_s=round(motion.rate_ml_h / 3600 * _FL_PER_ML),
        time=round(motion.time_s(now_s, motion.direction) * _STATUS_TIMES[pump.data.status_time]),
        volume_fl=round(motion.volume_ml(now_s, motion.direction) * _FL_PER_ML),
        flags=flags + ("T" if motion.prompt == "T*" else "."),
    )
    return (wire.encode_status(status),)


ALWAYS: Mapping[str, Action] = {"run": _run_button, "stop": _stop, "stp": _stop, "status": _status}
IN_QUICK_START: Mapping[str, Action] = {
    "irun": _run("i"),
    "wrun": _run("w"),
    "rrun": _run_back,
    "ivolume": _volume("i"),
    "wvolume": _volume("w"),
    "civolume": _clear_volume("i"),
    "cwvolume": _clear_volume("w"),
    "cvolume": _clear_volume("iw"),
    "tvolume": _target_volume,
    "ctvolume": _clear_target_volume,
    "itime": _time("i"),
    "wtime": _time("w"),
    "citime": _clear_time("i"),
    "cwtime": _clear_time("w"),
    "ctime": _clear_time("iw"),
    "ttime": _target_time,
    "cttime": _clear_target_time,
}
RUNS = frozenset({"irun", "wrun", "rrun", "run"})
