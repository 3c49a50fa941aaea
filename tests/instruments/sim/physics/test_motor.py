"""What a motor makes of what it is told: a table of speeds over time for every way in which it can depart from it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.sim.physics.motor import Motor, MotorData

NEVER_S = float("inf")
Told = tuple[float, float, float]
"""When, how fast, and until what volume (never, where there is none)."""
ON: Told = (10.0, 0.5, NEVER_S)
OFF: Told = (50.0, 0.0, NEVER_S)
BOLUS: Told = (10.0, 0.5, 10.0)
BOLUS_END: Told = (30.0, 0.0, NEVER_S)


def on(at_s: float, flow_ml_s: float) -> Told:
    return at_s, flow_ml_s, NEVER_S


def course(data: MotorData, told: list[Told], until_s: float) -> list[tuple[float, float]]:
    """How fast it turns, from each moment on at which that changes; asked at nothing but the moments it tells itself."""
    motor, now_s, seen = Motor(data), 0.0, [(0.0, Motor(data).speed_ml_s(0.0))]
    for tell_s, *tell in [*told, (until_s, None)]:
        while (next_s := motor.next_change_s(now_s)) < tell_s:
            assert next_s > now_s, "a change that lies in the past"
            now_s = next_s
            motor.advance(now_s)
            seen.append((now_s, motor.speed_ml_s(now_s)))
        now_s = tell_s
        if len(tell) == 2:
            motor.tell(now_s, *tell)
        seen.append((now_s, motor.speed_ml_s(now_s)))
    return [seen[0], *(after for before, after in pairwise(seen) if after[1] != before[1])]


COURSES: dict[str, tuple[MotorData, list[Told], list[tuple[float, float]]]] = {
    "nothing wrong": (MotorData(), [ON, OFF], [(10, 0.5), (50, 0)]),
    "nothing wrong, both ways": (MotorData(), [ON, on(20, -0.25), OFF], [(10, 0.5), (20, -0.25), (50, 0)]),
    "nothing wrong, a bolus": (MotorData(), [BOLUS, BOLUS_END], [(10, 0.5), (30, 0)]),
    # --- late ---
    "a change comes late": (MotorData(change_late_s=5), [ON, on(20, 1.0), OFF], [(10, 0.5), (25, 1.0), (50, 0)]),
    "the change late, told back in time": (MotorData(change_late_s=5), [ON, on(20, 1.0), on(23, 0.5), OFF], [(10, 0.5), (50, 0)]),
    "the change late, stopped before it": (MotorData(change_late_s=5), [ON, on(20, 1.0), on(22, 0.0)], [(10, 0.5), (22, 0)]),
    "the turning comes late too": (MotorData(change_late_s=5), [ON, on(20, -1.0), OFF], [(10, 0.5), (25, -1.0), (50, 0)]),
    "a stop comes late": (MotorData(stop_late_s=7), [ON, OFF], [(10, 0.5), (57, 0)]),
    "a stop comes late, the start again does not": (MotorData(stop_late_s=7), [ON, OFF, on(52, 0.25)], [(10, 0.5), (52, 0.25)]),
    "a stop is ignored": (MotorData(stop_late_s=NEVER_S), [ON, OFF], [(10, 0.5)]),
    "change and stop late": (
        MotorData(change_late_s=5, stop_late_s=7),
        [ON, on(20, 1.0), OFF],
        [(10, 0.5), (25, 1.0), (57, 0)],
    ),
    # --- a surge ---
    "a surge, then as told": (MotorData(surge=4), [BOLUS, BOLUS_END], [(10, 2.0), (12.5, 0.5), (30, 0)]),
    "a surge and an ebb": (
        MotorData(surge=4, ebb=0.4, ebb_s=30),
        [BOLUS, BOLUS_END, on(40, 1.0)],
        [(10, 2.0), (12.5, 0.2), (30, 0), (40, 0.4), (42.5, 1.0)],
    ),
    "a surge of all of it": (
        MotorData(surge=2, surge_part=1, ebb=0, ebb_s=5),
        [BOLUS, BOLUS_END],
        [(10, 1.0), (20, 0), (25, 0.5), (30, 0)],
    ),
    "a surge only once": (MotorData(surge=4), [BOLUS, BOLUS_END, (40, 0.5, 10.0)], [(10, 2.0), (12.5, 0.5), (30, 0), (40, 0.5)]),
    "no surge without a volume": (
        MotorData(surge=4),
        [ON, OFF, (60, 0.5, 10.0)],
        [(10, 0.5), (50, 0), (60, 2.0), (62.5, 0.5)],
    ),
    # --- boluses ---
    "a bolus late": (MotorData(bolus_late_s=4), [BOLUS, BOLUS_END], [(14, 0.5), (34, 0)]),
    "a bolus long": (MotorData(bolus_length=1.5), [BOLUS, BOLUS_END], [(10, 0.5), (40, 0)]),
    "a bolus short": (MotorData(bolus_length=0.5), [BOLUS, BOLUS_END], [(10, 0.5), (20, 0)]),
    "a bolus short, told its rate again when it has ended": (
        MotorData(bolus_length=0.5),
        [BOLUS, on(25, 0.5), BOLUS_END],
        [(10, 0.5), (20, 0)],
    ),
    "a bolus doubled": (MotorData(bolus_times=2), [BOLUS, BOLUS_END], [(10, 0.5), (50, 0)]),
    "a bolus missed": (MotorData(bolus_times=0), [BOLUS, BOLUS_END], []),
    "a bolus late, long and doubled": (
        MotorData(bolus_late_s=4, bolus_length=1.5, bolus_times=2),
        [BOLUS, BOLUS_END],
        [(14, 0.5), (74, 0)],
    ),
    "a bolus drawn back, long": (MotorData(bolus_length=1.5), [(10, -0.5, 10.0), BOLUS_END], [(10, -0.5), (40, 0)]),
    "a stop during a long bolus": (MotorData(bolus_length=1.5), [BOLUS, on(15, 0.0)], [(10, 0.5), (15, 0)]),
    "a stop before a late bolus": (MotorData(bolus_late_s=4), [BOLUS, on(12, 0.0)], []),
    "a stop between the end as told and the true end": (
        MotorData(bolus_length=1.5),
        [BOLUS, BOLUS_END, on(35, 0.0)],
        [(10, 0.5), (40, 0)],
    ),
    "the next bolus after a long one": (
        MotorData(bolus_length=1.5),
        [BOLUS, BOLUS_END, (60, 1.0, 10.0)],
        [(10, 0.5), (40, 0), (60, 1.0), (75, 0)],
    ),
    "a bolus while it runs, late": (MotorData(bolus_late_s=4), [on(2, 0.1), BOLUS], [(2, 0.1), (10, 0), (14, 0.5), (34, 0)]),
    "a bolus while it runs, missed": (MotorData(bolus_times=0), [on(2, 0.1), BOLUS, on(32, 0.1)], [(2, 0.1), (10, 0), (32, 0.1)]),
    "no bolus is no odd one": (MotorData(bolus_late_s=4, bolus_length=2), [ON, OFF], [(10, 0.5), (50, 0)]),
    # --- stalls ---
    "a stall": (MotorData(stalls=((20, 30),)), [ON, OFF], [(10, 0.5), (20, 0), (30, 0.5), (50, 0)]),
    "a stall for ever": (MotorData(stalls=((20, NEVER_S),)), [ON, OFF], [(10, 0.5), (20, 0)]),
    "a stall before the start": (MotorData(stalls=((5, 30),)), [ON, OFF], [(30, 0.5), (50, 0)]),
    "a stall across the stop": (MotorData(stalls=((40, 60),)), [ON, OFF], [(10, 0.5), (40, 0)]),
    "two stalls": (
        MotorData(stalls=((20, 25), (30, 35))),
        [ON, OFF],
        [(10, 0.5), (20, 0), (25, 0.5), (30, 0), (35, 0.5), (50, 0)],
    ),
    "a stall during a change": (
        MotorData(stalls=((20, 30),)),
        [ON, on(25, 1.0), OFF],
        [(10, 0.5), (20, 0), (30, 1.0), (50, 0)],
    ),
    "a stall during a long bolus": (
        MotorData(stalls=((20, 35),), bolus_length=1.5),
        [BOLUS, BOLUS_END],
        [(10, 0.5), (20, 0), (35, 0.5), (40, 0)],
    ),
    "a stall while a stop is late": (
        MotorData(stalls=((52, 54),), stop_late_s=7),
        [ON, OFF],
        [(10, 0.5), (52, 0), (54, 0.5), (57, 0)],
    ),
    # --- pauses ---
    "pauses": (
        MotorData(every_s=20, pause_s=5, pauses_from_s=15),
        [ON, OFF],
        [(10, 0.5), (15, 0), (20, 0.5), (35, 0), (40, 0.5), (50, 0)],
    ),
    "pauses from long ago": (
        MotorData(every_s=20, pause_s=5, pauses_from_s=0),
        [on(1001, 0.5), on(1030, 0.0)],
        [(1005, 0.5), (1020, 0), (1025, 0.5), (1030, 0)],
    ),
    "pauses and a stall": (
        MotorData(every_s=20, pause_s=5, pauses_from_s=15, stalls=((18, 30),)),
        [ON, OFF],
        [(10, 0.5), (15, 0), (30, 0.5), (35, 0), (40, 0.5), (50, 0)],
    ),
    "pauses without an end": (MotorData(every_s=5, pause_s=5, pauses_from_s=15), [ON, OFF], [(10, 0.5), (15, 0)]),
    "pauses for a part of a stop that is late": (
        MotorData(every_s=20, pause_s=5, pauses_from_s=32, stop_late_s=10),
        [ON, OFF],
        [(10, 0.5), (32, 0), (37, 0.5), (52, 0), (57, 0.5), (60, 0)],
    ),
    # --- idling ---
    "drawn along while it is not driven": (MotorData(idle_ml_s=0.01), [ON, OFF], [(0, 0.01), (10, 0.5), (50, 0.01)]),
    "drawn along from a moment on": (MotorData(idle_ml_s=0.01, idle_from_s=70), [ON, OFF], [(10, 0.5), (50, 0), (70, 0.01)]),
    "not drawn along in a stall": (MotorData(idle_ml_s=0.01, idle_from_s=15, stalls=((20, 30),)), [ON, OFF], [
        (10, 0.5), (20, 0), (30, 0.5), (50, 0.01),
    ]),
    "drawn along before a late bolus": (
        MotorData(idle_ml_s=0.01, bolus_late_s=4),
        [BOLUS, BOLUS_END],
        [(0, 0.01), (14, 0.5), (34, 0.01)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "told", "expected"), COURSES.values(), ids=COURSES)
def test_what_is_told_becomes_these_speeds(data: MotorData, told: list[Told], expected: list[tuple[float, float]]) -> None:
    begins = [] if expected and expected[0][0] == 0 else [(0.0, 0.0)]
    assert course(data, told, 1500.0 if told[0][0] > 1000 else 100.0) == [*begins, *expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (MotorData(bolus_length=1.5), [(0, 0), (2, 0.1), (10, 0.5), (40, 0.1)]),
        (MotorData(bolus_late_s=4), [(0, 0), (2, 0.1), (10, 0), (14, 0.5), (34, 0.1)]),
        (MotorData(bolus_times=2), [(0, 0), (2, 0.1), (10, 0.5), (50, 0.1)]),
    ],
)
def test_after_an_odd_bolus_it_does_what_it_was_told_meanwhile(data: MotorData, expected: list[tuple[float, float]]) -> None:
    assert course(data, [on(2, 0.1), BOLUS, on(30, 0.1)], 100.0) == expected


@pytest.mark.parametrize("every_s", [1.0, 0.1, 1 / 3, 7.3, 60.0, 3600.7])
@pytest.mark.parametrize(("part", "from_s"), [(0.3, 0.0), (0.5, 0.1), (0.99, 1234.56789), (1e-3, 86_400.3)])
def test_of_many_pauses_none_is_skipped_none_stretched(every_s: float, part: float, from_s: float) -> None:
    """Asked exactly at the edges that it tells itself, thousands of times."""
    motor, pause_s = Motor(MotorData(every_s=every_s, pause_s=part * every_s, pauses_from_s=from_s)), part * every_s
    now_s, standing_s = from_s, []
    motor.tell(now_s, 0.5)
    for turn in range(3000):
        assert motor.speed_ml_s(now_s) == 0.0, f"pause {turn} was missed"
        ends_s = motor.next_change_s(now_s)
        assert motor.speed_ml_s(ends_s) == 0.5, f"pause {turn} does not end"
        standing_s.append(ends_s - now_s)
        now_s = motor.next_change_s(ends_s)
        assert now_s == pytest.approx(from_s + (turn + 1) * every_s, rel=1e-12)
    assert standing_s == pytest.approx([pause_s] * len(standing_s), rel=1e-6, abs=1e-9)


@given(st.floats(0.0, 1e7), st.floats(1.0, 1e4), st.floats(0.001, 0.999), st.floats(0.0, 1e5))
def test_a_change_always_lies_ahead_and_the_motor_has_changed_then(
    now_s: float, every_s: float, part: float, from_s: float
) -> None:
    motor = Motor(MotorData(every_s=every_s, pause_s=part * every_s, pauses_from_s=from_s))
    motor.tell(now_s, 0.5)
    next_s = motor.next_change_s(now_s)
    assert now_s < next_s <= max(now_s, from_s) + every_s * (1 + 1e-6)
    before = motor.speed_ml_s(now_s)
    assert motor.speed_ml_s(next_s) == 0.5 - before or next_s - now_s < 1e-6 * every_s


@pytest.mark.parametrize(
    ("digits", "flow_ml_h", "true_ml_h"),
    [
        (0, 1.23456, 1.23456),
        (3, 1.23456, 1.23),
        (3, 1.239, 1.23),
        (2, 0.0625, 0.062),
        (1, 0.0625, 0.06),
        (3, 123_456.0, 123_000.0),
        (3, 0.5, 0.5),
        (1, 0.1, 0.1),
        (3, 1000.0, 1000.0),
        (4, 999.99, 999.9),
        (3, -1.239, -1.23),
        (2, 0.3, 0.3),
        (3, 0.0, 0.0),
    ],
)
def test_only_so_many_digits_of_a_rate_are_carried_out(digits: int, flow_ml_h: float, true_ml_h: float) -> None:
    motor = Motor(MotorData(digits=digits))
    motor.tell(0.0, flow_ml_h / 3600)
    assert motor.speed_ml_s(0.0) * 3600 == pytest.approx(true_ml_h, rel=1e-12)


@given(st.integers(1, 6), st.integers(1, 999_999), st.integers(-9, 3))
def test_a_rate_with_no_more_digits_than_are_carried_out_is_kept(digits: int, whole: int, place: int) -> None:
    whole %= 10**digits
    flow_ml_h = float(f"{whole}e{place}")
    motor = Motor(MotorData(digits=digits))
    motor.tell(0.0, flow_ml_h / 3600)
    assert motor.speed_ml_s(0.0) * 3600 == pytest.approx(flow_ml_h, rel=1e-12)


def test_the_digits_of_a_bolus_are_cut_too_and_it_runs_longer_for_its_volume() -> None:
    data = MotorData(digits=1, bolus_length=2.0)
    seen = course(data, [(0.0, 0.19 / 3600, 0.01)], 1e5)
    assert [speed * 3600 for _, speed in seen] == pytest.approx([0.0, 0.1, 0.0])
    assert seen[-1][0] == pytest.approx(0.02 / (0.1 / 3600))
