"""Judges of what feeds a pump: power that is lost and comes back, a battery near its end."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.flow import ends, mean_flow
from harness.analysis.masses import first, last, volume_between
from harness.analysis.view import View
from harness.cases import PercentLimit
from harness.cases.power import BatteryCase, PowerInterruptionCase
from harness.metrology.budget import Estimate, evaluate, exact, scaled
from harness.record import Event
from harness.verdicts import Measurand, judge

_LEVEL_S = 30.0
ONE = (1.0, 1.0)


def judge_power_interruption(view: View[PowerInterruptionCase]) -> list[Measurand]:
    """It tells the loss once, gives nothing unasked, and infuses as before when it was started again."""
    case = view.case
    alarms = [alarm for alarm in view.record.of_kind("alarm", case.id) if alarm.data["kind"] == "power"]
    return [
        _flow_error(view, "flow", "flow error before", case.rate, case.flow_error),
        _once("power alarms", alarms),
        _unasked(view),
        _flow_error(view, "flow again", "flow error after", case.rate, case.flow_error, _programme(view)),
    ]


def _unasked(view: View[PowerInterruptionCase]) -> Measurand:
    """From the loss of the power until the pump was told to start; what the line held back is in it."""
    series = view.series("off", "restored")
    found, words = volume_between(view, first(series, 0.0), last(series, _LEVEL_S), per_ml=1000)
    return view.judge("volume without being asked", found, "uL", view.case.unasked_volume, words)


def _programme(view: View[PowerInterruptionCase]) -> str:
    told = [event.data["told"] for event in view.record.of_kind("tried", view.case.id)]
    return f"it said that its programme is lost, and was set again ({told[0]})" if told else "it went on with its own programme"


def judge_battery(view: View[BatteryCase]) -> list[Measurand]:
    """Each alarm once, at its voltage; the delivery goes on until the last one, and ends with it."""
    case = view.case
    series = view.series("after EOS")
    after, words = volume_between(view, first(series, 0.0), last(series, _LEVEL_S), per_ml=1000)
    return [
        _flow_error(view, "flow", "flow error at full voltage", case.rate, case.flow_error),
        *_judge_alarm(view, "ERI"),
        _flow_error(view, "flow after ERI", "flow error after ERI", case.rate, case.flow_error),
        *_judge_alarm(view, "EOS"),
        view.judge("volume after EOS", after, "uL", case.volume_after, words),
    ]


def _judge_alarm(view: View[BatteryCase], code: str) -> list[Measurand]:
    limit = {"ERI": view.case.eri_voltage, "EOS": view.case.eos_voltage}[code]
    alarms = [alarm for alarm in view.record.of_kind("alarm", view.case.id) if alarm.data["letter"] == code]
    judged = [_once(f"{code} alarms", alarms)]
    return [*judged, view.judge(f"{code} voltage", _voltage_at(view, alarms[0]), "V", limit)] if alarms else judged


def _voltage_at(view: View[BatteryCase], alarm: Event) -> Estimate:
    """Between the voltage that brought the alarm and the one before it."""
    told = [event for event in view.record.of_kind("setting", view.case.id) if event.data["name"] == "battery voltage"]
    before = [float(event.data["reported"]) for event in told if event.at_s < alarm.at_s]
    return voltage_between(before[-1], before[-2] if len(before) > 1 else before[-1], view.case.supply_uncertainty)


def voltage_between(low_v: float, high_v: float, supply_u_v: float) -> Estimate:
    """A threshold that lies anywhere between two voltages of a supply that holds them within ``supply_u_v``."""
    return evaluate(
        lambda inputs: (
            inputs.rectangular("between two steps (V)", (low_v + high_v) / 2, (high_v - low_v) / 2)
            + inputs.normal("voltage of the supply (V)", 0.0, supply_u_v)
        )
    )


def _once(name: str, alarms: Sequence[Event]) -> Measurand:
    words = ", ".join(f"{alarm.data['word']} at {alarm.at_s:.0f} s" for alarm in alarms)
    return judge(name, exact(len(alarms)), "1", ONE, "simple", words or "none came")


_Powered = View[PowerInterruptionCase] | View[BatteryCase]


def _flow_error(view: _Powered, phase: str, name: str, rate_ml_h: float, limit: PercentLimit, told: str = "") -> Measurand:
    found, words = mean_flow(view, *ends(view.series(phase)))
    return view.judge(name, scaled(found, 100 / rate_ml_h, -100), "%", limit, "; ".join(filter(None, (told, words))))
