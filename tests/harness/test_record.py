"""A phase counts where it began and ended; what was cut in it shows nothing."""

from __future__ import annotations

import pytest

from harness.record import Event, Record
from instruments.errors import BenchError
from tests.harness.records import phase, readings

WHOLE = phase("A", "hold", 10, 20)


@pytest.mark.parametrize(
    ("events", "whole"), [(WHOLE, True), (WHOLE[:1], False), (WHOLE[1:], False), (phase("B", "hold", 10, 20), False)]
)
def test_a_phase_has_two_ends(events: list[Event], whole: bool) -> None:
    record = Record("r", "real", readings([], []), events)
    assert record.has_phase("A", "hold") is whole
    if whole:
        assert record.phase("A", "hold").duration_s == 10
    else:
        with pytest.raises(BenchError, match="no complete phase 'hold' of case A"):
            record.phase("A", "hold")
