"""What the physics of the simulated bench costs: a day of readings against formatting its lines, and how it grows.

    python -m benchmarks.model [--hours H] [--profile]

The model alone, without a protocol: drive, line, vessel, room and cell of a bench with all its imperfections. Only ratios within
one run mean anything on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from collections.abc import Callable, Iterator

import numpy as np

from instruments.clock import stopwatch
from instruments.sim.faults import with_faults
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.room import Air
from instruments.sim.physics.vessel import Pan
from instruments.sim.physics.weighing import WeighingCell
from instruments.sim.setup import Setup, read_setup
from instruments.sim.site import Site, noise_of
from instruments.stamped import IntArray

RATE_HZ = 10.0
BASAL_ML_H = 0.5
BLOCK_S = 600.0
"""As long as the virtual clock of a bench lets pass at once."""
TIMES = (1, 2, 4, 8)
REPEATS = 3
_LEAST_S = 1e-6
BENCH = {
    "pump": {"syringe": {"volume": "20 mL"}},
    "needle": {"outer_diameter": "0.82 mm"},
    "simulation": {
        "seed": 1,
        "drive": {"rate_error": "0.2 %", "drift": "0.01 %/h"},
        "line": {"leak": "0.1 %", "height": "0.2 m", "air": "0.01 mL"},
        "room": {"temperature_drift": "0.02 K/h"},
    },
}
"""Every imperfection that the model knows of an honest bench, not one of them large."""
FAULTS = ("vibration:size=0.1mg",)


class Model:
    """The physics of one bench, and the moments at which it has to be cut."""

    def __init__(self, setup: Setup) -> None:
        self.path = FluidPath(setup.line)
        self._pan = Pan(setup.vessel, setup.outlet, Air(setup.room, noise_of(setup.seed, "room")), 0.0)
        site = Site({"pump": {}, "balance": {}}, setup, self.path, self._load_g, {})
        self.drive: Drive = site.drive()
        self.cell: WeighingCell = site.cell()
        self.cell.set_rate(0.0, RATE_HZ)
        self.events = 0

    def _load_g(self, moments_s: FloatArray) -> FloatArray:
        return self._pan.shown_g(self.path.delivered_ml(moments_s), moments_s)

    def run(self, end_s: float, flow_ml_h: float = BASAL_ML_H) -> IntArray:
        """The display values of a steady infusion; the cell comes before the drive, as on a bench."""
        self.drive.run(0.0, flow_ml_h / 3600)
        return np.concatenate(list(self._blocks(end_s)))

    def _blocks(self, end_s: float) -> Iterator[IntArray]:
        now_s = 0.0
        while now_s < end_s:
            event_s = self.drive.next_event_s()
            now_s = min(event_s, now_s + BLOCK_S, end_s)
            yield self.cell.convert_until(now_s).counts
            if event_s <= now_s:
                self.drive.act(now_s)
                self.events += 1


def model(*faults: str) -> Model:
    return Model(with_faults(read_setup(BENCH), [*FAULTS, *faults]))


def formatted(counts: IntArray) -> int:
    """The plain loop that everything is compared with: a line for each value, as a balance sends it."""
    length = 0
    for count in counts.tolist():
        length += len(b"S S %10.4f g\r\n" % (count / 10_000))
    return length


def best_s(*works: Callable[[], object]) -> list[float]:
    """The shortest time of each, taken in turn: what it takes when nobody else is in the way."""
    return [min(taken_s) for taken_s in zip(*([_taken_s(work) for work in works] for _ in range(REPEATS)), strict=True)]


def _taken_s(work: Callable[[], object]) -> float:
    elapsed_s = stopwatch()
    work()
    return elapsed_s()


def day(hours: float) -> None:
    counts = model().run(hours * 3600)
    model_s, loop_s = best_s(lambda: model().run(hours * 3600), lambda: formatted(counts))
    print(f"{hours:g} h at {RATE_HZ:g} Hz, {len(counts)} readings (best of {REPEATS})")
    print(f"  {'model':24} {model_s:8.3f} s  {model_s / len(counts) * 1e9:8.0f} ns a reading")
    print(f"  {'plain formatting loop':24} {loop_s:8.3f} s  {loop_s / len(counts) * 1e9:8.0f} ns a line")
    print(f"  {'model to loop':24} {model_s / loop_s:8.2f}")


def growth(
    what: str, sizes: list[float], work: Callable[[int], Callable[[], object]], without: Callable[[], object] = lambda: None
) -> None:
    """Times for 1, 2, 4 and 8 times as much of something, beyond those ``without`` it, and the power that fits: 1 is linear."""
    base_s, *taken_s = best_s(without, *(work(times) for times in TIMES))
    more_s = [max(each_s - base_s, _LEAST_S) for each_s in taken_s]
    exponent = np.polyfit(np.log(sizes), np.log(more_s), 1)[0]
    print(f"{what}: time goes with the power {exponent:.2f}")
    for size, each_s in zip(sizes, more_s, strict=True):
        print(f"  {size:10.0f} {each_s:8.3f} s  {each_s / more_s[0]:6.2f} times  {each_s / size * 1e6:8.2f} us each")


def stopping(hours: float, pauses: int) -> Model:
    """A motor that stands for a tenth of the time, in so many pauses."""
    every_s = hours * 3600 / pauses
    return model(f"intermittent-stall:every={every_s}s,for={every_s / 10}s")


def stopped(hours: float, pauses: int) -> Model:
    """The same, gone by."""
    run = stopping(hours, pauses)
    run.run(hours * 3600)
    return run


def profiled(work: Callable[[], object]) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(work)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(15)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hours", type=float, default=24.0)
    options.add_argument("--profile", action="store_true", help="where the time goes: the day, then a day full of events")
    chosen = options.parse_args()
    hours, least = chosen.hours, max(1, round(30 * chosen.hours))
    day(hours)
    readings = [RATE_HZ * 3600 * hours * times / TIMES[-1] for times in TIMES]
    growth("readings", readings, lambda times: lambda: model().run(hours * 3600 * times / TIMES[-1]))
    events = [float(stopped(hours, least * times).events) for times in TIMES]
    growth(
        "events, beyond the readings",
        events,
        lambda times: lambda: stopping(hours, least * times).run(hours * 3600),
        lambda: model().run(hours * 3600),
    )
    if chosen.profile:
        profiled(lambda: model().run(hours * 3600))
        profiled(lambda: stopping(hours, least * TIMES[-1]).run(hours * 3600))


if __name__ == "__main__":
    main()
