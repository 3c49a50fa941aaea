"""The liquid between plunger and outlet, stretch by stretch: in closed form from one event to the next.

The plunger's motion is one input, the line's state (open, blocked, leaking) the other. Every stretch is kept, so that what really
left the outlet can be told for any moment of the run.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from instruments.sim.physics.arrays import FloatArray, at
from instruments.sim.physics.line import FREE, Blockage, Line, leak_conductance, network
from instruments.sim.physics.motion import Motion
from instruments.sim.physics.stretch import Stretch as Stretch

_NEVER_S = float("inf")
_STILL = Motion()
_NOT_ASKED = (float("nan"), _NEVER_S)
_KEPT = ("pushed", "stored", "leaked", "let_out", "pocket")
"""What a stretch hands on to the next."""


class FluidPath:
    """What has been pushed, what is stored, what came out. ``now_s`` never lies before the last change."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._blockages, self._leak_part = {"": FREE}, line.leak_pct / 100
        net = network(line)
        # In the beginning the liquid is at rest under what the outlet's pressure makes of it.
        rest_ml = net.pushed_back_ml_s / net.rate_s
        first = Stretch(0.0, _STILL, net, 0.0, rest_ml, 0.0, 0.0)
        self.stretches = [replace(first, lost_ml=line.unprimed_ml, least_ml=0.0) if line.unprimed_ml else first]
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

    def block(self, now_s: float, blockage: Blockage, by: str = "") -> None:
        """The line gets blocked by something, or free of it again: what the pocket behind the blockage held joins the rest.

        Of several the one counts that lets least through, of full ones the nearest to the pump.
        """
        self._blockages[by] = blockage
        self._rebuild(now_s)

    def face(self, now_s: float, outlet_pa: float) -> None:
        """From ``now_s`` on the outlet stands at this gauge pressure; the line fills or empties towards it."""
        self.line = replace(self.line, back_pressure_kpa=outlet_pa / 1000, height_m=0.0)
        self._rebuild(now_s)

    def drain(self, now_s: float, volume_ml: float) -> None:
        """So much of the line is emptied, and not into the vessel: it is filled again before anything comes out of the tip."""
        last = self._at(now_s)
        delivered_ml = float(last.delivered(at(now_s)))
        self._keep(replace(last, lost_ml=last.let_out_ml - delivered_ml + volume_ml, least_ml=delivered_ml))

    def leak(self, now_s: float, part: float) -> None:
        """From ``now_s`` on ``part`` of a steady flow escapes at the syringe's joint."""
        self._leak_part = part
        self._rebuild(now_s)

    def _rebuild(self, now_s: float) -> None:
        blockage = max(self._blockages.values(), key=lambda one: (one.part, -one.place))
        net, last = network(self.line, blockage, leak_conductance(self.line, self._leak_part)), self._at(now_s)
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
        return self._last.delivered(moments_s)

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
            found["delivered_ml"][chosen] = stretch.delivered(at_s)
            found["pressure_pa"][chosen] = stretch.pressure_pa(at_s)
        return found
