"""What the last daily check of each bench found, kept beside the run folders; a bench may ask for one before any other run.

``OUT/checks/BENCH-ID.json`` has the last check on real instruments and the last on simulated ones, each for runs of its own kind.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.analysis.daily_check import DEVIATION, REPEATABILITY, SCATTER, ZERO
from harness.bench import Bench
from harness.cases import CaseBase, DailyCheckCase
from harness.disk import replace_file
from harness.plan import Plan
from harness.record import Record
from harness.verdicts import CaseVerdict, Verdict, overall
from instruments.clock import utc_now
from instruments.errors import ConfigError

SCHEMA = "dosebench/checks/1"
_MG_PER_G = 1000.0


@dataclass(frozen=True, slots=True)
class Check:
    """One daily check. ``repeatability_g`` (with its number of placements) and the other figures are the worst of all weights.

    ``when`` is when it was over, in UTC (ISO 8601); ``balance`` what the balance said of itself; figures are None where nothing
    could be measured.
    """

    verdict: str
    when: str
    balance: dict[str, str]
    run: str
    folder: str
    repeatability_g: float | None
    repeatability_n: int
    deviation_g: float | None
    zero_g: float | None
    scatter_g: float | None
    reasons: list[str]

    def __post_init__(self) -> None:
        if self.moment.tzinfo is None:
            raise ValueError(f"when = {self.when!r} has no UTC offset")

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.when)


def path_of(out: Path, bench: str) -> Path:
    return out / "checks" / f"{bench}.json"


def is_check(plan: Plan) -> bool:
    """Whether a plan is a daily check itself: it begins with check weights, and all that follows belongs to the check."""
    return any(isinstance(case, DailyCheckCase) for case in plan.cases)


# --- before a run ---


def admitted(plan: Plan, bench: Bench, out: Path, data_source: str, now: datetime) -> Check | None:
    """The check under which a run may begin; None where the bench asks for none, or the plan is the check itself.

    Raises ConfigError with what is wrong with the last check, and the command that makes a new one.
    """
    asked = bench.file.daily_check
    if asked is None or is_check(plan):
        return None
    check = read(out, bench.id, data_source)
    if check is not None and not (reason := _refused(check, bench, asked.within, now)):
        return check
    wrong = f"has no daily check on {data_source} instruments in {path_of(out, bench.id)}" if check is None else reason
    command = shlex.join(["dosebench", "run", asked.plan, "--bench", str(bench.path), "--out", str(out)])
    raise ConfigError(f"{bench.path}: bench {bench.id} {wrong}; its balance has to be checked first: {command}")


def _refused(check: Check, bench: Bench, within_s: float, now: datetime) -> str:
    """Why a check does not hold for a run that begins now; nothing when it does."""
    age, expected, found = now - check.moment, bench.balance.serial, check.balance.get("serial", "")
    told = f"the daily check of {check.when} (run folder {check.folder})"
    if check.verdict != Verdict.PASS:
        return f"did not pass {told}: {check.verdict}, {'; '.join(check.reasons) or 'no reason given'}"
    if expected is not None and expected != found:
        return f"passed {told} with another balance, serial {found!r}; the bench file says {expected!r}"
    if age < timedelta(0):
        return f"passed {told}, which lies ahead of this computer's clock ({now.isoformat(timespec='seconds')})"
    if age > timedelta(seconds=within_s):
        return f"passed {told}, {_hours(age.total_seconds())} ago, and is to be checked every {_hours(within_s)}"
    return ""


def _hours(duration_s: float) -> str:
    return f"{duration_s / 3600:.3g} h"


def read(out: Path, bench: str, data_source: str) -> Check | None:
    """The last check of a bench on instruments of that kind, if there was any. Raises ConfigError when the file is damaged."""
    path = path_of(out, bench)
    try:
        plain = _checks(path).get(data_source)
        return None if plain is None else Check(**plain)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise ConfigError(f"{path}: is no file of daily checks ({err}); remove it, and check the balance again") from err


def _checks(path: Path) -> dict[str, Any]:
    plain = json.loads(path.read_text(encoding="utf-8"))
    if plain["schema"] != SCHEMA:
        raise ValueError(f"schema {plain['schema']!r}, this program reads {SCHEMA!r}")
    return dict(plain["checks"])


# --- after a check ---


def keep_found(plan: Plan, verdicts: Mapping[str, CaseVerdict], record: Record, out: Path, bench: str, folder: Path) -> None:
    """Keep what the daily check of a run found, if it had begun: with the first weighing it stands for the bench.

    Raises ConfigError if it cannot be written.
    """
    if any(any(record.of_kind("phase", case.id)) for case in weights_of(plan.cases)):
        keep(out, bench, record.data_source, found_by(plan.cases, verdicts, record, folder, utc_now()))


def weights_of(cases: Sequence[CaseBase]) -> list[DailyCheckCase]:
    return [case for case in cases if isinstance(case, DailyCheckCase)]


def found_by(
    cases: Sequence[CaseBase], verdicts: Mapping[str, CaseVerdict], record: Record, folder: Path, when: datetime
) -> Check:
    """What a daily check found: it passed when all its cases did. One that was not reached, or not selected, is ABORTED."""
    judged = [verdicts[case.id] for case in cases]
    scatters = [
        (s_g, case.placements) for case in weights_of(cases) if (s_g := _figure_g([verdicts[case.id]], REPEATABILITY)) is not None
    ]
    worst_g, placements = max(scatters, default=(None, 0))
    return Check(
        verdict=overall(case.verdict for case in judged).value,
        when=when.isoformat(timespec="seconds"),
        balance=_balance(record),
        run=record.run,
        folder=folder.name,
        repeatability_g=worst_g,
        repeatability_n=placements,
        deviation_g=_figure_g(judged, DEVIATION),
        zero_g=_figure_g(judged, ZERO),
        scatter_g=_figure_g(judged, SCATTER),
        reasons=[reason for case in judged for reason in case.reasons],
    )


def _balance(record: Record) -> dict[str, str]:
    """What the balance said of itself."""
    told = [event.data for event in record.of_kind("identity") if event.data["role"] == "balance"]
    return {name: str(told[-1][name]) for name in ("model", "serial", "firmware")} if told else {}


def _figure_g(judged: Sequence[CaseVerdict], name: str) -> float | None:
    """The largest of a measurand's values, by its size."""
    values_mg = [found.value for case in judged for found in case.measurands if found.name == name]
    return max(values_mg, key=abs) / _MG_PER_G if values_mg else None


def keep(out: Path, bench: str, data_source: str, check: Check) -> None:
    """Put a check in the place of the last one on instruments of its kind, in one step; a damaged file gives way.

    Raises ConfigError if it cannot be written.
    """
    path = path_of(out, bench)
    try:
        others = _checks(path)
    except (OSError, ValueError, TypeError, KeyError):
        others = {}
    told = {"schema": SCHEMA, "bench": bench, "checks": {**others, data_source: asdict(check)}}
    try:
        replace_file(path, json.dumps(told, indent=1, allow_nan=False).encode("utf-8") + b"\n")
    except OSError as err:
        raise ConfigError(f"{path}: what the daily check found cannot be written ({err.strerror}); check again") from err
