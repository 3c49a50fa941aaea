"""A case that has its moment after another: begun by the bench, so that a wrong moment is no fault of the pump."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.analysis.interval import begun_s, start_to_start
from harness.cases import After, PumpOffCase
from harness.judge import judge_case
from harness.record import Event, Record
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, DRY, commanded, curve, phase, readings, view_of

NOTHING = readings([], [])
AFTER = {"case": "A", "start_to_start": "24 h", "within": "15 min"}
CASE = PumpOffCase.model_validate(
    {
        "procedure": "pump-off", "id": "B", "title": "off", "requirement": ["R"], "duration": "1 h",
        "flow": {"within": "1 uL/h"}, "after": AFTER,
    }
)  # fmt: skip


def record(events: Sequence[Event]) -> Record:
    return Record("run", "simulated", NOTHING, events)


def at(start_s: float, *, pumps: bool = True) -> Sequence[Event]:
    own = [commanded(start_s, 48, "B")] if pumps else []
    return [
        *phase("A", "baseline", 0, 60),
        commanded(60, 48, "A"),
        *phase("B", "baseline", start_s - 60 * pumps, start_s + 60),
        *own,
    ]


INTERVALS = [
    (24.0, "PASS", ""),
    (24.24, "PASS", ""),
    (24.2499, "INCONCLUSIVE", ""),
    (24.3, None, "the bench began it 24.3 h after case A, and not 23.75 h to 24.25 h"),
    (23.7, None, "the bench began it 23.7 h after case A, and not 23.75 h to 24.25 h"),
]


@pytest.mark.parametrize("pumps", [True, False])
@pytest.mark.parametrize(("interval_h", "verdict", "fault"), INTERVALS)
def test_the_interval_counts_from_start_to_start(interval_h: float, verdict: str | None, fault: str, pumps: bool) -> None:
    found = start_to_start(view_of(CASE, NOTHING, at(60 + interval_h * 3600, pumps=pumps)))
    assert [measurand.verdict for measurand in found.measurands] == ([verdict] if verdict else [])
    assert list(found.faults) == ([fault] if fault else [])


def test_a_case_that_is_not_timed_has_none() -> None:
    found = start_to_start(view_of(CASE.model_copy(update={"after": None}), NOTHING, at(60)))
    assert (found.measurands, found.faults) == ((), ())


def test_waiting_is_no_beginning() -> None:
    assert begun_s(record([*phase("B", "waiting", 0, 100), *phase("B", "off", 100, 200)]), "B") == 100


def test_a_case_that_was_never_begun_has_no_interval() -> None:
    with pytest.raises(BenchError, match="the record has no beginning of case B"):
        begun_s(record(phase("A", "baseline", 0, 60)), "B")


@pytest.mark.parametrize(("start_s", "verdict"), [(3660.0, "PASS"), (3700.0, "INVALID")])
def test_a_case_that_the_bench_began_late_is_not_judged(start_s: float, verdict: str) -> None:
    case = CASE.model_copy(update={"after": After(case="A", start_to_start="1 h", within="30 s")})
    events = [*phase("A", "baseline", 0, 60), commanded(60, 48, "A"), commanded(61, 0, "A")]
    events += [*phase("B", "settle", start_s, start_s + 600), *phase("B", "off", start_s + 600, start_s + 4200)]
    found = curve(lambda moments_s: np.full_like(moments_s, 35.0), start_s + 4300, 1.0)
    judged = judge_case(Record("run", "simulated", found, events), case, CONDITIONS, DRY)
    assert judged.verdict == verdict, judged.reasons
    assert (verdict == "PASS") == ("start to start, after A" in [one.name for one in judged.measurands])
