"""Forecasts for what feeds a pump, and for what it takes when it is set."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.bolus import LEVEL_S
from harness.analysis.masses import volume_between
from harness.analysis.view import View
from harness.cases import VolumeLimit
from harness.cases.power import BatteryCase, PowerInterruptionCase
from harness.cases.settings import STANDS_S, SettingsCase
from harness.forecasts.common import Foreseen, levels
from harness.forecasts.doses import flow, flow_error
from harness.judges.power import voltage_between
from harness.judges.settings import step_error_pct


def foresee_power_interruption(view: View[PowerInterruptionCase]) -> Iterator[Foreseen]:
    case = view.case
    yield flow_error(view, "flow error", case.rate, case.duration, case.flow_error)
    yield _nothing(view, "volume without being asked", case.off + case.watch, case.unasked_volume)


def foresee_battery(view: View[BatteryCase]) -> Iterator[Foreseen]:
    case = view.case
    yield flow_error(view, "flow error", case.rate, case.duration, case.flow_error)
    for name, limit in (("ERI voltage", case.eri_voltage), ("EOS voltage", case.eos_voltage)):
        low_v, high_v = limit.interval
        middle_v = ((case.least if low_v is None else low_v) + (case.full if high_v is None else high_v)) / 2
        found = voltage_between(middle_v - case.step / 2, middle_v + case.step / 2, case.supply_uncertainty)
        yield name, "V", found, limit.interval, limit
    yield _nothing(view, "volume after EOS", case.watch, case.volume_after)


def foresee_settings(view: View[SettingsCase]) -> Iterator[Foreseen]:
    case = view.case
    yield _nothing(view, "volume while it was set", STANDS_S, case.volume)
    for rate_ml_h in case.weighed:
        if case.flow_error is not None:
            yield flow_error(view, f"flow error at {rate_ml_h:g} mL/h", rate_ml_h, case.duration, case.flow_error)
    if case.step_error is not None:
        flows = [flow(view, rate_ml_h, case.duration) for rate_ml_h in case.weighed]
        for rate_ml_h, found in zip(case.weighed[1:], flows[1:], strict=True):
            step = step_error_pct(flows[0], found, rate_ml_h / case.weighed[0])
            yield f"step error to {rate_ml_h:g} mL/h", "%", step, case.step_error.interval, case.step_error


def _nothing(
    view: View[PowerInterruptionCase] | View[BatteryCase] | View[SettingsCase], name: str, elapsed_s: float, limit: VolumeLimit
) -> Foreseen:
    found, _ = volume_between(view, *levels(view, 0.0, elapsed_s, LEVEL_S), per_ml=1000)
    return name, "uL", found, limit.interval, limit
