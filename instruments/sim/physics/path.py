"""The liquid between plunger and outlet, stretch by stretch: in closed form from one event to the next.

The plunger's motion is one input, the line's state (open, blocked, leaking) the other. Every stretch is kept, so that what really
left the outlet can be told for any moment of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from instruments.sim.physics.arrays import FloatArray, at
from instruments.sim.physics.line import FREE, Blockage, Line, Network, leak_conductance, network
from instruments.sim.physics.motion import Motion

_NEVER_S = float("inf")
_HORIZON_S = 1e7
_LOOKS = np.linspace(0.0, 1.0, 4096) ** 2
_XTOL_S = 1e-9
_STILL = Motion()
_NOT_ASKED = (float("nan"), _NEVER_S)
_KEPT = ("pushed", "stored", "leaked", "let_out", "pocket")
"""What a stretch hands on to the next."""


@dataclass(frozen=True)
class Stretch:
    """From ``start_s`` on: what had moved by then (all in mL), how the plunger moves, what the line is.

    ``stored_ml`` is what the line holds above its volume at rest, ``pocket_ml`` the same behind a full blockage. All methods
    take moments of the run that are not before its start.
    """

    start_s: float
    motion: Motion
    network: Network
    pushed_ml: float
    stored_ml: float
    leaked_ml: float
    let_out_ml: float
    pocket_ml: float = 0.0

    def pushed(self, moments_s: FloatArray) -> FloatArray:
        """Displaced by the plunger since the run began."""
        return self.pushed_ml + self.motion.moved_ml(moments_s - self.start_s)

    def stored(self, moments_s: FloatArray) -> FloatArray:
        """What the line before a blockage holds: its pressure times its compliance."""
        elapsed_s, rate_s = moments_s - self.start_s, self.network.rate_s
        held_ml = self.motion.held_ml(elapsed_s, rate_s)
        return self.stored_ml * np.exp(-rate_s * elapsed_s) + self._backed_up(elapsed_s) + held_ml

    def pocket(self, moments_s: FloatArray) -> FloatArray:
        """What the tubing behind a blockage holds: it relaxes to the outlet's pressure."""
        rest_ml = self.network.pocket_ml_pa * self.network.outlet_pa
        faded = np.exp(-self.network.pocket_rate_s * (moments_s - self.start_s))
        return np.asarray(rest_ml + (self.pocket_ml - rest_ml) * faded)

    def leaked(self, moments_s: FloatArray) -> FloatArray:
        """Lost through the leak since the run began."""
        elapsed_s = moments_s - self.start_s
        return self.leaked_ml + self._escaped(elapsed_s, self.motion.moved_ml(elapsed_s), self.stored(moments_s))

    def let_out(self, moments_s: FloatArray) -> FloatArray:
        """Come through the end of the line since the run began: what was pushed and is neither stored nor leaked."""
        elapsed_s, stored_ml = moments_s - self.start_s, self.stored(moments_s)
        moved_ml = self.motion.moved_ml(elapsed_s)
        kept_ml = stored_ml - self.stored_ml + self._escaped(elapsed_s, moved_ml, stored_ml)
        if self.network.pocket_ml_pa:
            kept_ml = kept_ml + self.pocket(moments_s) - self.pocket_ml
        return np.asarray(self.let_out_ml + moved_ml - kept_ml)

    def _escaped(self, elapsed_s: FloatArray, moved_ml: FloatArray, stored_ml: FloatArray) -> FloatArray:
        """Through the leak: its conductance times the integral of the pressure, which is what is let go in all."""
        net = self.network
        if not net.leak_ml_pa_s:
            return np.zeros_like(elapsed_s)
        let_go_ml = moved_ml + net.pushed_back_ml_s * elapsed_s - (stored_ml - self.stored_ml)
        return np.asarray(net.leak_ml_pa_s / (net.through_ml_pa_s + net.leak_ml_pa_s) * let_go_ml)

    def pressure_pa(self, moments_s: FloatArray) -> FloatArray:
        """Gauge pressure at the syringe."""
        return self.stored(moments_s) / self.network.compliance_ml_pa

    def reaches_s(self, pressure_pa: float, before_s: float = _NEVER_S) -> float:
        """When the pressure at the syringe first is ``pressure_pa``; infinity for never, or not ``before_s``."""
        level_ml = pressure_pa * self.network.compliance_ml_pa
        if self.motion.ripple_ml or self.motion.growth_ml_s2:
            return _crossing_s(lambda moments_s: self.stored(moments_s) - level_ml, *self._bracket_s(level_ml, before_s))
        return self._even_s(level_ml)

    def relaxes_s(self, pressure_pa: float) -> float:
        """When the pressure will have fallen to ``pressure_pa`` behind a plunger that stands; infinity for never."""
        net, level_ml = self.network, pressure_pa * self.network.compliance_ml_pa
        if self.stored_ml <= level_ml:
            return self.start_s
        if not net.rate_s or (settled_ml := net.pushed_back_ml_s / net.rate_s) >= level_ml:
            return _NEVER_S
        return self.start_s + float(np.log((self.stored_ml - settled_ml) / (level_ml - settled_ml))) / net.rate_s

    def pushes_s(self, volume_ml: float, before_s: float = _NEVER_S) -> float:
        """When so much will have been displaced; infinity for never, or not ``before_s``."""
        motion, left_ml = self.motion, volume_ml - self.pushed_ml
        if motion.flow_ml_s <= 0:
            return _NEVER_S
        even_s = self.start_s + left_ml / motion.flow_ml_s
        if not (motion.ripple_ml or motion.growth_ml_s2):
            return even_s
        around_s = motion.ripple_ml / motion.flow_ml_s
        bracket_s = max(self.start_s, even_s - around_s), even_s + around_s
        if motion.growth_ml_s2:
            bracket_s = self.start_s, min(before_s, self.start_s + _HORIZON_S)
        return _crossing_s(lambda moments_s: self.pushed(moments_s) - volume_ml, *bracket_s)

    def _backed_up(self, elapsed_s: FloatArray) -> FloatArray:
        net = self.network
        gone_s = -np.expm1(-net.rate_s * elapsed_s) / net.rate_s if net.rate_s else elapsed_s
        return np.asarray(net.pushed_back_ml_s * gone_s)

    def _even_s(self, level_ml: float) -> float:
        """For a constant speed: s rises to flow * tau, or without end where nothing is let go."""
        rate_s, inflow_ml_s = self.network.rate_s, self.motion.flow_ml_s + self.network.pushed_back_ml_s
        if level_ml <= self.stored_ml:
            return self.start_s
        if rate_s == 0:
            return self.start_s + (level_ml - self.stored_ml) / inflow_ml_s if inflow_ml_s > 0 else _NEVER_S
        settled_ml = inflow_ml_s / rate_s
        if settled_ml <= level_ml:
            return _NEVER_S
        return self.start_s - float(np.log1p((self.stored_ml - level_ml) / (settled_ml - self.stored_ml))) / rate_s

    def _bracket_s(self, level_ml: float, before_s: float) -> tuple[float, float]:
        """Between these moments an uneven motion may pass a level: the even course a ripple higher, and a ripple lower."""
        if self.motion.growth_ml_s2:
            return self.start_s, min(before_s, self.start_s + _HORIZON_S)
        early_s, late_s = (self._even_s(level_ml + side * self.motion.ripple_ml) for side in (-1, 1))
        return early_s, min(late_s, early_s + _HORIZON_S)


def _crossing_s(above: Callable[[FloatArray], FloatArray], early_s: float, late_s: float) -> float:
    """Where ``above`` first is 0, looked for at moments that lie closer together in the beginning."""
    if early_s == _NEVER_S:
        return _NEVER_S
    looks_s = early_s + _LOOKS * (late_s - early_s)
    over = np.flatnonzero(above(looks_s) >= 0)
    if not len(over):
        return _NEVER_S
    first = int(over[0])
    return (
        float(brentq(lambda moment_s: float(above(at(moment_s))), looks_s[first - 1], looks_s[first], xtol=_XTOL_S))
        if first
        else early_s
    )


class FluidPath:
    """What has been pushed, what is stored, what came out. ``now_s`` never lies before the last change."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._blockage, self._leak_part = FREE, line.leak_pct / 100
        net = network(line)
        # In the beginning the liquid is at rest under what the outlet's pressure makes of it.
        rest_ml = net.pushed_back_ml_s / net.rate_s
        self.stretches = [Stretch(0.0, _STILL, net, 0.0, rest_ml, 0.0, 0.0)]
        self._reached = self._pushed = _NOT_ASKED

    @property
    def _last(self) -> Stretch:
        return self.stretches[-1]

    # --- what changes ---

    def move(self, now_s: float, motion: Motion) -> None:
        """From ``now_s`` on the plunger moves like this."""
        self._keep(replace(self._at(now_s), motion=motion))

    def jump(self, now_s: float, volume_ml: float) -> None:
        """The plunger springs forward."""
        last = self._at(now_s)
        self._keep(replace(last, pushed_ml=last.pushed_ml + volume_ml, stored_ml=last.stored_ml + volume_ml))

    def block(self, now_s: float, blockage: Blockage) -> None:
        """The line gets blocked, or free again: what the pocket behind the blockage held joins the rest."""
        self._blockage = blockage
        self._rebuild(now_s)

    def leak(self, now_s: float, part: float) -> None:
        """From ``now_s`` on ``part`` of a steady flow escapes at the syringe's joint."""
        self._leak_part = part
        self._rebuild(now_s)

    def _rebuild(self, now_s: float) -> None:
        net, last = network(self.line, self._blockage, leak_conductance(self.line, self._leak_part)), self._at(now_s)
        pocket_ml = last.pocket_ml
        if net.pocket_ml_pa != last.network.pocket_ml_pa:
            pocket_ml = (last.stored_ml + last.pocket_ml) * net.pocket_ml_pa / self.line.compliance_ml_pa
        stored_ml = last.stored_ml + last.pocket_ml - pocket_ml
        self._keep(replace(last, network=net, stored_ml=stored_ml, pocket_ml=pocket_ml))

    def _at(self, now_s: float) -> Stretch:
        """The present stretch, begun anew at ``now_s``; the plunger goes on as it does."""
        last, moment = self._last, at(now_s)
        told = {f"{name}_ml": float(getattr(last, name)(moment)) for name in _KEPT}
        began = replace(last, start_s=now_s, motion=last.motion.later(now_s - last.start_s))
        return replace(began, **told)  # type: ignore[arg-type]

    def _keep(self, stretch: Stretch) -> None:
        """Of two changes at one moment the last one counts."""
        if stretch.start_s == self._last.start_s:
            self.stretches.pop()
        self.stretches.append(stretch)
        self._reached = self._pushed = _NOT_ASKED

    # --- what is so now ---

    def pushed_ml(self, now_s: float) -> float:
        """Volume displaced by the plunger so far."""
        return float(self._last.pushed(at(now_s)))

    def stored_ml(self, now_s: float) -> float:
        """Volume that the line holds above its volume at rest."""
        return float(self._last.stored(at(now_s)) + self._last.pocket(at(now_s)))

    def pressure_pa(self, now_s: float) -> float:
        """Gauge pressure at the syringe."""
        return float(self._last.pressure_pa(at(now_s)))

    def room_ml(self, now_s: float, pressure_pa: float) -> float:
        """What would still go in before the pressure is that."""
        return (pressure_pa - self.pressure_pa(now_s)) * self._last.network.compliance_ml_pa

    def pushes_s(self, volume_ml: float, before_s: float = _NEVER_S) -> float:
        """When the plunger will have displaced so much, as it moves until ``before_s``."""
        if self._pushed[0] != volume_ml:
            self._pushed = (volume_ml, self._last.pushes_s(volume_ml, before_s))
        return self._pushed[1]

    def reaches_s(self, pressure_pa: float, before_s: float = _NEVER_S) -> float:
        """When the pressure will first be that, as things are until ``before_s``."""
        if self._reached[0] != pressure_pa:
            self._reached = (pressure_pa, self._last.reaches_s(pressure_pa, before_s))
        return self._reached[1]

    def relaxes_s(self, pressure_pa: float) -> float:
        """When the pressure will have fallen to that, while the plunger stands."""
        return self._last.relaxes_s(pressure_pa)

    def delivered_ml(self, moments_s: FloatArray) -> FloatArray:
        """Volume that has come out of the catheter's tip at each moment (none before the last change)."""
        return self._primed(self._last.let_out(moments_s))

    def _primed(self, let_out_ml: FloatArray) -> FloatArray:
        return np.maximum(0.0, let_out_ml - self.line.unprimed_ml) if self.line.unprimed_ml else let_out_ml

    # --- what has been ---

    def history(self, moments_s: FloatArray) -> dict[str, FloatArray]:
        """What was ``pushed``, ``stored``, ``leaked``, ``delivered`` (in mL) by any moments of the run, and ``pressure_pa``."""
        order = np.argsort(moments_s, kind="stable")
        starts_s = [stretch.start_s for stretch in self.stretches[1:]]
        parts = np.split(order, np.searchsorted(moments_s[order], starts_s, side="left"))
        found = {
            name: np.empty_like(moments_s) for name in ("pushed_ml", "stored_ml", "leaked_ml", "delivered_ml", "pressure_pa")
        }
        for stretch, chosen in zip(self.stretches, parts, strict=True):
            at_s = moments_s[chosen]
            found["pushed_ml"][chosen] = stretch.pushed(at_s)
            found["stored_ml"][chosen] = stretch.stored(at_s) + stretch.pocket(at_s)
            found["leaked_ml"][chosen] = stretch.leaked(at_s)
            found["delivered_ml"][chosen] = self._primed(stretch.let_out(at_s))
            found["pressure_pa"][chosen] = stretch.pressure_pa(at_s)
        return found
