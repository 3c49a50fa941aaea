"""What a plan can ask of flows: what is refused, with which words; how long it takes, and how much liquid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.plan import plan_from
from instruments.errors import ConfigError

TRUMPET = {"procedure": "trumpet", "rate": "1 mL/h", "flow_error": {"within": "2 %"}}
CHANGE = {"procedure": "rate-change", "rates": ["1 mL/h", "2 mL/h"], "each": "3 h", "flow_error": {"within": "5 %"}}
PROFILE = {"procedure": "profile", "rates": ["1 mL/h", "2 mL/h"], "lasts": ["3 h", "1 h"], "volume_error": {"within": "5 %"}}
KVO = {
    "procedure": "kvo", "rate": "5 mL/h", "volume": "1 mL", "kvo": "0.5 mL/h",
    "volume_error": {"within": "3 %"}, "flow_error": {"within": "10 %"},
}  # fmt: skip
STEADY = {"procedure": "steady-flow", "rate": "1 mL/h", "duration": "1 h", "flow_error": {"within": "2 %"}}


def case_of(table: dict[str, Any], **changes: Any) -> Any:
    case = {"id": "C", "title": "", "requirement": ["R"], **table, **changes}
    tables = {"plan": {"id": "P", "title": ""}, "drug": {"name": "baclofen", "concentration": "500 ug/mL"}, "case": [case]}
    return plan_from(tables, "", Path("plan.toml")).cases[0]


@pytest.mark.parametrize(
    ("table", "changes", "told"),
    [
        (TRUMPET, {"windows": "iso"}, "is iec, ambulatory, or a list"),
        (TRUMPET, {"windows": ["45 s"]}, "windows: 45 s is no whole number of sample intervals of 30 s"),
        (TRUMPET, {"analysis": "3610 s"}, "analysis: 3610 s is no whole number of sample intervals"),
        (TRUMPET, {"analysis": "30 min"}, "windows: 1860 s is longer than the analysis period of 1800 s"),
        (TRUMPET, {"window_errors": [{"within": "1 %"}] * 2}, "2 limits for 5 windows; give one for all, or one for each"),
        (TRUMPET, {"outlet_height": "1 m", "sud_50": {"at_most": "5 min"}}, "sud_50 and sud_90 are of the normal condition"),
        (TRUMPET, {"sud_90": {"at_most": "2 h"}}, "sud_50 and sud_90 need an at_most below that"),
        (TRUMPET, {"period": "C"}, "'A' or 'B'"),
        (STEADY, {"outlet_height": "1 m", "outlet_pressure": "10 kPa"}, "give one of them"),
        (STEADY, {"outlet_pressure": "-101 kPa"}, "greater than or equal to -90"),
        (CHANGE, {"rates": ["1 mL/h"]}, "at least 2 items"),
        (CHANGE, {"rates": ["1 mL/h", "2 mL/h", "2.01 mL/h"]}, "rates: 2 and 3 are the same"),
        (CHANGE, {"rates": ["1 mL/h", "0 mL/h"]}, "greater than 0"),
        (CHANGE, {"done_90": {"at_most": "3 h"}}, "a rate that lasts 10800 s cannot show a change after 10800 s"),
        (CHANGE, {"settle": "3 h"}, "settle of 10800 s leaves nothing of the 10800 s"),
        (PROFILE, {"lasts": ["1 h", "2 h", "3 h"]}, "lasts: 3 times for 2 rates"),
        (PROFILE, {"days": 0}, "greater than or equal to 1"),
        (KVO, {"kvo": "5 mL/h"}, "kvo of 5 mL/h is no fall from the set rate of 5 mL/h"),
        (KVO, {"duration": "30 min"}, "greater than or equal to 3600"),
    ],
)
def test_what_is_refused(table: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        case_of(table, **changes)


@pytest.mark.parametrize(
    ("table", "changes", "lasts_s", "gives_ml", "weighed_ml"),
    [
        (STEADY, {"settle": "10 min"}, 4200, 4200 / 3600, 1.0),
        (STEADY, {"settle": "10 min", "outlet_pressure": "13.33 kPa"}, 5400, 5400 / 3600, 1.0),
        (TRUMPET, {}, 7380, 2.0, 1.0),
        (TRUMPET, {"outlet_height": "-0.5 m"}, 8580, 2 + 1 / 3, 1.0),
        (CHANGE, {}, 21780, 9.0, 2.0),
        (PROFILE, {}, 14580, 5.0, 2.0),
        (PROFILE, {"days": 2}, 28980, 10.0, 2.0),
        (KVO, {}, 5100, 1 + 0.5 * 4200 / 3600, 0.5),
    ],
)
def test_what_the_dry_run_is_told(
    table: dict[str, Any], changes: dict[str, Any], lasts_s: float, gives_ml: float, weighed_ml: float
) -> None:
    case = case_of(table, **changes)
    found = case.lasts_s(60.0), case.gives_ml(60.0), case.weighed_ml
    assert found == pytest.approx((lasts_s, gives_ml, weighed_ml))


@pytest.mark.parametrize(
    ("changes", "kpa", "by_hand"),
    [
        ({}, 0.0, False),
        ({"outlet_pressure": "100 mmHg"}, 13.332, True),
        ({"outlet_height": "-1.3617 m"}, -13.33, True),
        ({"operator": ["look"]}, 0.0, True),
    ],
)
def test_an_outlet_elsewhere_takes_somebody_to_move_it(changes: dict[str, Any], kpa: float, by_hand: bool) -> None:
    case = case_of(STEADY, **changes)
    assert (case.outlet_kpa, case.by_hand) == (pytest.approx(kpa, abs=0.001), by_hand)


@pytest.mark.parametrize(
    ("changes", "start_up_s", "moving_mean_s"),
    [
        ({}, 7200, 120),  # T0 is the first two hours
        ({"stabilisation": "3 h"}, 10800, 120),
        ({"sample_interval": "15 min", "stabilisation": "24 h", "analysis": "25 h", "windows": "ambulatory"}, 86400, 900),
        ({"stabilisation": "100 s"}, 3690, 120),  # whole intervals
        ({"sample_interval": "50 s", "windows": ["50 s"]}, 7200, 150),
    ],
)
def test_the_start_up_graph_of_a_case(changes: dict[str, Any], start_up_s: float, moving_mean_s: float) -> None:
    case = case_of(TRUMPET, **changes)
    assert (case.start_up_s, case.moving_mean_s) == (start_up_s, moving_mean_s)


def test_one_limit_is_for_all_windows() -> None:
    one, each, none = (
        case_of(TRUMPET, window_errors=[{"within": f"{pct} %"} for pct in limits]).judged_windows
        for limits in ([3], [10, 6, 4, 3, 2], [])
    )
    assert [limit.within for _, limit in one] == [3] * 5
    assert [(window_s / 60, limit.within) for window_s, limit in each] == [(2, 10), (5, 6), (11, 4), (19, 3), (31, 2)]
    assert none == []


def test_neighbours_of_one_rate_are_one_step_of_a_profile() -> None:
    """From one day to the next: the pump's steps, and what is judged, are stretches of one rate."""
    case = case_of(PROFILE, rates=["1 mL/h", "2 mL/h", "1 mL/h"], lasts=["1 h", "2 h", "3 h"], days=2)
    assert case.steps == [(1, 3600), (2, 7200), (1, 14400), (2, 7200), (1, 10800)]


def test_rates_of_a_drug() -> None:
    case = case_of(CHANGE, rates=["100 ug/day", "120 ug/day"], concentration="2000 ug/mL")
    assert case.rates == pytest.approx([0.05 / 24, 0.06 / 24])
