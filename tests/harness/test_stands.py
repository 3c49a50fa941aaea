"""What a bench file says of an instrument, as a number."""

from __future__ import annotations

import pytest

from harness.stands import PressureStand

STAND = PressureStand.model_validate({"driver": "d", "address": "a", "zero": "0.5 V", "sensitivity": "20 mV/kPa"})


@pytest.mark.parametrize(("volts", "kpa"), [(0.5, 0.0), (2.5, 100.0), (0.3, -10.0)])
def test_pressure(volts: float, kpa: float) -> None:
    assert STAND.kpa(volts) == pytest.approx(kpa)
