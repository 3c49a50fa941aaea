"""What a trumpet curve costs: six windows over a day at 10 Hz and over a month, against pandas' rolling means, in one run.

    python -m benchmarks.trumpet [--samples N]...

Only ratios within one run mean anything on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd

from harness.analysis.grid import Grid
from harness.analysis.trumpet import extremes, trumpet
from harness.record import FloatArray
from instruments.clock import stopwatch

INTERVAL_S = 0.1
RATE_ML_H = 5.0
U_ML = 1e-4
WINDOWS_S = tuple(60.0 * minutes for minutes in (1, 2, 5, 11, 19, 31))
SAMPLES = tuple(round(window_s / INTERVAL_S) for window_s in WINDOWS_S)
REPEATS = 3
DAY, MONTH = 864_000, 26_000_000


def volumes_ml(samples: int) -> FloatArray:
    """A pump that pulsates, on a balance that is noisy."""
    moments_s = np.arange(samples) * INTERVAL_S
    noise_ml = U_ML * np.random.default_rng(1).standard_normal(samples)
    return np.asarray(RATE_ML_H / 3600 * moments_s + 0.002 * np.sin(2 * np.pi * moments_s / 97) + noise_ml)


def rolling(volumes: FloatArray) -> list[tuple[float, float]]:
    """The definition by pandas: means of the interval flows."""
    flows = pd.Series(np.diff(volumes) * (3600 / INTERVAL_S))
    return [(means.max(), means.min()) for means in (flows.rolling(samples).mean() for samples in SAMPLES)]


def best_s(work: Callable[[], object]) -> float:
    """The shortest of some times: what it takes when nobody else is in the way."""
    return min(_taken_s(work) for _ in range(REPEATS))


def _taken_s(work: Callable[[], object]) -> float:
    elapsed_s = stopwatch()
    work()
    return elapsed_s()


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def agree(volumes: FloatArray) -> bool:
    """Whether both found the same mean flows, within the rounding of pandas' running sums."""
    ours = [
        (found.high_ml * 3600 / window_s, found.low_ml * 3600 / window_s)
        for found, window_s in zip(extremes(volumes, SAMPLES), WINDOWS_S, strict=True)
    ]
    return bool(np.allclose(ours, rolling(volumes), rtol=1e-6))


def measured(samples: int) -> None:
    volumes = volumes_ml(samples)
    size = volumes.nbytes
    ours_s, pandas_s = best_s(lambda: extremes(volumes, SAMPLES)), best_s(lambda: rolling(volumes))
    peak = peak_bytes(lambda: extremes(volumes, SAMPLES))
    print(f"{samples:,} samples, {len(SAMPLES)} windows (best of {REPEATS})")
    print(f"  {'extremes':28} {ours_s * 1000:10.1f} ms  {peak / size:8.4f} of the series' memory")
    print(f"  {'pandas rolling':28} {pandas_s * 1000:10.1f} ms  {'same result' if agree(volumes) else 'DIFFERENT RESULT'}")
    print(f"  {'pandas to extremes':28} {pandas_s / ours_s:10.1f}")
    if samples <= DAY:
        grid = Grid(0.0, INTERVAL_S, volumes, U_ML, 0.05, 0.001)
        whole_s = best_s(lambda: trumpet(grid, RATE_ML_H, WINDOWS_S))
        peak = peak_bytes(lambda: trumpet(grid, RATE_ML_H, WINDOWS_S))
        print(f"  {'trumpet with uncertainties':28} {whole_s * 1000:10.1f} ms  {peak / size:8.4f} of the series' memory")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--samples", type=int, action="append", help="instead of a day's and a month's")
    for samples in options.parse_args().samples or (DAY, MONTH):
        measured(samples)


if __name__ == "__main__":
    main()
