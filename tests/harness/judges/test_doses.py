"""Boluses in a row, on an infusion and by a schedule, on made-up records: which measurand says what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from harness.cases import Case
from harness.judges import JUDGES
from harness.record import Event, FloatArray
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of

ONE_HZ = replace(CONDITIONS, rate_hz=1.0)
BASE = {"id": "D", "title": "doses", "requirement": ["R"], "over": "60 s"}
ROW: dict[str, Any] = {
    **BASE, "procedure": "boluses", "volume": "1 mL", "count": 3, "pause": "240 s",
    "mean_error": {"within": "3 %"}, "each_error": {"within": "5 %"},
}  # fmt: skip
BASAL: dict[str, Any] = {
    **BASE, "procedure": "bolus-on-basal", "volume": "0.5 mL", "basal": "2 mL/h", "watch": "30 min",
    "volume_error": {"within": "5 %"}, "basal_error": {"within": "5 %"},
}  # fmt: skip
SCHEDULE: dict[str, Any] = {
    **BASE, "procedure": "scheduled-boluses", "volume": "0.5 mL", "basal": "2 mL/h", "count": 2, "every": "20 min",
    "volume_error": {"within": "5 %"}, "start_error": {"within": "10 s"}, "interval_error": {"within": "10 s"},
    "basal_error": {"within": "5 %"},
}  # fmt: skip
Flow = Sequence[tuple[float, float]]
"""Rates in mL/h, each with the moment at which it ends."""


def failed(case: dict[str, Any], flow: Flow, events: Sequence[Event]) -> list[str]:
    edges_s = [0.0, *(until_s for _, until_s in flow)]
    volumes_ml = np.cumsum([0.0, *(rate * span_s / 3600 for (rate, _), span_s in zip(flow, np.diff(edges_s), strict=True))])

    def mass_g(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 + np.interp(moments_s, edges_s, volumes_ml) / CONDITIONS.weighing.factor_ml_g())

    asked = TypeAdapter[Any](Case).validate_python(case)
    found = JUDGES[asked.procedure](view_of(asked, curve(mass_g, edges_s[-1], 1.0), events, ONE_HZ))
    assert {one.verdict for one in found} <= {"PASS", "FAIL"}, [(one.name, one.verdict) for one in found]
    return [one.name for one in found if one.verdict == "FAIL"]


ROWS = [
    ((1.0, 1.0, 1.0), []),
    ((1.0, 1.0, 1.04), []),
    ((1.0, 1.0, 1.08), ["largest bolus error"]),
    ((1.0, 1.0, 0.92), ["smallest bolus error"]),
    ((1.04, 1.04, 1.04), ["mean bolus error"]),
]


@pytest.mark.parametrize(("volumes_ml", "told"), ROWS)
def test_boluses_in_a_row(volumes_ml: Sequence[float], told: list[str]) -> None:
    flow, events = [(0.0, 60.0)], phase("D", "baseline", 0, 60)
    for number, volume_ml in enumerate(volumes_ml):
        start_s = 60.0 + number * 300
        flow += [(volume_ml * 60, start_s + 60), (0.0, start_s + 300)]
        events += [commanded(start_s, 60.0, "D"), commanded(start_s + 60, 0.0, "D")]
    assert failed(ROW, flow, [*events, *phase("D", "boluses", 60, 960)]) == told


ON_BASAL = [
    ((2.0, 0.5, 2.0), []),
    ((2.0, 0.55, 2.0), ["bolus: volume error"]),
    ((2.2, 0.5, 2.0), ["basal flow error before"]),
    ((2.0, 0.5, 1.8), ["basal flow error after"]),
]
"""Basal rate before, volume of the bolus, basal rate after; and what says that it is wrong."""


@pytest.mark.parametrize(("gave", "told"), ON_BASAL)
def test_a_bolus_on_an_infusion(gave: tuple[float, float, float], told: list[str]) -> None:
    before_ml_h, bolus_ml, after_ml_h = gave
    flow = [(before_ml_h, 1800.0), (bolus_ml * 60, 1860.0), (2.0, 2000.0), (after_ml_h, 3800.0)]
    events = [commanded(0, 2.0, "D"), *phase("D", "basal", 0, 1700), *phase("D", "bolus", 1790, 2000), commanded(1800, 30.0, "D")]
    assert failed(BASAL, flow, [*events, *phase("D", "after", 2000, 3800)]) == told


SCHEDULED = [
    ((0.5, 0.5), 0.0, []),
    ((0.5, 0.45), 0.0, ["dose 2: volume error"]),
    ((0.5, 0.5), 20.0, ["dose 2: start", "dose 1 to 2: interval error"]),
]
"""Volumes of the two doses, how late the second is, and what says that it is wrong."""


@pytest.mark.parametrize(("volumes_ml", "late_s", "told"), SCHEDULED)
def test_boluses_by_a_schedule(volumes_ml: tuple[float, float], late_s: float, told: list[str]) -> None:
    """The basal rate, whose place a dose takes, is no part of it."""
    second_s = 1860.0 + late_s
    flow = [
        (0.0, 60.0),
        (2.0, 660.0),
        (volumes_ml[0] * 60, 720.0),
        (2.0, second_s),
        (volumes_ml[1] * 60, second_s + 60),
        (2.0, 3060),
    ]
    events = [commanded(60, 2.0, "D"), *phase("D", "schedule", 60, 3060)]
    assert failed(SCHEDULE, flow, events) == told
