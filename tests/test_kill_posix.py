"""A harness that is killed without a word, again and again on one bench: nothing lost, nothing left running, nothing green."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.ends import EARLIEST_S, LATEST_S, kill, later_run, not_recovered, site

MOMENTS, SEED = 4, 6


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """One moment from each quarter of a run; every run finds the one before it and closes it."""
    quarters = np.arange(MOMENTS) + np.random.default_rng(SEED).uniform(size=MOMENTS)
    moments_s = EARLIEST_S + (LATEST_S - EARLIEST_S) / MOMENTS * quarters
    with site(tmp_path) as on:
        killed = [kill(on, moment_s) for moment_s in moments_s]
        after = later_run(on)
    assert {f"{run.moment_s:.2f} s": run.wrong for run in killed if run.wrong} == {}
    assert after == []
    assert {f"{run.moment_s:.2f} s": wrong for run in killed if (wrong := not_recovered(run.folder))} == {}
    assert sum(run.infusing for run in killed) >= MOMENTS // 2
    assert max(run.lines for run in killed) > 10
