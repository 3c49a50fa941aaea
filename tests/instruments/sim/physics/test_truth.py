"""The truth beside a run: what is written lets anybody find the volumes of any moment, and what happened when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from pyarrow.parquet import read_table

from instruments.sim.bench import SimulatedBench
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Drive, DriveData
from instruments.sim.physics.line import FREE, Blockage, Line
from instruments.sim.physics.motion import Motion
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.truth import Truth
from instruments.sim.setup import PARTS, Setup

END_S = 3000.0
RUN = "run.7"
VOLUMES = ["pushed_ml", "stored_ml", "leaked_ml", "delivered_ml"]


def eventful(rate_ml_h: float) -> Truth:
    """Starts at 60 and 915 s, stops at 600 and 2400 s, blocked from 1200.5 to 1800.25 s."""
    path, flow = FluidPath(Line()), Motion(rate_ml_h / 3600)
    path.move(60.0, flow)
    path.move(600.0, Motion())
    path.move(915.0, flow)
    path.block(1200.5, Blockage(1.0))
    path.block(1800.25, FREE)
    path.move(2400.0, Motion())
    return Truth(path)


def driven(rate_ml_h: float, end_s: float) -> Truth:
    """A syringe as it is by default: steps, a screw that is not even, play, and a stopper that sticks."""
    path = FluidPath(Line())
    drive = Drive(path, travel_ml=10.0, data=DriveData())
    drive.run(0.0, rate_ml_h / 3600)
    while (now_s := drive.next_event_s()) < end_s:
        drive.act(now_s)
    return Truth(path)


def written(truth: Truth, folder: Path, end_s: float = END_S) -> dict[str, FloatArray]:
    truth.write(folder / RUN, end_s, {}, [])
    table = read_table(folder / f"{RUN}.truth.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


def told(folder: Path) -> dict[str, Any]:
    """The other file, by the letter of JSON: it knows no infinity."""

    def refuse(name: str) -> NoReturn:
        pytest.fail(f"the truth has {name}, which is not JSON")

    found: dict[str, Any] = json.loads((folder / f"{RUN}.truth.json").read_text(encoding="utf-8"), parse_constant=refuse)
    return found


# --- volumes ---


@pytest.mark.parametrize("rate_ml_h", [0.0625, 0.5, 5.0])
def test_between_the_written_rows_the_volumes_are_what_they_were(rate_ml_h: float, tmp_path: Path) -> None:
    truth = eventful(rate_ml_h)
    rows = written(truth, tmp_path)
    moments_s = np.linspace(0, END_S, 300_001)
    expected = truth.path.history(moments_s)
    for name in VOLUMES:
        assert np.abs(np.interp(moments_s, rows["t_s"], rows[name]) - expected[name]).max() < 1e-6, name


@pytest.mark.parametrize("rate_ml_h", [0.5, 5.0])
def test_and_so_is_what_an_uneven_drive_delivers(rate_ml_h: float, tmp_path: Path) -> None:
    truth = driven(rate_ml_h, 7200.0)
    rows = written(truth, tmp_path, 7200.0)
    moments_s = np.linspace(0, 7200, 72_001)
    found_ml = np.interp(moments_s, rows["t_s"], rows["delivered_ml"])
    assert np.abs(found_ml - truth.delivered_ml(moments_s)).max() < 1e-6


def test_each_row_is_what_the_path_knows(tmp_path: Path) -> None:
    truth = eventful(0.5)
    rows = written(truth, tmp_path)
    assert sorted(rows) == sorted(["t_s", *VOLUMES, "pressure_pa"])
    expected = truth.path.history(rows["t_s"])
    assert {name: rows[name].tolist() for name in expected} == {name: values.tolist() for name, values in expected.items()}


def test_rows_go_from_the_beginning_to_the_end_with_every_change_among_them(tmp_path: Path) -> None:
    moments_s = written(eventful(0.5), tmp_path)["t_s"]
    assert (moments_s[0], moments_s[-1]) == (0.0, END_S)
    assert np.diff(moments_s).min() > 0
    assert np.diff(moments_s).max() <= 60.0
    assert {60.0, 600.0, 915.0, 1200.5, 1800.25, 2400.0} <= set(moments_s.tolist())


@pytest.mark.parametrize("end_s", [0.0, 45.0, 1500.3])
def test_a_run_that_was_cut_short_has_no_rows_beyond_its_end(end_s: float, tmp_path: Path) -> None:
    assert written(eventful(0.5), tmp_path, end_s)["t_s"][-1] == end_s


def test_what_was_delivered_can_be_asked_for_any_moments() -> None:
    """Flow f since 60 s through a line of time constant tau: f (t - tau (1 - exp(-t / tau))); later by what was pushed."""
    truth = eventful(0.5)
    line, flow_ml_s = truth.path.line, 0.5 / 3600
    since_s, tau_s = np.array([3.0, 120.0, 0.0]), line.time_constant_s
    expected_ml = flow_ml_s * (since_s - tau_s * -np.expm1(-since_s / tau_s))
    assert truth.delivered_ml([63.0, 180.0, 60.0]) == pytest.approx(expected_ml, abs=1e-12)  # type: ignore[arg-type]
    assert truth.delivered_ml(np.array([0.0, 30.0])) == pytest.approx([0.0, 0.0], abs=1e-15)
    assert truth.delivered_ml(np.array([END_S])) == pytest.approx([flow_ml_s * (540 + 1485)], abs=1e-12)
    blocked_ml = truth.delivered_ml(np.array([1200.5, 1500.0, 1800.25]))
    assert blocked_ml == pytest.approx([flow_ml_s * (540 + 285.5 - tau_s)] * 3, abs=1e-12)


# --- events ---


def test_events_are_in_the_order_of_their_moments(tmp_path: Path) -> None:
    truth = eventful(0.5)
    for at_s, what in [(5.0, "a"), (30.0, "b"), (12.5, "c"), (5.0, "d")]:
        truth.note(at_s, what)
    truth.write(tmp_path / RUN, END_S, {"seed": 7}, ["rate-gain:+3%"])
    found = told(tmp_path)
    assert [(event["at_s"], event["what"]) for event in found["events"]] == [(5.0, "a"), (5.0, "d"), (12.5, "c"), (30.0, "b")]
    assert (found["schema"], found["faults"], found["setup"]) == ("dosebench/truth/1", ["rate-gain:+3%"], {"seed": 7})


def test_it_lies_in_two_files_beside_the_run_and_not_in_it(tmp_path: Path) -> None:
    (tmp_path / RUN).mkdir()
    written(eventful(0.5), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [RUN, f"{RUN}.truth.json", f"{RUN}.truth.parquet"]
    assert list((tmp_path / RUN).iterdir()) == []


def test_a_bench_tells_what_it_was_made_of(tmp_path: Path) -> None:
    setup = Setup(seed=5)
    bench = SimulatedBench(setup, faults=["rate-gain:+3%"])
    bench.clock.sleep_until(90.0)
    bench.truth.note(12.0, "looked at")
    bench.write_truth(tmp_path / RUN)
    found = told(tmp_path)
    assert found["faults"] == ["rate-gain:+3%"]
    assert found["events"] == [{"at_s": 12.0, "what": "looked at"}]
    assert set(PARTS) <= set(found["setup"])
    assert found["setup"]["cell"]["readability_g"] == setup.cell.readability_g
    assert found["setup"]["drive"]["screw_turn_ml"] == setup.drive.screw_turn_ml
    assert read_table(tmp_path / f"{RUN}.truth.parquet")["t_s"].to_pylist()[-1] == 90.0
