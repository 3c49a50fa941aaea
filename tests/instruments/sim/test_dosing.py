"""The motor of a pump as its pump sees it: what has moved, and when a volume will be reached."""

from __future__ import annotations

import pytest

from instruments.sim.dosing import Dosing
from tests.instruments.sim.answers import a_drive


def test_what_moves_is_counted_in_either_direction_until_it_is_cleared() -> None:
    dosing = Dosing(a_drive())
    dosing.run(0.0, 0.5)
    dosing.run(10.0, -0.25)
    assert dosing.moved_ml(14.0) == pytest.approx(6.0)
    dosing.clear(14.0)
    assert dosing.moved_ml(14.0) == 0.0
    assert dosing.moved_ml(18.0) == pytest.approx(1.0)
    dosing.stand(18.0)
    assert dosing.moved_ml(99.0) == pytest.approx(1.0)


@pytest.mark.parametrize(("flow_ml_s", "volume_ml", "reached_s"), [(0.5, 2.0, 7.0), (-0.5, 2.0, 7.0), (0.5, -1.0, 3.0)])
def test_a_volume_is_reached_at_its_moment_and_at_once_when_there_is_none_left(
    flow_ml_s: float, volume_ml: float, reached_s: float
) -> None:
    dosing = Dosing(a_drive())
    dosing.run(3.0, flow_ml_s, volume_ml)
    assert dosing.reached_s == pytest.approx(reached_s)


def test_without_a_volume_or_standing_nothing_is_reached() -> None:
    dosing = Dosing(a_drive(bolus_pace=0.5))
    dosing.run(0.0, 1.0, 1.0)
    assert dosing.reached_s == pytest.approx(2.0)
    dosing.run(0.0, 1.0, 1.0, bolus=False)
    assert dosing.reached_s == pytest.approx(1.0)
    dosing.run(0.0, 1.0, 1.0)
    dosing.stand(0.5)
    assert dosing.reached_s == float("inf")
    dosing.run(1.0, 1.0)
    assert (dosing.reached_s, dosing.moved_ml(2.0)) == (float("inf"), pytest.approx(1.25))
