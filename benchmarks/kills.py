"""``kill -9`` of the harness at random moments of a run on ptys: what is lost, how long the pump runs on. Not on Windows.

    python -m benchmarks.kills [--moments N] [--seed N]

All runs are on one bench and in one folder: each finds the one that was killed before it, closes it, and begins. Moments are
counted from when the pump first infuses, those before that are negative. The exit status is 1 when anything does not hold: a line
of the balance older than a second is lost (and another second for a busy machine), the readings have a gap, samples and raw lines
differ, the chain is broken, something is green before or after the recovery, the pump runs on for longer than three seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.ends import AT_RISK_S, EARLIEST_S, LATEST_S, STANDS_WITHIN_S, Killed, Site, kill, later_run, not_recovered, site

_AT = (0, 50, 90, 99, 100)
"""Percentiles."""


def killed_runs(on: Site, moments_s: Sequence[float]) -> list[tuple[Killed, list[str]]]:
    """Each with what does not hold of it, also after the next run has closed it."""
    found: list[tuple[Killed, list[str]]] = []
    for number, moment_s in enumerate(moments_s, 1):
        run = kill(on, moment_s)
        if found:
            before, wrong = found[-1]
            wrong += not_recovered(before.folder)
        found.append((run, list(run.wrong)))
        said = f"{'infusing' if run.infusing else 'standing'}, stood after {run.stood_s:.2f} s, {run.at_risk_s:.2f} s at risk"
        print(f"{number:4}  killed at {moment_s:5.2f} s, {said}, {run.lines} lines kept{_told(run.wrong)}", flush=True)
    last, wrong = found[-1]
    wrong += [*later_run(on), *not_recovered(last.folder)]
    return found


def _told(wrong: Sequence[str]) -> str:
    return f"  DOES NOT HOLD: {'; '.join(wrong)}" if wrong else ""


def table(found: Sequence[tuple[Killed, list[str]]]) -> str:
    infusing = [run for run, _ in found if run.infusing]
    weighing = [run for run, _ in found if run.lines]
    rows = [
        (f"time to standing, s (allowed: {STANDS_WITHIN_S:g})", [run.stood_s for run in infusing]),
        (f"age of the oldest line that is lost, s (allowed: {AT_RISK_S:g})", [run.at_risk_s for run in weighing]),
    ]
    head = f"{'':56}{'runs':>6}" + "".join(f"{f'{at} %':>8}" for at in _AT)
    lines = [f"{name:56}{len(values):6}" + _percentiles(values) for name, values in rows]
    failed = [(run, wrong) for run, wrong in found if wrong]
    end = f"{len(found)} runs killed, {len(infusing)} of them while the pump infused; of {len(failed)} something does not hold"
    told = [f"  at {run.moment_s:.3f} s: {'; '.join(wrong)}" for run, wrong in failed]
    return "\n".join([head, *lines, "", end, *told])


def _percentiles(values: Sequence[float]) -> str:
    return "".join(f"{value:8.2f}" for value in np.percentile(values, _AT)) if values else ""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--moments", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    moments_s = np.random.default_rng(chosen.seed).uniform(EARLIEST_S, LATEST_S, chosen.moments)
    with tempfile.TemporaryDirectory(prefix="dosebench-kills-", ignore_cleanup_errors=True) as folder:
        os.environ["DOSEBENCH_LOCKS"] = f"{folder}/locks"
        with site(Path(folder)) as on:
            found = killed_runs(on, moments_s.tolist())
    print(table(found))
    return int(any(wrong for _, wrong in found))


if __name__ == "__main__":
    sys.exit(main())
