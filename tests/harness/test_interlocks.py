"""What ends a run at once: too much liquid, too long, a balance that is overloaded. Only while the pump is to infuse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.interlocks import Interlocks, Limits
from instruments.errors import BenchError, Interlock
from instruments.readings import Readings
from tests.harness.records import readings

PLANNED = Limits.of(planned_ml=10.0, planned_s=7200.0, room_ml=38.0)
MAXIMA = [
    ((10.0, 7200.0, 38.0), 16.0, "half as much again as was planned", 14400.0),
    ((30.0, 0.0, 38.0), 38.0, "what the vessel and the balance hold", 3600.0),
    ((0.0, 100.0, 38.0), 1.0, "half as much again as was planned", 3750.0),
]


@pytest.mark.parametrize(("planned", "volume_ml", "why", "duration_s"), MAXIMA)
def test_limits_leave_room_for_a_pump_that_is_to_be_measured(
    planned: tuple[float, float, float], volume_ml: float, why: str, duration_s: float
) -> None:
    assert Limits.of(*planned) == Limits(volume_ml, why, duration_s)


def at(mass_g: float, moment_s: float = 100.0) -> Readings:
    return readings([moment_s], [mass_g])


TRIPS = {
    "more than planned": (16.1, 100.0, r"interlock: 16\.1 mL have come, more than 16 mL, half as much again as was planned"),
    "too long": (1.0, 14401.0, r"interlock: the pump is still to infuse after 4 h, and 4 h were allowed for the plan"),
}


@pytest.mark.parametrize(("gained_g", "now_s", "message"), TRIPS.values(), ids=TRIPS)
def test_an_interlock_trips_once_and_only_while_the_pump_is_to_infuse(gained_g: float, now_s: float, message: str) -> None:
    interlocks = Interlocks(PLANNED)
    interlocks.readings(at(50.0), 0.0, infusing=False)
    interlocks.readings(at(50.0 + gained_g), now_s, infusing=False)
    with pytest.raises(Interlock, match=message):
        interlocks.readings(at(50.0 + gained_g), now_s, infusing=True)
    interlocks.readings(at(50.0 + gained_g), now_s, infusing=True)


@pytest.mark.parametrize(("gained_g", "now_s"), [(15.9, 100.0), (15.9, 14399.0), (-20.0, 100.0)])
def test_within_the_limits_nothing_happens(gained_g: float, now_s: float) -> None:
    interlocks = Interlocks(PLANNED)
    interlocks.readings(at(50.0), 0.0, infusing=True)
    interlocks.readings(at(50.0 + gained_g), now_s, infusing=True)
    interlocks.readings(readings([], []), now_s, infusing=True)


@pytest.mark.parametrize(("gained_g", "trips"), [(20.7, False), (20.9, True)])
def test_a_heavy_liquid_is_counted_by_its_volume(gained_g: float, trips: bool) -> None:
    interlocks = Interlocks(Limits.of(planned_ml=10.0, planned_s=7200.0, room_ml=38.0, density_g_ml=1.3))
    interlocks.readings(at(50.0), 0.0, infusing=True)
    said = ""
    try:
        interlocks.readings(at(50.0 + gained_g), 100.0, infusing=True)
    except Interlock as err:
        said = str(err)
    assert (said == "interlock: 16.1 mL have come, more than 16 mL, half as much again as was planned") == trips


def test_a_run_without_a_dry_run_has_no_interlocks() -> None:
    interlocks = Interlocks(None)
    interlocks.readings(at(0.0), 0.0, infusing=True)
    interlocks.readings(at(1e6), 1e9, infusing=True)


def shown(statuses: str, every_s: float = 1.0, start_s: float = 0.0) -> Readings:
    moments_s = start_s + every_s * np.arange(len(statuses))
    found = readings(moments_s, np.where(np.array(list(statuses)) == "+", np.nan, 50.0))
    return Readings(found.stamps_us, found.masses_g, np.frombuffer(statuses.encode(), dtype=np.uint8))


OVERLOADS = {
    "one block": ([shown("S" + "+" * 7)], True),
    "in pieces": ([shown("S+++"), shown("++++", start_s=4.0)], True),
    "not long enough": ([shown("S" + "+" * 6)], False),
    "a bounce": ([shown("+++S"), shown("+++++", start_s=4.0)], False),
    "over before the block ends": ([shown("+" * 20 + "S")], False),
    "none": ([shown("S" * 20)], False),
}


@pytest.mark.parametrize(("blocks", "ends"), OVERLOADS.values(), ids=OVERLOADS)
def test_an_overload_that_lasts_is_the_bench_s_fault(blocks: Sequence[Readings], ends: bool) -> None:
    interlocks = Interlocks(PLANNED)
    said = ""
    for block in blocks:
        try:
            interlocks.readings(block, float(block.stamps_us[-1]) / 1e6, infusing=True)
        except Interlock:
            raise
        except BenchError as err:
            said = str(err)
    assert (said == "balance: overloaded for 6 s while the pump infuses; take away what is too heavy") == ends
    assert bool(said) == ends
