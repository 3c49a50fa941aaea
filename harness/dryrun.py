"""The plan against the bench, before anything moves: how long, how much liquid, and what cannot work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from harness.bench import Bench
from harness.cases import CaseBase
from harness.forecast import Forecast, forecasts, warnings
from harness.judge import conditions_of
from harness.plan import Plan
from harness.stands import relaxed_s
from instruments.driver import CAPABILITIES
from instruments.errors import ConfigError

_ROOM = 0.95
"""Share of vessel and balance that a plan may fill."""
_START_G = 50.0
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a plan will need: bench time in s, liquid in mL; and what it will be able to tell.

    ``warnings`` name the limits that no value can pass, and cases that weigh too little.
    """

    duration_s: float
    volume_ml: float
    forecasts: tuple[Forecast, ...] = ()
    warnings: tuple[str, ...] = ()


def check(plan: Plan, bench: Bench, today: date) -> DryRun:
    """Work the plan out on paper. Raises ConfigError with every reason why it cannot work on this bench."""
    missing = sorted(plan.roles - bench.roles)
    if missing:
        raise ConfigError(
            f"{bench.path}: {plan.path.name} needs a {missing[0]}, and this bench has none; add a [{missing[0]}] table"
        )
    volume_ml = _planned_ml(plan, bench)
    faults = [
        *_recording_only(plan),
        *_incapable(plan, bench),
        *_too_much(plan, bench),
        *_no_room(volume_ml, bench),
        *_mixed(plan),
        *_impossible(plan, bench),
        *_too_late(plan, bench),
        *bench.overdue(today),
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    conditions = conditions_of(bench, plan)
    foreseen = forecasts(plan, conditions)
    return DryRun(_duration_s(plan, bench), volume_ml, tuple(foreseen), tuple(warnings(plan, conditions, foreseen)))


def _planned_ml(plan: Plan, bench: Bench) -> float:
    """Liquid that leaves the pump; a run to empty takes what the cases before it have left."""
    left_ml, used_ml = bench.pump.source.filled_ml, 0.0
    for case in plan.cases:
        used_ml += case.gives_ml(left_ml)
        left_ml = case.leaves_ml(left_ml)
    return used_ml


def _blank_s(case: CaseBase, bench: Bench) -> float:
    """The blank after a case, with the time in which the line relaxes."""
    return relaxed_s(bench.file.catheter.lag + bench.balance.response) + case.blank if case.blank else 0.0


def _duration_s(plan: Plan, bench: Bench) -> float:
    return _timetable(plan, bench)[1]


def _timetable(plan: Plan, bench: Bench) -> tuple[dict[str, float], float]:
    """When each case starts, and the end: one after the other, where a case that has its moment after another waits for it."""
    now_s = plan.file.preparation.settle + plan.file.preparation.blank
    left_ml = bench.pump.source.filled_ml
    started_s: dict[str, float] = {}
    for case in plan.cases:
        if case.after is not None:
            now_s = max(now_s, started_s[case.after.case] + case.after.start_to_start)
        started_s[case.id] = now_s
        now_s += case.lasts_s(left_ml) + _blank_s(case, bench)
        left_ml = case.leaves_ml(left_ml)
    return started_s, now_s


def _recording_only(plan: Plan) -> list[str]:
    return [
        f"{plan.path}: case {case.id}: procedure {case.procedure!r} judges a recording; use it with 'dosebench analyse'"
        for case in plan.cases
        if case.procedure == "delivery"
    ]


def _incapable(plan: Plan, bench: Bench) -> list[str]:
    """What plan and cases ask of an instrument that its driver cannot do."""
    wanted = [(role, name, "the plan") for role, names in plan.file.plan.requires.items() for name in names]
    wanted += [(role, name, f"case {case.id}") for case in plan.cases for role, name in case.instruments if name]
    return [
        f"{bench.path}: {role}.driver: {who} needs a {role} with {name!r} ({CAPABILITIES[name]}); "
        f"{bench.stands[role].driver!r} is not such a one"
        for role, name, who in wanted
        if name not in bench.driver(role).can
    ]


def _too_much(plan: Plan, bench: Bench) -> list[str]:
    """The first case that needs more than is left in the pump."""
    left_ml = bench.pump.source.filled_ml
    for case in plan.cases:
        if case.leaves_ml(left_ml) < -_ROUNDING * bench.pump.source.filled_ml:
            left = f"the pump of {bench.path.name} has {max(left_ml, 0.0):g} mL left by then"
            told = f"needs {case.gives_ml(left_ml):g} mL, and {left}"
            return [f"{plan.path}: case {case.id}: {told}; fill more in, or put a refill before it"]
        left_ml = case.leaves_ml(left_ml)
    return []


def _impossible(plan: Plan, bench: Bench) -> list[str]:
    return [f"{plan.path}: case {case.id}: {why}" for case in plan.cases for why in case.impossible(bench.file)]


def room_ml(bench: Bench) -> float:
    """What a run may add on the balance before vessel or balance are full, in mL."""
    return min(bench.file.vessel.capacity * _ROOM, _room_g(bench) / (bench.file.liquid.density or 1.0))


def _room_g(bench: Bench) -> float:
    return bench.balance.capacity * _ROOM - _START_G


def _no_room(volume_ml: float, bench: Bench) -> list[str]:
    vessel_ml = bench.file.vessel.capacity * _ROOM
    if volume_ml > vessel_ml:
        return [f"{bench.path}: vessel.capacity: {volume_ml:g} mL will not go into {vessel_ml:g} mL of the vessel"]
    if volume_ml * (bench.file.liquid.density or 1.0) > _room_g(bench):
        return [f"{bench.path}: balance.capacity: {volume_ml:g} mL and a vessel of {_START_G:g} g are too heavy for it"]
    return []


def _mixed(plan: Plan) -> list[str]:
    """Where weights come and go, no flow can be followed from one case to the next."""
    checks = [case.id for case in plan.cases if not case.weighs_flow]
    if not checks or len(checks) == len(plan.cases):
        return []
    return [f"{plan.path}: case {checks[0]}: a daily check is a plan of its own; take it out of this one"]


def _too_late(plan: Plan, bench: Bench) -> list[str]:
    """A pump must not be blamed for an interval that the plan itself cannot keep."""
    started_s, _ = _timetable(plan, bench)
    return [
        f"{plan.path}: case {case.id}: after.start_to_start: it can start {late_s:.0f} s after its moment at the earliest, "
        f"and {case.after.within:g} s are allowed"
        for case in plan.cases
        if case.after is not None
        and (late_s := started_s[case.id] - started_s[case.after.case] - case.after.start_to_start) > case.after.within
    ]
