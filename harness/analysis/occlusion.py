"""A closed line: how long until the alarm, at which pressure, and how much comes when it is opened again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.boluses import Level, level
from harness.analysis.curve import Curve
from harness.analysis.latency import Gap, latency_s, ordered
from harness.metrology.budget import Estimate, Inputs, evaluate, exact
from harness.metrology.density import Number
from harness.record import FloatArray, Period
from instruments.errors import BenchError, ConfigError

_PA_PER_KPA = 1000.0
_ML_PER_L = 1000.0
_CLEARLY = 3.0
_AS_BEFORE = 0.05


@dataclass(frozen=True, slots=True)
class Pressures:
    """Line pressure over time in kPa; ``u_kpa`` is the standard uncertainty of one reading."""

    moments_s: FloatArray
    pressures_kpa: FloatArray
    u_kpa: float = 0.0

    def during(self, period: Period) -> FloatArray:
        """The readings of a period; both ends belong to it."""
        within = (self.moments_s >= period.start_s) & (self.moments_s <= period.end_s)
        return np.asarray(self.pressures_kpa[within])


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Time from closing to alarm; line pressure at the alarm, None where none was measured; post-occlusion bolus.

    ``normal_s`` is when the flow was back to normal after the opening: what came until then is the bolus.
    """

    time_to_alarm_s: Estimate
    pressure_kpa: Estimate | None
    bolus_ul: Estimate
    normal_s: float


def occlusion(
    curve: Curve,
    closed_s: float,
    alarm: Gap,
    opened_s: float,
    *,
    pressures: Pressures | None,
    rate_ml_h: float,
    window_s: float = 60.0,
) -> Occlusion:
    """What an occlusion test asks for (fluid-delivery-test-methods, section 9).

    ``alarm``: last poll without it, and the poll that brought it. ``rate_ml_h``: set rate after the opening, 0 where the pump
    stands. The volume is taken between levels of ``window_s``: just before the opening, and where the flow is back to normal.
    Raises BenchError when the moments are in the wrong order, when the pressures do not reach from poll to poll, and when the
    flow is not back to normal before the curve ends.
    """
    since_s, until_s = ordered(alarm)
    if not closed_s <= until_s <= opened_s:
        raise BenchError(
            f"closed at {closed_s:g} s, alarm by {until_s:g} s, opened at {opened_s:g} s: they are not in this order"
        )
    normal_s = _normal_from_s(curve, opened_s, rate_ml_h, window_s)
    before, after = level(curve, opened_s - window_s, opened_s), level(curve, normal_s, normal_s + window_s)
    return Occlusion(
        time_to_alarm_s=latency_s((max(since_s, closed_s), until_s), exact(closed_s)),
        pressure_kpa=None if pressures is None else pressure_at(pressures, alarm),
        bolus_ul=_bolus_ul(curve, before, after, (after.moment_s - opened_s) * rate_ml_h / 3600),
        normal_s=normal_s,
    )


def pressure_at(pressures: Pressures, alarm: Gap) -> Estimate:
    """In kPa, anywhere between the lowest and the highest pressure from one poll to the other.

    Raises BenchError when the pressures do not reach from poll to poll.
    """
    moments_s, (since_s, until_s) = pressures.moments_s, alarm
    if not len(moments_s) or moments_s[0] > since_s or moments_s[-1] < until_s:
        raise BenchError(f"the pressures do not reach from {since_s:g} s to {until_s:g} s, where the alarm is")
    inside_kpa = pressures.pressures_kpa[(moments_s >= since_s) & (moments_s <= until_s)]
    found_kpa = np.concatenate([inside_kpa, np.interp(alarm, moments_s, pressures.pressures_kpa)])
    low_kpa, high_kpa = float(found_kpa.min()), float(found_kpa.max())

    def model(inputs: Inputs) -> Number:
        between = inputs.rectangular("alarm, between two polls (kPa)", (low_kpa + high_kpa) / 2, (high_kpa - low_kpa) / 2)
        return between + inputs.normal("pressure transducer (kPa)", 0.0, pressures.u_kpa)

    return evaluate(model)


def _normal_from_s(curve: Curve, opened_s: float, rate_ml_h: float, window_s: float) -> float:
    """Beginning of the first window after the opening over which no more flows than the set rate, as far as can be told.

    That is within three standard uncertainties of a window's flow, or within 5 % of the set rate.
    """
    count = int((curve.moments_s[-1] - opened_s) / window_s) if len(curve) else 0
    edges_s = opened_s + window_s * np.arange(count + 1)
    excess_ml_h = np.diff(np.interp(edges_s, curve.moments_s, curve.volumes_ml)) / window_s * 3600 - rate_ml_h
    noise_ml_h = 2**0.5 * curve.u_point_ml / window_s * 3600
    allowed_ml_h = max(_CLEARLY * float(np.hypot(noise_ml_h, curve.u_flow_ml_h)), _AS_BEFORE * rate_ml_h)
    normal = np.flatnonzero(np.abs(excess_ml_h) <= allowed_ml_h)
    if not len(normal):
        raise BenchError(f"the flow is not back to normal {count * window_s:g} s after the opening, where the record ends")
    return float(edges_s[normal[0]])


def _bolus_ul(curve: Curve, before: Level, after: Level, due_ml: float) -> Estimate:
    elapsed_h = (after.moment_s - before.moment_s) / 3600

    def model(inputs: Inputs) -> Number:
        noise = inputs.normal("level before the opening (mL)", 0.0, before.u_ml)
        noise += inputs.normal("level after the bolus (mL)", 0.0, after.u_ml)
        common = 1 + inputs.normal("alike for all volumes (%)", 0.0, curve.u_common_pct) / 100
        flow = inputs.normal("flow alike at all moments (mL/h)", 0.0, curve.u_flow_ml_h)
        return 1000 * ((after.volume_ml - before.volume_ml + noise) * common + flow * elapsed_h - due_ml)

    return evaluate(model)


def stored_volume_ml(compliance_l_pa: float, pressure_kpa: float) -> float:
    """Volume that a line holds at a pressure, V = C dp: the most that can come as a post-occlusion bolus (section 9)."""
    return compliance_l_pa * _ML_PER_L * pressure_kpa * _PA_PER_KPA


def time_to_alarm_s(compliance_l_pa: float, threshold_kpa: float, rate_ml_h: float) -> float:
    """How long a set rate takes to fill a closed line up to the alarm's threshold, C dp / Q (section 9).

    Raises ConfigError when the set rate is not positive.
    """
    if not rate_ml_h > 0:
        raise ConfigError(f"the set rate is {rate_ml_h:g} mL/h; a closed line only fills where it is positive")
    return stored_volume_ml(compliance_l_pa, threshold_kpa) / rate_ml_h * 3600
