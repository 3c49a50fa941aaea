"""All shipped plans on their simulated benches, each as a process of its own with its report: how long, and what verdict.

    python -m benchmarks.plans [--seeds 1] [--jobs 2]

One process per bench: two runs on one bench would wait for each other's lock. The time is told beside how much bench time it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.plans import BENCHES, PLANS, SHIPPED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder, ThreadPoolExecutor(asked.jobs) as pool:
        since_s = perf_counter()
        runs = [(plan, bench, seed) for seed in range(1, asked.seeds + 1) for plan, bench in SHIPPED.items()]
        told = list(pool.map(lambda one: run(*one, Path(folder)), runs))
        took_s = perf_counter() - since_s
    print(f"{'plan':28} {'bench':20} {'seed':>4} {'verdict':13} {'bench time':>11} {'took':>7}")
    for line in lines(runs, told):
        print(line)
    bench_h = sum(hours for _, hours, _ in told)
    print(f"{bench_h / 24:.1f} days of bench time in {took_s:.0f} s with {asked.jobs} processes, reports included")
    sys.exit(any(verdict != "PASS" for verdict, _, _ in told))


def run(plan: str, bench: str, seed: int, folder: Path) -> tuple[str, float, float]:
    """Verdict, bench time in h, seconds that it took."""
    out, since_s = folder / f"{plan}-{seed}", perf_counter()
    words = [
        "run",
        str(PLANS / f"{plan}.toml"),
        "--bench",
        str(BENCHES / f"{bench}.toml"),
        "--seed",
        str(seed),
        "--out",
        str(out),
    ]
    subprocess.run([sys.executable, "-m", "dosebench", *words], capture_output=True, check=False)
    (file,) = out.glob("*/run.json")
    verdict = json.loads((file.parent / "verdicts.json").read_text())["verdict"]
    return verdict, json.loads(file.read_text())["bench_time_s"] / 3600, perf_counter() - since_s


def lines(runs: list[tuple[str, str, int]], told: list[tuple[str, float, float]]) -> Iterator[str]:
    for (plan, bench, seed), (verdict, hours, took_s) in zip(runs, told, strict=True):
        yield f"{plan:28} {bench:20} {seed:4} {verdict:13} {hours:9.1f} h {took_s:5.1f} s"


if __name__ == "__main__":
    main()
