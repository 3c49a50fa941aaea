"""What would help where a plan cannot find out what it asks: each change is tried on paper, with the analysis's own budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from harness.analysis.view import Conditions
from harness.forecast import Forecast, of_case
from harness.plan import Plan
from harness.stands import BalanceSheet
from harness.verdicts import Verdict
from instruments.errors import BenchError

_LONGER = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
_FINER = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_BLANK_S = 1800.0
_BALANCE = ("readability", "repeatability", "linearity", "drift")
_TIMES = ("duration", "each", "watch")
"""Keys of cases that say how long something is weighed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A case on a bench, as they are or as they might be."""

    case: Any
    plan: Plan
    conditions: Conditions

    def foresee(self, number: int) -> Forecast | None:
        """The forecast of its limit of that number (from 0); None where the change leaves nothing to foresee."""
        try:
            return next(islice(of_case(self.case, self.plan, self.conditions), number, None), None)
        except (BenchError, ValueError):
            return None


Change = Callable[[Trial, float], Trial | None]
"""The trial with something better by a factor; None where there is nothing to better."""


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that can be changed: by which factors it is tried, and how the change is told."""

    change: Change
    told: Callable[[Trial], str]
    factors: Sequence[float] = _FINER

    def found(self, trial: Trial, number: int) -> str:
        """The smallest change with which the limit can PASS, in words; nothing where none does."""
        if not _passes(self.change(trial, self.factors[-1]), number) and not _passes(self.change(trial, self._middle), number):
            return ""
        tried = (self.change(trial, factor) for factor in self.factors)
        return next((self.told(better) for better in tried if better is not None and _passes(better, number)), "")

    @property
    def _middle(self) -> float:
        """A longer run drifts farther too: the longest need not be the best."""
        return self.factors[len(self.factors) // 2]


def undecidable(plan: Plan, conditions: Conditions, foreseen: Sequence[Forecast]) -> tuple[str, ...]:
    """The limits that no pump can PASS, not even one that does exactly what it is told: why, and what would help."""
    cases, numbers = {case.id: case for case in plan.cases}, dict.fromkeys((found.case for found in foreseen), 0)
    told = []
    for found in foreseen:
        number, numbers[found.case] = numbers[found.case], numbers[found.case] + 1
        if found.verdict != Verdict.PASS:
            help_ = _help(found, Trial(cases[found.case], plan, conditions), number)
            told.append(f"case {found.case}: {found.measurand}: {_why(found)}; {help_}")
    return tuple(told)


def _why(found: Forecast) -> str:
    expected = f"with U = {found.expanded_uncertainty:.2g} {found.unit} to be expected"
    exact = f"a pump that does exactly what it is told shows {found.value:.4g} {found.unit}"
    if not found.reachable:
        return f"{expected}, no value can PASS by rule {found.rule!r}, it can only be INCONCLUSIVE"
    if found.verdict == Verdict.FAIL:
        return f"{exact}, and that is a FAIL"
    if found.minimum_tur is not None and found.tur is not None and found.tur < found.minimum_tur:
        return f"{expected}, the test uncertainty ratio is {found.tur:.2g}, and {found.minimum_tur:g} is asked for"
    return f"{expected}, {exact}, and that is INCONCLUSIVE"


def _help(found: Forecast, trial: Trial, number: int) -> str:
    largest = f"most of U is {found.largest}" + (f" ({found.shares[0][1]:.0%} of its variance)" if found.shares else "")
    together, used = _together(trial, number)
    if not _passes(together, number) and found.verdict == Verdict.FAIL:
        return "the limit leaves out what the case itself asks for; change one of them"
    if not _passes(together, number):
        return f"{largest}; nothing that could be changed on this bench is enough: ask for less"
    ways = [way for lever in LEVERS if (way := lever.found(trial, number))]
    if ways:
        return f"{largest}; what would help: {', or '.join(ways)}"
    return f"{largest}; no single change is enough; together they are: {', '.join(used)}"


def _together(trial: Trial, number: int) -> tuple[Trial, list[str]]:
    """With all that makes U smaller as far as it goes, and what that is."""
    used: list[str] = []
    before = trial.foresee(number)
    for lever in LEVERS:
        better = lever.change(trial, lever.factors[-1])
        after = better.foresee(number) if better is not None else None
        if better is not None and before is not None and after is not None and _smaller(after, before):
            trial, before, used = better, after, [*used, lever.told(better)]
    return trial, used


def _smaller(after: Forecast, before: Forecast) -> bool:
    return after.expanded_uncertainty < 0.98 * before.expanded_uncertainty


def _passes(trial: Trial | None, number: int) -> bool:
    found = trial.foresee(number) if trial is not None else None
    return found is not None and found.verdict == Verdict.PASS


# --- what can be changed ---


def _longer(trial: Trial, factor: float) -> Trial | None:
    key = _time_of(trial.case)
    return _with_case(trial, **{key: getattr(trial.case, key) * factor}) if key else None


def _time_of(case: Any) -> str:
    return next((key for key in _TIMES if isinstance(getattr(case, key, None), float)), "")


def _told_longer(trial: Trial) -> str:
    key = _time_of(trial.case)
    return f"{key} = {in_words(getattr(trial.case, key))}"


def _sooner(trial: Trial, factor: float) -> Trial | None:
    return _with_case(trial, poll=trial.case.poll / factor) if isinstance(getattr(trial.case, "poll", None), float) else None


def _blank_after(trial: Trial, factor: float) -> Trial | None:
    return None if trial.case.blank else _with_case(trial, blank=_BLANK_S * factor)


def _with_case(trial: Trial, **changed: float) -> Trial:
    return replace(trial, case=trial.case.model_copy(update=changed))


def _blank_before(trial: Trial, factor: float) -> Trial:
    file = trial.plan.file
    longer = file.preparation.model_copy(update={"blank": file.preparation.blank * factor})
    return replace(trial, plan=replace(trial.plan, file=file.model_copy(update={"preparation": longer})))


def _finer_balance(trial: Trial, factor: float) -> Trial:
    sheet = trial.conditions.weighing.balance
    return _with_weighing(trial, balance=sheet.model_copy(update={key: getattr(sheet, key) / factor for key in _BALANCE}))


def _told_balance(trial: Trial) -> str:
    sheet: BalanceSheet = trial.conditions.weighing.balance
    rest = f"repeatability {sheet.repeatability * 1000:.2g} mg, linearity {sheet.linearity * 1000:.2g} mg"
    return f"a balance that reads {sheet.readability * 1000:.2g} mg ({rest}, drift {sheet.drift * 1000:.2g} mg/h)"


def _less_wetting(trial: Trial, factor: float) -> Trial | None:
    needle = trial.conditions.weighing.needle
    smaller = needle.model_copy(update={"capillary": needle.capillary / factor})
    return _with_weighing(trial, needle=smaller) if needle.capillary else None


def _less_evaporation(trial: Trial, factor: float) -> Trial:
    vessel = trial.conditions.weighing.vessel
    covered = vessel.model_copy(update={"evaporation_at_most": vessel.evaporation_at_most / factor})
    return _with_weighing(trial, vessel=covered)


def _with_weighing(trial: Trial, **changed: Any) -> Trial:
    weighing = replace(trial.conditions.weighing, **changed)
    return replace(trial, conditions=replace(trial.conditions, weighing=weighing))


def _lags_known(trial: Trial, factor: float) -> Trial | None:
    lags = tuple(replace(lag, half_width_s=lag.half_width_s / factor) for lag in trial.conditions.lags)
    return replace(trial, conditions=replace(trial.conditions, lags=lags)) if lags else None


def _told_lags(trial: Trial) -> str:
    return "lags measured: " + ", ".join(f"{lag.source} within {lag.half_width_s:.2g} s" for lag in trial.conditions.lags)


def _filling_weighed(trial: Trial, factor: float) -> Trial:
    return replace(trial, conditions=replace(trial.conditions, filled_u_ml=trial.conditions.filled_u_ml / factor))


LEVERS: Sequence[Lever] = (
    Lever(_longer, _told_longer, _LONGER),
    Lever(_sooner, lambda trial: f"poll = {in_words(trial.case.poll)}"),
    Lever(_blank_after, lambda trial: f"blank = {in_words(trial.case.blank)} after the case", (1.0, 2.0, 4.0)),
    Lever(_blank_before, lambda trial: f"a blank of {in_words(trial.plan.file.preparation.blank)} before", _LONGER),
    Lever(_finer_balance, _told_balance),
    Lever(
        _less_wetting,
        lambda trial: f"a needle whose wetting stays within {trial.conditions.weighing.needle.capillary * 1000:.2g} mg",
    ),
    Lever(
        _less_evaporation,
        lambda trial: f"oil on the liquid: {trial.conditions.weighing.vessel.evaporation_at_most * 1000:.2g} mg/h at most",
    ),
    Lever(_lags_known, _told_lags),
    Lever(_filling_weighed, lambda trial: f"the filling weighed in, to {trial.conditions.filled_u_ml * 1000:.2g} uL"),
)


def in_words(seconds: float) -> str:
    """A time as a plan states it."""
    sizes = ((3600.0, "h"), (60.0, "min"))
    size, unit = next((one for one in sizes if seconds >= 2 * one[0] or (seconds and seconds % one[0] == 0)), (1.0, "s"))
    return f'"{seconds / size:.4g} {unit}"'
