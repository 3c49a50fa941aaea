"""The liquid side once more, worked out another way: differential equations, integrated step by step.

Nothing here knows a closed form, and what comes out of the line is integrated on its own, not what is left over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp

from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.line import FREE, Blockage, Line
from instruments.sim.physics.motion import Motion, Wave
from instruments.sim.physics.path import FluidPath

H = 3600.0
"""Seconds in an hour: a flow in mL/h over it is one in mL/s."""

NAMES = ("pushed_ml", "stored_ml", "leaked_ml", "delivered_ml")
_TIGHT = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}

Step = tuple[float, str, tuple[object, ...]]
"""At a moment something is done: the name of a method of FluidPath, and what it is given beside the moment."""


def swing(part: float, period_s: float, flow_ml_s: float, phase: float = 0.0) -> Wave:
    """A flow that swings by a part of itself."""
    turn_s = 2 * math.pi / period_s
    return Wave(part * flow_ml_s / turn_s, turn_s, phase)


def speed_ml_s(motion: Motion, elapsed_s: float) -> float:
    """dV/dt of a motion without steps."""
    swings = sum(wave.volume_ml * wave.turn_s * math.cos(wave.turn_s * elapsed_s + wave.phase) for wave in motion.waves)
    return motion.flow_ml_s * (motion.step_ml == 0) + motion.growth_ml_s2 * elapsed_s + swings


def step_moments_s(motion: Motion, until_s: float) -> list[float]:
    """When the single steps of a motor are made."""
    if not (motion.step_ml and motion.flow_ml_s):
        return []
    flow_ml_s = abs(motion.flow_ml_s)
    steps = range(1, int((flow_ml_s * until_s + motion.begun_ml) / motion.step_ml) + 1)
    return [(number * motion.step_ml - motion.begun_ml) / flow_ml_s for number in steps]


@dataclass
class Integrated:
    """What FluidPath does, by integration: pushed, held before a blockage, held behind it, leaked, let out."""

    line: Line
    blockage: Blockage = FREE
    leak_part: float = 0.0
    now_s: float = 0.0
    motion: Motion = field(default_factory=Motion)
    since_s: float = 0.0
    state: FloatArray = field(default_factory=lambda: np.zeros(5))

    def __post_init__(self) -> None:
        self.leak_part = self.line.leak_pct / 100
        open_part = 1 / (1 + self.leak_part / (1 - self.leak_part))
        self.state[1] = self.line.outlet_pa * open_part * self._front_ml_pa

    # --- the line, from the sketch of it: two stores, three resistances ---

    @property
    def _open_ml_pa_s(self) -> float:
        line = self.line
        return math.pi * (line.bore_mm * 1e-3) ** 4 / (128 * line.viscosity_mpa_s * 1e-3 * line.length_m) * 1e6

    @property
    def _behind_ml_pa(self) -> float:
        return self.line.tubing_compliance_ml_pa * (1 - self.blockage.place) * (self.blockage.part == 1)

    @property
    def _front_ml_pa(self) -> float:
        line = self.line
        return line.syringe_compliance_ml_pa + line.tubing_compliance_ml_pa + line.air_ml / 101_325 - self._behind_ml_pa

    def _slopes(self, now_s: float, state: FloatArray) -> list[float]:
        _, front_ml, behind_ml, _, _ = state
        pushed = speed_ml_s(self.motion, now_s - self.since_s)
        pressure_pa = front_ml / self._front_ml_pa
        leaked = pressure_pa * self._open_ml_pa_s * self.leak_part / (1 - self.leak_part)
        through = (pressure_pa - self.line.outlet_pa) * self._open_ml_pa_s * (1 - self.blockage.part)
        drained = 0.0
        if self._behind_ml_pa:
            drained = (behind_ml / self._behind_ml_pa - self.line.outlet_pa) * self._open_ml_pa_s / (1 - self.blockage.place)
        return [pushed, pushed - leaked - through, -drained, leaked, through + drained]

    # --- what is done to it ---

    def move(self, now_s: float, motion: Motion) -> None:
        self.go_on(now_s)
        self.motion, self.since_s = motion, now_s

    def jump(self, now_s: float, volume_ml: float) -> None:
        self.go_on(now_s)
        self.state[:2] += volume_ml

    def leak(self, now_s: float, part: float) -> None:
        self.go_on(now_s)
        self.leak_part = part

    def block(self, now_s: float, blockage: Blockage) -> None:
        self.go_on(now_s)
        whole_ml = float(self.state[1] + self.state[2])
        self.blockage = blockage
        self.state[2] = whole_ml * self._behind_ml_pa / (self._front_ml_pa + self._behind_ml_pa)
        self.state[1] = whole_ml - self.state[2]

    # --- what comes of it ---

    def go_on(self, until_s: float, looks_s: Sequence[float] = ()) -> list[FloatArray]:
        """Integrate; what is seen at the moments ``looks_s`` on the way."""
        breaks_s = [self.since_s + moment_s for moment_s in step_moments_s(self.motion, until_s - self.since_s)]
        seen: list[FloatArray] = []
        for break_s in breaks_s:
            if break_s > self.now_s:
                seen += self._smooth(break_s, [look_s for look_s in looks_s if self.now_s <= look_s < break_s])
                self.state[:2] += math.copysign(self.motion.step_ml, self.motion.flow_ml_s)
        return seen + self._smooth(until_s, [look_s for look_s in looks_s if self.now_s <= look_s])

    def _smooth(self, until_s: float, looks_s: Sequence[float]) -> list[FloatArray]:
        began_s, self.now_s = self.now_s, until_s
        if until_s == began_s:
            return []
        found = solve_ivp(self._slopes, (began_s, until_s), self.state, t_eval=[*looks_s, until_s], **_TIGHT)  # type: ignore[call-overload]
        self.state = found.y[:, -1].copy()
        return [np.append(state, state[1] / self._front_ml_pa) for state in found.y.T[: len(looks_s)]]


def play(target: FluidPath | Integrated, steps: Iterable[Step]) -> None:
    """Do all of this, one after the other."""
    for at_s, name, given in steps:
        getattr(target, name)(at_s, *given)


def integrated(line: Line, steps: Sequence[Step], moments_s: FloatArray) -> dict[str, FloatArray]:
    """What ``FluidPath.history`` should tell at each moment, after all that was done by then."""
    model, seen = Integrated(line), []
    ends_s = [at_s for at_s, _, _ in steps] + [float(moments_s[-1]) + 1e-9]
    for number, end_s in enumerate(ends_s):
        looks_s = [float(look_s) for look_s in moments_s if model.now_s <= look_s < end_s]
        seen += model.go_on(end_s, looks_s)
        play(model, steps[number : number + 1])
    pushed, front, behind, leaked, out, pressure_pa = np.array(seen).T
    return dict(zip((*NAMES, "pressure_pa"), (pushed, front + behind, leaked, out, pressure_pa), strict=True))


# --- pumps ---


def run_to(drive: Drive, until_s: float, now_s: float = 0.0, *, most_at_once: int = 20) -> list[float]:
    """Let a drive go through its events up to a moment, as its pump does; the moments of the events. Time has to go on."""
    moments_s: list[float] = []
    while (next_s := drive.next_event_s()) <= until_s:
        assert next_s >= now_s, "an event that lies in the past"
        now_s = next_s
        moments_s.append(now_s)
        assert moments_s[-most_at_once - 1 :].count(now_s) <= most_at_once, f"time stands still at {now_s!r}"
        drive.act(now_s)
    return moments_s


def noted() -> tuple[list[tuple[float, str]], Callable[[float, str], None]]:
    """A list, and what writes into it."""
    events: list[tuple[float, str]] = []
    return events, lambda now_s, what: events.append((now_s, what))
