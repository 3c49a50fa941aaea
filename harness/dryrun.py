"""The plan against the bench, before anything moves: how long, how much liquid, and what cannot work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from harness.bench import Bench
from harness.cases.limits import limits_of
from harness.forecast import Forecast, forecasts, warnings
from harness.judge import conditions_of
from harness.plan import Plan
from harness.remedies import undecidable
from harness.timetable import Outlook, timetable
from instruments.driver import CAPABILITIES
from instruments.errors import ConfigError

_ROOM = 0.95
"""Share of vessel and balance that a plan may fill."""
_START_G = 50.0
_ROUNDING = 1e-9
_BASIC = {"pump", "balance"}


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a plan will need: bench time in s, liquid in mL; and what it will be able to tell. Plain data, for the record.

    ``undecided`` names the limits that even a pump that does exactly what it is told will not PASS; ``warnings`` are these,
    cases that weigh too little, and what the cases themselves give to think about. ``proposed`` are limits that somebody has to
    confirm; ``by_hand`` cases in which somebody is asked for something. ``room_ml`` is what vessel and balance can take.
    """

    duration_s: float
    volume_ml: float
    forecasts: tuple[Forecast, ...] = ()
    warnings: tuple[str, ...] = ()
    cases: tuple[Outlook, ...] = ()
    undecided: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    room_ml: float = 0.0


def check(plan: Plan, bench: Bench, today: date) -> DryRun:
    """Work the plan out on paper. Raises ConfigError with every reason why it cannot work on this bench."""
    cases = timetable(plan, bench) if bench.roles >= _BASIC else ()
    faults = [*_missing(plan, bench), *(_faults(plan, bench, cases) if cases else ()), *bench.overdue(today)]
    if faults:
        raise ConfigError("\n".join(faults))
    conditions = conditions_of(bench, plan)
    foreseen = forecasts(plan, conditions)
    undecided = undecidable(plan, conditions, foreseen)
    return DryRun(
        cases[-1].ends_s,
        cases[-1].collected_ml,
        tuple(foreseen),
        (*undecided, *warnings(plan, conditions)),
        cases,
        undecided,
        _proposed(plan),
        tuple(case.id for case in plan.cases if case.by_hand),
        room_ml(bench),
    )


def _proposed(plan: Plan) -> tuple[str, ...]:
    found = {case.id: [key for key, limit in limits_of(case) if limit.basis == "proposed"] for case in plan.cases}
    return tuple(f"{case}: {', '.join(dict.fromkeys(keys))}" for case, keys in found.items() if keys)


def _faults(plan: Plan, bench: Bench, cases: Sequence[Outlook]) -> list[str]:
    return [
        *_recording_only(plan),
        *_incapable(plan, bench),
        *_too_much(plan, bench),
        *_no_room(cases[-1].collected_ml, bench),
        *_mixed(plan),
        *_impossible(plan, bench),
        *_too_late(plan, cases),
    ]


def _missing(plan: Plan, bench: Bench) -> list[str]:
    return [
        f"{bench.path}: {plan.path.name} needs a {role}, and this bench has none; add a [{role}] table"
        for role in sorted(plan.roles - bench.roles)
    ]


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
        if role in bench.roles and name not in bench.driver(role).can
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
    """From the last weight on the mass is followed from case to case: weights come and go before anything flows."""
    flows = next((at for at, case in enumerate(plan.cases) if case.weighs_flow), len(plan.cases))
    late = [case.id for case in plan.cases[flows:] if not case.weighs_flow]
    if not late:
        return []
    before = plan.cases[flows].id
    return [f"{plan.path}: case {late[0]}: check weights come before everything that flows; put it before case {before}"]


def _too_late(plan: Plan, cases: Sequence[Outlook]) -> list[str]:
    """A pump must not be blamed for an interval that the plan itself cannot keep."""
    started_s = {outlook.case: outlook.starts_s for outlook in cases}
    return [
        f"{plan.path}: case {case.id}: after.start_to_start: it can start {late_s:.0f} s after its moment at the earliest, "
        f"and {case.after.within:g} s are allowed"
        for case in plan.cases
        if case.after is not None
        and (late_s := started_s[case.id] - started_s[case.after.case] - case.after.start_to_start) > case.after.within
    ]
