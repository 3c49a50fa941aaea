"""A line that is emptied by hand: nothing comes before it is full again, and nothing is lost from what had come."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from instruments.hands import Step
from instruments.sim.bench import SimulatedBench
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.line import Line
from instruments.sim.physics.motion import Motion
from instruments.sim.physics.path import FluidPath
from instruments.sim.setup import Setup

ML_S = 1e-3
STIFF = Line(syringe_compliance_ml_pa=1e-9)


def at(*moments_s: float) -> FloatArray:
    return np.array(moments_s)


def running(line: Line = STIFF) -> FluidPath:
    path = FluidPath(line)
    path.move(0.0, Motion(ML_S))
    return path


@pytest.mark.parametrize("unprimed_ml", [0.0, 0.02])
def test_what_is_empty_is_filled_first(unprimed_ml: float) -> None:
    path = running(replace(STIFF, unprimed_ml=unprimed_ml))
    path.drain(100.0, 0.05)
    came_ml = 0.1 - unprimed_ml
    assert path.history(at(99.0, 149.0, 151.0, 180.0))["delivered_ml"] == pytest.approx(
        [came_ml - 0.001, came_ml, came_ml + 0.001, came_ml + 0.03], abs=2e-6
    )


def test_twice_emptied_is_twice_filled_and_history_agrees_with_the_present() -> None:
    path = running()
    path.drain(100.0, 0.05)
    path.drain(120.0, 0.05)
    assert path.delivered_ml(at(160.0, 180.0)) == pytest.approx([0.1, 0.11], abs=2e-6)
    assert path.history(at(50.0, 110.0, 160.0, 180.0))["delivered_ml"] == pytest.approx([0.05, 0.1, 0.1, 0.11], abs=2e-6)


def test_the_hands_empty_the_catheter_as_it_truly_is_and_what_they_are_told_of_the_pump() -> None:
    bench = SimulatedBench(Setup(line=Line(length_m=1.2)))
    assert bench.hands.ask(Step("drain", "", {"pump_path_ml": 0.2}), lambda: None) == "done"
    empty_ml = math.pi * 0.265**2 * 1.2 + 0.2
    assert bench.truth.events[-1].what == f"drain: {empty_ml:.7f} mL of catheter and pump are empty"
    assert bench.path.stretches[-1].lost_ml == pytest.approx(empty_ml)
