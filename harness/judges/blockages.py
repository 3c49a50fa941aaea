"""A closed line: the alarm that tells of it, or the balance that has to."""

from __future__ import annotations

from harness.analysis.alarm import in_words
from harness.analysis.delivery import window_s_of
from harness.analysis.flow import ends, flow_error
from harness.analysis.latency import Gap, latency_s
from harness.analysis.masses import curve_of, last, volume_between
from harness.analysis.no_flow import without_flow_s
from harness.analysis.occlusion import pressure_at
from harness.analysis.view import View
from harness.cases import NoFlowCase, OcclusionCase
from harness.cases.blockages import LEVEL_S
from harness.judges.steps import between, pressures_of, step_of
from harness.metrology.budget import exact
from harness.record import Event
from harness.verdicts import Measurand, judge
from instruments.errors import BenchError

_HALF_AGAIN = 1.5
CLOSED = "stopcock closed, between question and answer (s)"


def judge_occlusion(view: View[OcclusionCase]) -> list[Measurand]:
    """One alarm, and not before the line was closed; time and pressure at it; what came after the opening."""
    closed = step_of(view, "close")
    alarms = [alarm for alarm in view.record.of_kind("alarm", view.case.id) if alarm.data["kind"] in view.case.alarms]
    early = [alarm for alarm in alarms if alarm.at_s < closed[0]]
    due = [alarm for alarm in alarms if alarm.at_s >= closed[0]]
    judged = [judge("occlusion alarms", exact(len(due)), "1", (1.0, 1.0), "simple", in_words(due) or "none came")]
    if early:
        judged.append(judge("alarms with the line open", exact(len(early)), "1", (0.0, 0.0), "simple", in_words(early)))
    if due:
        judged.append(_stands(view))
    return [*judged, *_at_the_alarm(view, due[:1], closed), _bolus(view)]


def _at_the_alarm(view: View[OcclusionCase], alarms: list[Event], closed: Gap) -> list[Measurand]:
    """Time from the closing, and line pressure. The transducer has to be right where there is no alarm too."""
    case, pressures, judged = view.case, pressures_of(view), []
    for alarm in alarms:
        polls = max(alarm.data["since_us"] / 1e6, closed[0]), alarm.at_s
        found = latency_s(polls, between(closed, CLOSED))
        judged.append(view.judge("time to the alarm", found, "s", case.alarm_within))
        if case.pressure is not None:
            judged.append(view.judge("pressure at the alarm", pressure_at(pressures, polls), "kPa", case.pressure))
    return judged


def _stands(view: View[OcclusionCase]) -> Measurand:
    """An alarm that does not stop the motor goes on building up pressure."""
    told = [event.data for event in view.record.of_kind("pump", view.case.id) if event.at_s <= view.phase("closed").end_s]
    if not told:
        raise BenchError("the record does not say whether the pump stood at its alarm")
    return judge("runs on after its alarm", exact(float(told[-1]["running"])), "1", (0.0, 0.0), "simple", told[-1]["word"])


def _bolus(view: View[OcclusionCase]) -> Measurand:
    """Everything that comes once the line is open: the pump stands."""
    before = last(view.series("relief"), LEVEL_S)
    found, words = volume_between(view, before, last(view.series("release"), LEVEL_S), per_ml=1000)
    return view.judge("post-occlusion bolus", found, "uL", view.case.bolus, words)


def judge_no_flow(view: View[NoFlowCase]) -> list[Measurand]:
    """The detector is sure in time, and was never sure before; and the flow before, where it has a limit."""
    case, closed = view.case, step_of(view, "close")
    window_s = case.window or window_s_of(view, case.rate)
    sure_s = list(without_flow_s(curve_of(view, view.series("flow", "blocked")), case.rate, window_s))
    early = [moment_s for moment_s in sure_s if moment_s <= closed[0]]
    words = f"the balance was sure of it from {early[0]:.0f} s on" if early else ""
    judged = [judge("flow missed with the line open", exact(len(early)), "1", (0.0, 0.0), "simple", words)]
    judged.append(_detection(view, [moment_s for moment_s in sure_s if moment_s > closed[1]][:1], closed, window_s))
    judged.append(_released(view))
    if case.flow_error is not None:
        judged.append(flow_error(view, "flow error", view.series("flow"), case.rate, case.flow_error))
    return judged


def _released(view: View[NoFlowCase]) -> Measurand:
    """The pump stands when the line is opened: no more can come than it has pushed meanwhile, and half as much again."""
    most_ul = _HALF_AGAIN * view.case.rate * view.phase("blocked").duration_s / 3.6
    found, words = volume_between(view, *ends(view.series("release")), per_ml=1000)
    return judge("volume after the opening", found, "uL", (None, most_ul), view.conditions.rule, words)


def _detection(view: View[NoFlowCase], sure_s: list[float], closed: Gap, window_s: float) -> Measurand:
    """From the closing until the detector is sure; not before the end of the blockage where it never was."""
    found_s = sure_s[0] if sure_s else view.phase("blocked").end_s
    told = f"over windows of {window_s / 60:.3g} min" + ("" if sure_s else "; it was not sure when the line was opened")
    found = latency_s((found_s, found_s), between(closed, CLOSED))
    return view.judge("time until no flow is sure", found, "s", view.case.detection, told)
