"""Detection curves: how often a fault of a size is told, beside what the uncertainty budget says of it.

A case of a shipped plan by itself, on its bench, whose truth is drawn from what the bench file states, as in the coverage
study, anew for every run. A value fails when it lies outside its limits, and passes when it lies inside what the guard bands
leave of them; about a true value t it is spread with the standard uncertainty u of its budget. So FAIL is to be expected with
1 - p_c(t, u) for the limits, PASS with p_c(t, u) for the acceptance limits, p_c as in JCGM 106.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from zlib import crc32

import numpy as np
from scipy.stats import binomtest

from harness.bench import load_bench
from harness.metrology.rules import Interval, conformance
from harness.plan import Plan, load_plan
from harness.qualification.counting import Count, counted
from harness.qualification.coverage import Cell
from harness.qualification.drill.places import PLACES
from harness.qualification.drill.runs import CRASHED
from harness.qualification.set_ups import SetUp, drawn
from harness.qualification.study import TRUTHS, carried_out_as_read
from harness.verdicts import Verdict

ZONES = ("inside by more than U", "between", "outside by more than U")
_FAMILY = 0.05
"""Of drills in which every budget is right so many find a share beside its prediction, over all points of all curves."""
_FEW = 0.05
"""Part of the runs that may state no value (a needle that slips in a blank); each is counted."""
_SURE = 4.0
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Graded:
    """A fault, in ``fault`` with ``{size}``; the case of a shipped plan, and the measurand, whose limits it comes to.

    ``wave_g``: see ``SetUp``.
    """

    fault: str
    size_unit: str
    plan: str
    case: str
    measurand: str
    sizes: tuple[float, ...]
    wave_g: float

    @property
    def name(self) -> str:
        return f"{self.fault.partition(':')[0]}, {self.case}: {self.measurand}"

    def spec(self, size: float) -> str:
        return self.fault.format(size=f"{size:+.6g}" if min(self.sizes) < 0 or "%" in self.fault else f"{size:.6g}")


GRADED: tuple[Graded, ...] = (
    Graded(
        "rate-gain:{size}%", "%", "daily_check", "DAILY-FLOW", "flow error", (1.86, 1.91, 1.95, 2.0, 2.05, 2.09, 2.14, 2.19), 0.5
    ),
    Graded(
        "rate-gain:{size}%", "%", "itb_reservoir", "RES-FLOW", "flow error",
        (-14.464, -14.476, -14.488, -14.5, -14.512, -14.524, -14.536, -14.548), 0.5,
    ),
    Graded(
        "bolus-length:{size}%", "%", "itb_screening", "ITB-SCR1", "bolus volume",
        (4.87, 4.91, 4.96, 5.0, 5.04, 5.09, 5.13, 5.17), 0.5,
    ),
    Graded(
        "bolus-duration:{size}%", "%", "itb_screening", "ITB-SCR1", "bolus duration error",
        (7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0), 0.5,
    ),
    Graded(
        "alarm-early:{size}mL", "mL", "itb_screening", "ITB-EMPTY", "residual volume", (0.2, 0.3, 0.4), 0.5
    ),
)  # fmt: skip
"""Sizes from about three standard uncertainties inside the limit to three or four outside; from the harmless to the harmful."""


@dataclass(frozen=True, slots=True)
class CurveJob:
    """One run for a curve."""

    graded: Graded
    size: float
    seed: int
    root: Path


@dataclass(frozen=True, slots=True)
class Caught:
    """What one run stated of the measurand, and what was true. Without a measurand (INVALID) the numbers are NaN."""

    job: CurveJob
    verdict: str
    value: float = math.nan
    u: float = math.nan
    true: float = math.nan
    limits: Interval = (None, None)
    acceptance: Interval = (None, None)
    interval: tuple[float, float] = (math.nan, math.nan)
    unit: str = ""

    def as_row(self) -> tuple[object, ...]:
        """A line of the table of runs; the measurand is told with what was stated and what was true."""
        graded = self.job.graded
        made = ("curve", graded.plan, PLACES[graded.plan].bench, graded.spec(self.job.size), self.job.seed, "", "")
        told = f"stated {self.value:.6g} {self.unit}, u = {self.u:.3g}, true {self.true:.6g}"
        return (*made, self.verdict, graded.case, graded.measurand, told, "")

    @property
    def judged(self) -> bool:
        return all(map(math.isfinite, (self.value, self.u, self.true)))

    @property
    def failed(self) -> bool:
        return self.verdict == Verdict.FAIL

    @property
    def passed(self) -> bool:
        return self.verdict == Verdict.PASS

    @property
    def covered(self) -> bool:
        return self.interval[0] <= self.true <= self.interval[1]

    @property
    def to_fail(self) -> float:
        """Probability of FAIL by the budget."""
        return 1 - conformance(self.true, self.u, self.limits)

    @property
    def to_pass(self) -> float:
        """Probability of PASS by the budget."""
        return conformance(self.true, self.u, self.acceptance)

    @property
    def zone(self) -> str:
        """Where the truth lies, in words of the limits and U."""
        low, high = (end if end is not None else sign * math.inf for end, sign in zip(self.limits, (-1, 1), strict=True))
        inside = min(self.true - low, high - self.true)
        reach = 2 * self.u
        return ZONES[0] if inside > reach else ZONES[2] if inside < -reach else ZONES[1]


def caught(job: CurveJob) -> Caught:
    """Carry one run out and find its measurand; a crash leaves a run without one."""
    graded = job.graded
    try:
        verdict, true = carried_out_as_read(_case(graded, job.root), _bench(job))
        (case,) = verdict.cases
        found = next((one for one in case.measurands if one.name == graded.measurand), None)
        if found is None or found.interval is None:
            return Caught(job, case.verdict.value)
        true_value = TRUTHS[graded.measurand](true, graded.case)
    except Exception:  # noqa: BLE001 - whatever it is, the other thousands of runs go on
        return Caught(job, CRASHED)
    u = found.expanded_uncertainty / found.coverage_factor
    stated = (found.limits, found.acceptance, found.interval, found.unit)
    return Caught(job, found.verdict.value, found.value, u, true_value, *stated)


@cache
def _case(graded: Graded, root: Path) -> Plan:
    """The plan with nothing but the case."""
    plan = load_plan(PLACES[graded.plan].files(root)[0])
    cases = [case for case in plan.cases if case.id == graded.case]
    return replace(plan, file=plan.file.model_copy(update={"case": cases}))


def _bench(job: CurveJob) -> Mapping[str, object]:
    """Everything but the rate is drawn; the pump's own rate is right, so that the fault alone is wrong."""
    graded = job.graded
    bench = load_bench(PLACES[graded.plan].files(job.root)[1]).tables
    place = SetUp(f"{graded.name} at {job.size:g}", bench, {}, graded.wave_g)  # other draws for every size
    tables = drawn(place, job.seed, flow_error_pct=0.0)
    tables["simulation"]["seed"] = crc32(f"{place.name}, {job.seed}".encode())
    tables["simulation"]["vessel"]["evaporation"] = bench["simulation"]["vessel"]["evaporation"]  # covered as its file says
    tables["simulation"]["faults"] = [graded.spec(job.size)]
    return tables


# --- from runs to curves ---


@dataclass(frozen=True, slots=True)
class Share:
    """Of the runs of a size so many were given a verdict, beside the share predicted for it.

    ``likely`` is the interval of the share, wide enough for all points of all curves together.
    """

    count: Count
    predicted: float
    likely: tuple[float, float]

    @property
    def ok(self) -> bool:
        return self.likely[0] <= self.predicted <= self.likely[1]


@dataclass(frozen=True, slots=True)
class Point:
    """All runs with one size."""

    size: float
    true: float
    failed: Share
    passed: Share

    @property
    def ok(self) -> bool:
        return self.failed.ok and self.passed.ok


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of a graded fault, by size, and all of its runs that stated a value."""

    graded: Graded
    points: tuple[Point, ...]
    runs: tuple[Caught, ...]
    unjudged: int

    @property
    def zones(self) -> Mapping[str, Mapping[str, int]]:
        """How the verdicts lie about the limits."""
        return {zone: Counter(run.verdict for run in self.runs if run.zone == zone) for zone in ZONES}

    @property
    def covered(self) -> Cell:
        """How often the true value lay in the stated interval, judged as in the coverage study."""
        errors = np.array([(run.value - run.true) / (2 * run.u) for run in self.runs])
        return Cell(self.graded.plan, self.graded.measurand, counted(run.covered for run in self.runs), self.u, errors)

    @property
    def u(self) -> float:
        return fmean(run.u for run in self.runs) if self.runs else math.nan

    @property
    def scores(self) -> tuple[float, float]:
        """Mean and standard deviation of (stated - true) / u: 0 and 1 of a budget that is right."""
        found = [(run.value - run.true) / run.u for run in self.runs]
        return (fmean(found), stdev(found)) if len(found) > 1 else (math.nan, math.nan)

    @property
    def biased(self) -> bool:
        """The errors have a mean that chance does not explain."""
        mean, spread = self.scores
        return not abs(mean) <= _SURE * max(spread, 1.0) / len(self.runs) ** 0.5

    @property
    def ok(self) -> bool:
        few = self.unjudged <= _FEW * (len(self.runs) + self.unjudged)
        agrees = bool(self.points) and all(point.ok for point in self.points)
        return few and agrees and self.covered.ok and not self.biased

    def size_at(self, share: float, *, predicted: bool) -> float | None:
        """The size at which so many FAIL, between the points on either side of it; None where the points do not reach it."""
        shares = ((point.size, point.failed.predicted if predicted else point.failed.count.share) for point in self.points)
        return _crossing(list(shares), share)

    def size_interval(self, share: float) -> tuple[float, float] | None:
        """95 % interval of that size, by drawing the runs of each size again; None where a draw does not reach it."""
        random = np.random.default_rng(_DRAWS)
        of_size = [(point.size, point.failed.count) for point in self.points]
        drawn_again = ([(size, random.binomial(n.trials, n.share) / n.trials) for size, n in of_size] for _ in range(_DRAWS))
        found = [_crossing(points, share) for points in drawn_again]
        if not found or any(size is None for size in found):
            return None
        low, high = np.quantile([size for size in found if size is not None], (0.025, 0.975))
        return float(low), float(high)


def _crossing(shares: Sequence[tuple[float, float]], share: float) -> float | None:
    for (near, less), (far, more) in pairwise(shares):
        if less < share <= more:
            return near + (share - less) / (more - less) * (far - near)
    return None


def curve_jobs(seeds: Sequence[int], graded: Iterable[Graded], root: Path) -> list[CurveJob]:
    return [CurveJob(one, size, seed, root) for one in graded for size in one.sizes for seed in seeds]


def curves(found: Sequence[Caught]) -> tuple[Curve, ...]:
    """What the runs of all curves say together."""
    points = len({(one.job.graded, one.job.size) for one in found})
    by_graded: dict[Graded, list[Caught]] = {}
    for one in found:
        by_graded.setdefault(one.job.graded, []).append(one)
    return tuple(_curve(graded, runs, 1 - _FAMILY / (2 * points)) for graded, runs in by_graded.items())


def _curve(graded: Graded, runs: Sequence[Caught], confidence: float) -> Curve:
    judged = tuple(run for run in runs if run.judged)
    by_size = {size: [run for run in judged if run.job.size == size] for size in graded.sizes}
    points = tuple(_point(size, of_size, confidence) for size, of_size in by_size.items() if of_size)
    return Curve(graded, points, judged, len(runs) - len(judged))


def _point(size: float, runs: Sequence[Caught], confidence: float) -> Point:
    failed = _share([run.failed for run in runs], [run.to_fail for run in runs], confidence)
    passed = _share([run.passed for run in runs], [run.to_pass for run in runs], confidence)
    return Point(size, fmean(run.true for run in runs), failed, passed)


def _share(given: Sequence[bool], predicted: Sequence[float], confidence: float) -> Share:
    count = counted(given)
    low, high = binomtest(count.hits, count.trials).proportion_ci(confidence)
    return Share(count, fmean(predicted), (float(low), float(high)))
