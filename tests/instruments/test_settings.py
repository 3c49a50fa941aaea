"""What a device took against what it was asked for."""

from __future__ import annotations

import math

import pytest

from instruments.errors import SettingDiffers
from instruments.settings import check_taken


@pytest.mark.parametrize("taken", [0.9, 1.0, 1.1])
def test_within_the_resolution_what_was_taken_is_returned(taken: float) -> None:
    assert check_taken("rate", 1.0, "mL/h", taken, resolution=0.11) == taken


@pytest.mark.parametrize("taken", [0.8, 1.2, math.nan, math.inf, None])
def test_anything_else_is_an_error(taken: float | None) -> None:
    with pytest.raises(SettingDiffers, match="rate: asked for 1 mL/h"):
        check_taken("rate", 1.0, "mL/h", taken, resolution=0.11)
