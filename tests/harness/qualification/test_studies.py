"""The studies of ourselves: small ones here, whose counts cannot be far off; and studies of a harness that is wrong, seen red."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dosebench.qualify import qualify
from harness.qualification import coverage, risk
from harness.qualification.counting import Count
from harness.qualification.coverage import Cell, Coverage
from harness.qualification.set_ups import SET_UPS, drawn
from harness.qualification.study import Trial, carried_out, trials
from harness.verdicts import Verdict
from instruments.sim.setup import read_setup

MEASURANDS = {"flow error", "bolus volume", "bolus duration error", "residual volume"}


def test_every_set_up_states_every_measurand_near_its_truth() -> None:
    """Two runs of each: no error beyond twice U, and none of them zero (the truth does not leak into the analysis)."""
    found = coverage.study(2, first_seed=70, tell=lambda *_: None)
    assert not found.unusable
    assert {(cell.set_up, cell.measurand) for cell in found.cells} == {
        (set_up.name, name) for set_up in SET_UPS for name in MEASURANDS
    }
    errors = np.array([cell.errors for cell in found.cells])
    assert (np.abs(errors) < 2).all()
    assert (errors != 0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_truth_is_drawn_from_what_the_bench_states(seed: int) -> None:
    set_up = SET_UPS[0]
    stated, true = read_setup(set_up.bench), read_setup(drawn(set_up, seed))
    assert true == read_setup(drawn(set_up, seed))
    assert true != read_setup(drawn(set_up, seed + 1))
    assert 0 < abs(true.fill_ml - stated.fill_ml) < 0.005
    assert 0 < abs(true.vessel.liquid_temperature_c - 22) < 1
    assert 0.25 <= true.cell.response_s <= 0.75
    assert 0.5 <= true.line.syringe_compliance_ml_pa / stated.line.syringe_compliance_ml_pa <= 1.5
    assert abs(true.drive.rate_error_pct) <= 3


def test_the_drawn_wetting_swings_within_what_the_needle_states() -> None:
    """0.5 mg to either side of its mean, for a needle of the nominal diameter."""
    outlet = replace(read_setup(drawn(SET_UPS[0], 3)).outlet, needle_od_mm=0.82)
    swing_g = outlet.wetting_g(np.linspace(0, 5 * outlet.slip_mm, 10_001), 0.3)
    assert (swing_g.min(), swing_g.max()) == pytest.approx((-5e-4, 5e-4), rel=1e-3)


@pytest.mark.parametrize(
    ("hits", "of", "ok"),
    [
        (955, 1000, True),
        (930, 1000, True),
        (929, 1000, False),
        (975, 1000, True),
        (976, 1000, False),
        (40, 40, True),
        (33, 40, False),
        (100, 100, True),
        (200, 200, False),
        (400, 400, False),
    ],
)
def test_what_counts_as_covered(hits: int, of: int, ok: bool) -> None:
    """Below 1000 runs only a share whose own interval leaves the band is wrong; from there on the share itself."""
    cell = Cell("bench", "flow error", Count(hits, of), 0.1, np.zeros(of))
    assert cell.ok is ok
    assert Coverage(of, 0, (cell,), ()).ok is ok
    unusable = ("bench, seed 1: FLOW INVALID: a knock",) * (of // 100 + 1)
    assert Coverage(of, 0, (cell,), unusable[1:]).ok is ok
    assert not Coverage(of, 0, (cell,), unusable).ok


@pytest.mark.parametrize(("factor", "covered"), [(1.0, True), (0.05, False)])
def test_intervals_that_are_too_narrow_do_not_cover(factor: float, covered: bool) -> None:
    verdict, true = carried_out(SET_UPS[0].plan, drawn(SET_UPS[0], 76))
    shrunk = [narrowed(trial, factor) for trial in trials(verdict, true)]
    assert all(trial.covered for trial in shrunk) is covered


def narrowed(trial: Trial, factor: float) -> Trial:
    low, high = (trial.value + factor * (end - trial.value) for end in trial.interval)
    return replace(trial, interval=(low, high))


@pytest.mark.parametrize(
    ("passed", "ok"), [((5, 2, 1, 0), True), ((25, 2, 1, 0), False), ((0, 0, 0, 13), True), ((13, 13, 13, 13), False)]
)
def test_what_counts_as_a_risk_kept(passed: Sequence[int], ok: bool) -> None:
    """At most 2.5 % of all, and nowhere more than counting 500 leaves open (3.3 % to 7.3 % for 25, 1.4 % to 4.4 % for 13)."""
    places = tuple(risk.Place(at, Count(hits, 500)) for at, hits in zip(risk.OUTSIDE, passed, strict=True))
    assert risk.Risk("bench", 0.08, places, {}).ok is ok


def test_a_pump_on_its_limit_is_hardly_ever_passed() -> None:
    """Eight pumps, one at every distance on either side: exactly where they were put, and none accepted."""
    found = risk.study(8, first_seed=40, tell=lambda *_: None)
    assert [place.count.trials for place in found.places] == [2, 2, 2, 2]
    assert sum(found.verdicts.values()) == 8
    assert found.verdicts[Verdict.PASS] == found.overall.hits <= 1
    assert found.verdicts[Verdict.INCONCLUSIVE] + found.verdicts[Verdict.FAIL] >= 7
    assert found.u_pct == pytest.approx(0.087, rel=0.05)


@pytest.mark.parametrize("study", ["coverage", "risk"])
def test_the_commands_write_what_they_found(study: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        qualify, [study, "--runs", "8" if study == "risk" else "1", "--out", str(tmp_path)], standalone_mode=False
    )
    plain = json.loads((tmp_path / f"{study}.json").read_text(encoding="utf-8"))
    assert done.return_value == (0 if plain["ok"] else 1)
    assert plain["schema"] == f"dosebench/{study}/1"
    assert (tmp_path / f"{study}.md").read_text(encoding="utf-8").startswith("| ")
    assert (tmp_path / "coverage.svg").exists() is (study == "coverage")
