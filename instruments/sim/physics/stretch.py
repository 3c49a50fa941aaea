"""One stretch of the liquid's way: from one event to the next everything has a closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from instruments.sim.physics.arrays import FloatArray, at
from instruments.sim.physics.line import Network
from instruments.sim.physics.motion import Motion

_NEVER_S = float("inf")
_HORIZON_S = 1e7
_LOOKS = np.linspace(0.0, 1.0, 4096) ** 2
_XTOL_S = 1e-9


@dataclass(frozen=True)
class Stretch:
    """From ``start_s`` on: what had moved by then (all in mL), how the plunger moves, what the line is.

    ``stored_ml`` is what the line holds above its volume at rest, ``pocket_ml`` the same behind a full blockage. ``lost_ml`` of
    what is let out fills a line that was empty; until then no more has come out of the tip than ``least_ml``. All methods take
    moments of the run that are not before its start.
    """

    start_s: float
    motion: Motion
    network: Network
    pushed_ml: float
    stored_ml: float
    leaked_ml: float
    let_out_ml: float
    pocket_ml: float = 0.0
    lost_ml: float = 0.0
    least_ml: float = -_NEVER_S

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

    def delivered(self, moments_s: FloatArray) -> FloatArray:
        """Come out of the catheter's tip since the run began."""
        return np.maximum(self.least_ml, self.let_out(moments_s) - self.lost_ml) if self.lost_ml else self.let_out(moments_s)

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
