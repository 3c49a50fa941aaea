"""Virtual time moves only when somebody waits, in order; wall time only forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from instruments.clock import VirtualClock, WallClock, stopwatch, utc_at, utc_now

NEVER_S = float("inf")
MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)


class Ticker:
    """Acts every ``period_s`` and writes down when; what it puts on its line counts only as output, not as an event."""

    def __init__(self, name: str, period_s: float, log: list[tuple[str, float]], *, silent: bool = False) -> None:
        self.name, self._period_s, self._log, self._silent = name, period_s, log, silent
        self.ticks = 0
        self.visits_s: list[float] = []

    @property
    def _due_s(self) -> float:
        return (self.ticks + 1) * self._period_s

    def next_event_s(self) -> float:
        return self._due_s if self._silent else NEVER_S

    def next_output_s(self) -> float:
        return NEVER_S if self._silent else self._due_s

    def advance_to(self, now_s: float) -> None:
        self.visits_s.append(now_s)
        while self._due_s <= now_s:
            self._log.append((self.name, self._due_s))
            self.ticks += 1


Log = list[tuple[str, float]]


def run(*actors: tuple[str, float], until_s: float) -> Log:
    clock, log = VirtualClock(), Log()
    for name, period_s in actors:
        clock.add(Ticker(name, period_s, log, silent=True))
    clock.sleep_until(until_s)
    return log


def test_actors_act_in_the_order_of_time_and_at_one_moment_in_the_order_they_were_added() -> None:
    log = run(("b", 2.0), ("a", 3.0), until_s=6.0)
    assert log == [("b", 2.0), ("a", 3.0), ("b", 4.0), ("b", 6.0), ("a", 6.0)]


def test_virtual_time_goes_the_same_way_every_time() -> None:
    actors = [("pump", 0.3), ("balance", 0.1), ("hand", 7.0)]
    assert run(*actors, until_s=100.0) == run(*actors, until_s=100.0)


def test_sleeping_stops_at_events_and_takes_mere_output_in_one_go() -> None:
    clock, log = VirtualClock(), Log()
    pump, balance = Ticker("pump", 25.0, log, silent=True), Ticker("balance", 0.1, log)
    clock.add(balance)
    clock.add(pump)
    clock.sleep_until(60.0)
    assert balance.visits_s == [25.0, 50.0, 60.0]
    assert balance.ticks == 600
    assert clock.now_s() == 60.0


@pytest.mark.parametrize(
    ("deadline_s", "ticks", "found", "now_s"),
    [(10.0, 3, True, 6.0), (6.0, 3, True, 6.0), (5.9, 3, False, 5.9), (10.0, 0, True, 0.0), (0.0, 1, False, 0.0)],
    ids=["in time", "at the deadline", "too late", "already so", "no time to wait"],
)
@pytest.mark.parametrize("silent", [True, False], ids=["events", "output"])
def test_waiting_ends_at_the_very_moment(deadline_s: float, ticks: int, found: bool, now_s: float, silent: bool) -> None:
    clock, ticker = VirtualClock(), Ticker("t", 2.0, [], silent=silent)
    clock.add(ticker)
    assert clock.wait(lambda: ticker.ticks >= ticks, deadline_s) is found
    assert clock.now_s() == now_s


@pytest.mark.parametrize("moment_s", [0.0, -1.0, 4.999])
def test_virtual_time_never_goes_back(moment_s: float) -> None:
    clock = VirtualClock()
    clock.sleep_until(5.0)
    clock.sleep_until(moment_s)
    assert clock.now_s() == 5.0


def test_virtual_time_stands_still_while_nobody_waits() -> None:
    clock = VirtualClock()
    assert [clock.now_s() for _ in range(3)] == [0.0, 0.0, 0.0]


def test_calendar_time_is_the_anchor_and_the_seconds_since() -> None:
    assert utc_at(VirtualClock(MIDNIGHT), 86_400.25) == MIDNIGHT + timedelta(days=1, milliseconds=250)


@pytest.mark.parametrize("clock", [WallClock(), VirtualClock()], ids=["wall", "virtual"])
def test_anchors_are_in_utc(clock: WallClock | VirtualClock) -> None:
    assert clock.utc_anchor.utcoffset() == timedelta(0)
    assert clock.utc_anchor <= utc_now()


def test_wall_time_begins_at_zero_and_never_goes_back() -> None:
    clock = WallClock()
    moments_s = [clock.now_s() for _ in range(10_000)]
    assert moments_s[0] >= 0.0
    assert all(earlier <= later for earlier, later in pairwise(moments_s))


@pytest.mark.parametrize("ahead_s", [-1.0, 0.0, 0.001, 0.03])
def test_a_wall_clock_sleeps_until_the_moment_has_come(ahead_s: float) -> None:
    clock = WallClock()
    deadline_s = clock.now_s() + ahead_s
    clock.sleep_until(deadline_s)
    assert clock.now_s() >= deadline_s


def test_a_sleep_that_ends_early_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    naps_s: list[float] = []
    moments_s = iter([100.0, 100.0, 100.6, 101.0])
    monkeypatch.setattr("instruments.clock.time.monotonic", lambda: next(moments_s))
    monkeypatch.setattr("instruments.clock.time.sleep", naps_s.append)
    WallClock().sleep_until(1.0)
    assert naps_s == pytest.approx([1.0, 0.4])


def test_a_stopwatch_counts_from_its_start() -> None:
    elapsed_s = stopwatch()
    assert 0.0 <= elapsed_s() <= elapsed_s()


@pytest.mark.parametrize("step_s", [-7200.0, 60.0])
@pytest.mark.parametrize("deadline_s", [3600.0000000000005, 3600.1, 3600.0 + 1e-9])
def test_a_clock_that_was_set_comes_to_every_deadline(step_s: float, deadline_s: float) -> None:
    """A deadline may be finer than what can still be added to the actors' time."""
    clock = VirtualClock()
    clock.sleep_until(10_800.0)
    clock.set_by(step_s)
    clock.sleep_until(max(deadline_s, clock.now_s()))
    assert clock.now_s() >= deadline_s
    assert clock.now_s() == pytest.approx(max(deadline_s, 10_800.0 + step_s), abs=1e-9)
