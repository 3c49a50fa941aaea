"""How often guarded acceptance passes a pump whose true flow error lies on its limit, or just outside.

The pump is exact but for its rate, so that its true error is where it was put; everything else is drawn as in the coverage
study. What counts is the verdict of the whole harness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.metadata import version

from harness.qualification.counting import Count, counted, in_parallel
from harness.qualification.set_ups import SET_UPS, SetUp, Tables, drawn
from harness.qualification.study import carried_out
from harness.verdicts import Verdict

LIMIT_PCT = 5.0
MOST = 0.025
"""Specific false accept of guarded acceptance (gravimetric-metrology, section 9)."""
OUTSIDE = (0.0, 0.25, 0.5, 1.0)
"""How far outside the limit the true value lies, in standard uncertainties of the set-up."""
_ENOUGH = 500
_EXACT = {"step": "1e-7 mL", "screw_error": "0 %", "backlash": "0 mL", "stiction": "0 mL", "sliding": "0 mL"}


@dataclass(frozen=True, slots=True)
class Place:
    """True values at one distance outside the limit, on either side of it: how often they were passed."""

    outside_u: float
    count: Count


@dataclass(frozen=True, slots=True)
class Risk:
    """``u_pct``: standard uncertainty of the flow error on this set-up; ``verdicts`` how often each was given."""

    set_up: str
    u_pct: float
    places: tuple[Place, ...]
    verdicts: Mapping[str, int]

    @property
    def overall(self) -> Count:
        return Count(sum(place.count.hits for place in self.places), sum(place.count.trials for place in self.places))

    @property
    def ok(self) -> bool:
        """From so many runs on the share on the limit itself is what guarded acceptance promises; nowhere is it clearly more."""
        on_it = self.places[0].count
        kept = on_it.trials < _ENOUGH or on_it.share <= MOST
        return kept and self.overall.share <= MOST and all(place.count.interval[0] <= MOST for place in self.places)


def study(runs: int, *, first_seed: int = 0, processes: int = 2, tell: Callable[[int, int], None]) -> Risk:
    """``runs`` runs, evenly over the distances and both sides of the limit."""
    set_up = _flow_only(SET_UPS[0])
    u_pct = _u_pct(set_up, first_seed)
    jobs = [(set_up, *_place(number, u_pct), first_seed + number) for number in range(runs)]
    found = list(in_parallel(_one_run, jobs, processes, tell))
    places = tuple(Place(at, counted(passed for where, passed, _ in found if where == at)) for at in OUTSIDE)
    verdicts = {verdict.value: sum(given is verdict for _, _, given in found) for verdict in Verdict}
    return Risk(set_up.name, u_pct, places, verdicts)


def _place(number: int, u_pct: float) -> tuple[float, float]:
    """Distance in standard uncertainties, and the true error in %."""
    outside, side = OUTSIDE[number % len(OUTSIDE)], 1 if number // len(OUTSIDE) % 2 else -1
    return outside, side * (LIMIT_PCT + outside * u_pct)


def _flow_only(set_up: SetUp) -> SetUp:
    plan = deepcopy(set_up.plan)
    flow = plan["case"][1]
    plan["case"] = [{**flow, "flow_error": {"within": f"{LIMIT_PCT} %", "rule": "guarded"}}]
    return replace(set_up, plan=plan)


def _bench(set_up: SetUp, seed: int, error_pct: float) -> Tables:
    bench = drawn(set_up, seed, flow_error_pct=error_pct)
    bench["simulation"]["drive"] |= _EXACT
    return bench


def _u_pct(set_up: SetUp, seed: int) -> float:
    """As the harness states it."""
    verdict, _ = carried_out(set_up.plan, _bench(set_up, seed, 0.0))
    stated = verdict.cases[0].measurands[0]
    return stated.expanded_uncertainty / stated.coverage_factor


def _one_run(job: tuple[SetUp, float, float, int]) -> tuple[float, bool, Verdict]:
    set_up, outside, error_pct, seed = job
    verdict, _ = carried_out(set_up.plan, _bench(set_up, seed, error_pct))
    return outside, verdict.verdict is Verdict.PASS, verdict.verdict


def as_json(found: Risk) -> Mapping[str, object]:
    return {
        "schema": "dosebench/risk/1",
        "version": version("dosebench"),
        "set_up": found.set_up,
        "limit_pct": LIMIT_PCT,
        "standard_uncertainty_pct": found.u_pct,
        "at_most_pct": 100 * MOST,
        "ok": found.ok,
        "verdicts": found.verdicts,
        "overall": _count_json(found.overall),
        "places": [{"outside_u": place.outside_u, **_count_json(place.count)} for place in found.places],
    }


def _count_json(count: Count) -> dict[str, object]:
    return {
        "passed": count.hits,
        "runs": count.trials,
        "false_accept_pct": 100 * count.share,
        "interval_pct": [100 * end for end in count.interval],
    }
