"""The air around the balance: how it swings and drifts, and that its integrals are those of what it shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from instruments.sim.physics.liquids import air_g_ml
from instruments.sim.physics.room import Air, Course, Room

DAY_S = 86_400.0
STILL = {"temperature_swing_k": 0.0, "pressure_swing_hpa": 0.0, "humidity_swing_pct": 0.0}


def air_of(seed: int = 0, /, **room: Any) -> Air:
    return Air(Room(**room), np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("course", "moment_s", "departure"),
    [
        (Course(2.0, 0.0, 0.0), 0.0, 0.0),
        (Course(2.0, 0.0, 0.0), DAY_S / 4, 2.0),
        (Course(2.0, 0.0, 0.0), DAY_S / 12, 1.0),
        (Course(2.0, 0.0, 0.0), DAY_S * 3 / 4, -2.0),
        (Course(2.0, 0.0, math.pi / 2), 0.0, 2.0),
        (Course(0.0, 0.3, 1.0), 7200.0, 0.6),
        (Course(2.0, 0.3, 0.0), DAY_S / 4, 2.0 + 1.8),
    ],
)
def test_a_course_swings_once_a_day_and_drifts_by_the_hour(course: Course, moment_s: float, departure: float) -> None:
    assert course.departure(np.array([moment_s])) == pytest.approx([departure], abs=1e-12)


@pytest.mark.parametrize("course", [Course(2.0, 0.0, 0.7), Course(0.0, 0.3, 0.7), Course(1.5, -0.2, 4.0)])
@pytest.mark.parametrize("until_s", [0.0, 600.0, 20_000.0, 100_000.0])
def test_its_integral_is_that_of_its_departure(course: Course, until_s: float) -> None:
    expected, _ = quad(lambda moment_s: float(course.departure(np.array(moment_s))), 0, until_s, epsabs=1e-9, epsrel=1e-12)
    assert float(course.integral_s(np.array(until_s))) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", ["temperature", "pressure", "humidity"])
def test_each_quantity_goes_its_own_way_within_its_swing(name: str) -> None:
    unit = {"temperature": "k", "pressure": "hpa", "humidity": "pct"}[name]
    moments_s = np.linspace(0, DAY_S, 2881)
    course = getattr(air_of(**{f"{name}_swing_{unit}": 3.0, f"{name}_drift_{unit}_h": 0.0}), name)
    assert np.abs(course.departure(moments_s)).max() == pytest.approx(3.0, rel=1e-5)
    drifting = getattr(air_of(**{f"{name}_swing_{unit}": 0.0, f"{name}_drift_{unit}_h": 0.5}), name)
    assert drifting.departure(moments_s) == pytest.approx(moments_s / 7200, abs=1e-12)


def test_where_in_the_day_it_begins_is_drawn_and_the_same_for_the_same_seed() -> None:
    def phases(seed: int) -> list[float]:
        air = air_of(seed)
        return [course.phase for course in (air.temperature, air.pressure, air.humidity)]

    assert phases(1) == phases(1)
    drawn = np.array([phases(seed) for seed in range(200)])
    assert len(np.unique(drawn)) == 600
    assert (drawn.min(), drawn.max()) == (pytest.approx(0, abs=0.05), pytest.approx(2 * math.pi, abs=0.05))


@pytest.mark.parametrize(
    ("drifts", "shift"),
    [
        ({"temperature_drift_k_h": 0.5}, (1.0, 0.0, 0.0)),
        ({"pressure_drift_hpa_h": -3.0}, (0.0, -6.0, 0.0)),
        ({"humidity_drift_pct_h": 2.0}, (0.0, 0.0, 4.0)),
    ],
)
def test_the_air_gets_denser_and_thinner_with_each_of_them(drifts: dict[str, float], shift: tuple[float, float, float]) -> None:
    air = air_of(temperature_c=20.0, pressure_hpa=1000.0, humidity_pct=40.0, **STILL, **drifts)
    expected = air_g_ml(20.0 + shift[0], 1000.0 + shift[1], 40.0 + shift[2])
    assert air.density_g_ml(np.array([0.0, 7200.0])) == pytest.approx([air_g_ml(20.0, 1000.0, 40.0), expected], rel=1e-12)
    assert expected != pytest.approx(air_g_ml(20.0, 1000.0, 40.0), rel=1e-5)


def test_the_air_of_the_reference_weighs_what_the_reference_says() -> None:
    """gravimetric-metrology, section 3: 1.1993 kg/m3 at 20 degC, 1013.25 hPa, 50 %."""
    found = air_of(temperature_c=20.0, **STILL).density_g_ml(np.array([0.0, DAY_S]))
    assert found * 1000 == pytest.approx([1.1993, 1.1993], rel=6e-4)
