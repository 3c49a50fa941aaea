"""The screening plan on benches without a fault: how often it passes. A single FAIL here is a pump wrongly accused.

python -m benchmarks.clean_benches [--seeds N] [--jobs N]
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

from tests.screening import SELDOM, SET_UPS, run, what_is_not_passed


def verdict_of(job: tuple[str, int]) -> tuple[str, int, str, dict[str, str]]:
    name, seed = job
    set_up = SET_UPS[name]
    with tempfile.TemporaryDirectory() as folder:
        found, _ = run(Path(folder), seed=seed, plan=set_up.plan, bench=dict(set_up.bench) | dict(SELDOM))
    return name, seed, found.verdict.value, what_is_not_passed(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for name, seed, verdict, reasons in pool.map(verdict_of, product(SET_UPS, range(options.seeds))):
            counts[name, verdict] += 1
            if reasons:
                print(f"{name}, seed {seed}: {verdict} {reasons}", flush=True)
    for (name, verdict), count in sorted(counts.items()):
        print(f"{name:12} {verdict:12} {count}")


if __name__ == "__main__":
    main()
