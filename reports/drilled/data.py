"""What a drill and its studies leave as JSON, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.qualification.counting import Count
from instruments.errors import ConfigError

Interval = tuple[float, float]


def _both_ends(ends: Any) -> Any:
    """An interval with an end that is not known is none."""
    return None if isinstance(ends, list | tuple) and None in ends else ends


def _none_is_zero(runs: Any) -> Any:
    return 0 if runs is None else runs


KnownInterval = Annotated[Interval | None, BeforeValidator(_both_ends)]
Runs = Annotated[int, BeforeValidator(_none_is_zero)]


class Part(BaseModel):
    """Keys that are not known here are for other readers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PlanFile(Part):
    file: str
    id: str
    title: str
    revision: str
    sha256: str
    bench: str
    cases: int


class BenchFile(Part):
    file: str
    id: str
    title: str
    sha256: str
    instruments: Mapping[str, str]


class Fault(Part):
    """A fault of the registry, in its words."""

    name: str
    deserves: str
    does: str
    takes: str


class Decided(Part):
    """What the verdict rested on, in so many runs."""

    case: str
    measurand: str
    runs: int


class Cell(Part):
    """One fault (or several, or none) under one plan on one bench, over the seeds."""

    about: Literal["clean", "told", "wide", "inside", "combined", "blind", "not asked"]
    faults: str
    plan: str
    bench: str
    deserves: str
    right: tuple[str, ...]
    verdicts: Mapping[str, int]
    decided: tuple[Decided, ...]
    ok: bool
    why: str = ""
    shown_by: str = ""
    command: str
    took_s: float

    @property
    def runs(self) -> int:
        return sum(self.verdicts.values())

    @property
    def wrong(self) -> int:
        return sum(runs for verdict, runs in self.verdicts.items() if verdict not in self.right)

    @property
    def count(self) -> Count:
        """Right verdicts of all."""
        return Count(self.runs - self.wrong, self.runs)

    @property
    def counted(self) -> list[tuple[str, int]]:
        """Verdicts with their runs, the most frequent first."""
        return sorted(((verdict, runs) for verdict, runs in self.verdicts.items() if runs), key=lambda found: -found[1])


class Wrong(Part):
    """One run whose verdict was not right."""

    command: str
    about: str
    faults: str
    plan: str
    seed: int
    right: tuple[str, ...]
    verdict: str
    case: str
    measurand: str
    told: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many runs of a point gave one verdict, and how many should have.

    ``wider_pct`` is wide enough for all points of all curves together: what is predicted has to lie in it.
    """

    count: Count
    wider_pct: Interval | None
    predicted_pct: float | None

    @property
    def pct(self) -> float | None:
        return 100 * self.count.share if self.count.trials else None

    @property
    def interval_pct(self) -> Interval | None:
        low, high = self.count.interval
        return (100 * low, 100 * high) if self.count.trials else None

    @property
    def agrees(self) -> bool:
        """Whether it is known to be as predicted."""
        if self.wider_pct is None or self.predicted_pct is None:
            return False
        return self.wider_pct[0] <= self.predicted_pct <= self.wider_pct[1]


class Point(Part):
    """One size of a fault: how many of its runs failed and passed. ``true`` is the value that the measurand really had.

    Where no run of this size gave a value there are no numbers.
    """

    size: float
    true: float | None = None
    runs: Runs = 0
    failed: Runs = 0
    passed: int | None = None
    family_interval_pct: KnownInterval = None
    family_pass_interval_pct: KnownInterval = None
    predicted_pct: float | None = None
    predicted_pass_pct: float | None = None
    ok: bool

    @property
    def fails(self) -> Share:
        return Share(Count(self.failed, self.runs), self.family_interval_pct, self.predicted_pct)

    @property
    def passes(self) -> Share | None:
        """None where it was not counted."""
        if self.passed is None:
            return None
        return Share(Count(self.passed, self.runs), self.family_pass_interval_pct, self.predicted_pass_pct)


class Covered(Part):
    """How often the true value lay in the stated interval."""

    hits: Runs
    trials: Runs
    ok: bool

    @property
    def count(self) -> Count:
        return Count(self.hits, self.trials)


class Curve(Part):
    """From which size on a fault is told. Sizes are null where no size of the curve reached that share."""

    name: str
    fault: str
    plan: str
    bench: str
    case: str
    measurand: str
    unit: str
    limits: tuple[float | None, float | None]
    expanded_uncertainty: float | None = None
    size_unit: str
    ok: bool
    unjudged: int = 0
    """Runs that stated no value."""
    points: tuple[Point, ...]
    size_50: float | None = None
    size_95: float | None = None
    size_50_interval: KnownInterval = None
    size_95_interval: KnownInterval = None
    predicted_50: float | None = None
    predicted_95: float | None = None
    covered: Covered | None = None
    mean_z: float | None = None
    sd_z: float | None = None
    """Of (value - true)/u over all runs."""
    command: str = ""
    zones: Mapping[str, Mapping[str, int]] = {}

    @property
    def runs(self) -> int:
        return sum(point.runs for point in self.points)

    @property
    def good(self) -> bool:
        return self.ok and (self.covered is None or self.covered.ok)


class Asked(Part):
    """What the drill was asked for, by name; nothing is everything."""

    plans: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    short: bool = False

    @property
    def chosen(self) -> bool:
        return bool(self.plans or self.faults)


class Drill(Part):
    schema_is: Literal["dosebench/drill/1"] = Field(alias="schema")
    ok: bool
    version: str
    python: str
    platform: str
    packages: Mapping[str, str]
    started_utc: AwareDatetime
    took_s: float
    processes: int
    first_seed: int
    seeds: int
    other_seeds: int | None = None
    """Of the other plans of a row, and of what is known not to be seen."""
    asked: Asked = Asked()
    runs: int
    bench_days: float | None = None
    plans: tuple[PlanFile, ...]
    benches: tuple[BenchFile, ...]
    faults: tuple[Fault, ...]
    cells: tuple[Cell, ...]
    wrong: tuple[Wrong, ...]
    curves: tuple[Curve, ...]

    @property
    def count(self) -> Count:
        """Wrong runs of those in the cells; those of the curves have no right verdict."""
        return Count(sum(cell.wrong for cell in self.cells), sum(cell.runs for cell in self.cells))

    @property
    def plan_names(self) -> list[str]:
        """As cells name them: the file's name without its ending."""
        return [PurePosixPath(plan.file).stem for plan in self.plans]


Kind = TypeVar("Kind", bound=Part)


def typed(kind: type[Kind], plain: Any) -> Kind:
    """Raises ConfigError with the first place that is not as it has to be."""
    try:
        return kind.model_validate(plain)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ConfigError(f"is no {kind.__name__.lower()} as JSON: {where}: {first['msg']}") from err
