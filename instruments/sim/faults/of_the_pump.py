"""Faults of pump, motor and drive: each deserves FAIL."""

from __future__ import annotations

from collections.abc import Mapping

from instruments.sim.faults.fault import (
    AT_AND_FOR,
    NEVER_S,
    POSITIVE,
    Fault,
    Values,
    driven,
    happening,
    motored,
    until_s,
)
from instruments.sim.setup import Happening, Setup

_AT = {"at": "s"}
_BY_PCT = {"by": "%"}
_BY_S = {"by": "s"}
_NOT_BELOW_0: Mapping[str, tuple[float, float]] = {"by": POSITIVE, "at": POSITIVE, "for": POSITIVE, "every": POSITIVE}
_SHRINKS: Mapping[str, tuple[float, float]] = {"by": (-99.0, 1000.0)}


def _gain(setup: Setup, values: Values) -> Setup:
    return driven(setup, gain=setup.drive.gain * (1 + values["by"] / 100))


def _diameter(setup: Setup, values: Values) -> Setup:
    return driven(setup, diameter_error_pct=setup.drive.diameter_error_pct + values["by"])


def _drift(setup: Setup, values: Values) -> Setup:
    return driven(setup, drift_pct_h=values["by"], drift_from_s=values.get("at", 0.0))


def _slow_start(setup: Setup, values: Values) -> Setup:
    return driven(setup, start_play_ml=values["volume"])


def _periodic(setup: Setup, values: Values) -> Setup:
    return driven(setup, screw_error_pct=values["by"], screw_turn_ml=values.get("period", setup.drive.screw_turn_ml))


def _intermittent(setup: Setup, values: Values) -> Setup:
    return motored(setup, every_s=values["every"], pause_s=values["for"], pauses_from_s=values.get("at", 0.0))


def _motor_stall(setup: Setup, values: Values) -> Setup:
    return motored(setup, stalls=(*setup.drive.motor.stalls, (values["at"], until_s(values))))


def _late_change(setup: Setup, values: Values) -> Setup:
    return motored(setup, change_late_s=values["by"])


def _bolus_length(setup: Setup, values: Values) -> Setup:
    return motored(setup, bolus_length=1 + values["by"] / 100)


def _bolus_pace(setup: Setup, values: Values) -> Setup:
    return driven(setup, bolus_pace=1 / (1 + values["by"] / 100))


def _bolus_late(setup: Setup, values: Values) -> Setup:
    return motored(setup, bolus_late_s=values["by"])


def _bolus_missed(setup: Setup, values: Values) -> Setup:
    return motored(setup, bolus_times=0)


def _bolus_doubled(setup: Setup, values: Values) -> Setup:
    return motored(setup, bolus_times=2)


def _prime_surge(setup: Setup, values: Values) -> Setup:
    times = 1 + values["by"] / 100
    part, ebb = values.get("part", 50.0) / 100, 1 + values.get("then", 0.0) / 100
    return motored(setup, surge=times, surge_part=part, ebb=ebb, ebb_s=values.get("for", 0.0))


def _free_flow(setup: Setup, values: Values) -> Setup:
    """Nothing holds the plunger while the motor stands: the siphon draws it, against the line's resistance alone."""
    line = setup.line
    flow_ml_s = line.column_pa(values["height"]) / line.resistance_pa_s_ml
    return motored(setup, idle_ml_s=flow_ml_s, idle_from_s=values.get("at", 0.0))


def _stop_ignored(setup: Setup, values: Values) -> Setup:
    return motored(setup, stop_late_s=values.get("for", NEVER_S))


def _cut(setup: Setup, values: Values) -> Setup:
    return motored(setup, digits=int(values["digits"]))


def _no_alarm(setup: Setup, values: Values) -> Setup:
    return driven(setup, stall_alarm=False)


def _late_alarm(setup: Setup, values: Values) -> Setup:
    return driven(setup, stall_notice_s=setup.drive.stall_notice_s + values["by"])


def _early_alarm(setup: Setup, values: Values) -> Setup:
    return driven(setup, early_ml=values["volume"])


def _counted_alarm(setup: Setup, values: Values) -> Setup:
    return driven(_gain(setup, values), alarm_by_count=True)


def _no_occlusion_alarm(setup: Setup, values: Values) -> Setup:
    return driven(setup, occlusion_alarm=False)


def _late_occlusion_alarm(setup: Setup, values: Values) -> Setup:
    return driven(setup, occlusion_notice_s=setup.drive.occlusion_notice_s + values["by"])


def _occlusion_bolus(setup: Setup, values: Values) -> Setup:
    return driven(setup, stall_gain=setup.drive.stall_gain * (1 + values["by"] / 100))


def _silent_reset(setup: Setup, values: Values) -> Setup:
    return happening(
        setup,
        Happening(values["at"], "the pump loses its power for a moment", lambda bench, _: bench.device("pump").restart(), "pump"),
    )


OF_THE_PUMP = (
    Fault("rate-gain", "FAIL", "the plunger moves faster (+) or slower (-) than set", _BY_PCT, _gain, within=_SHRINKS),
    Fault(
        "syringe-diameter",
        "FAIL",
        "the syringe is wider (+) or narrower (-) than the pump was told",
        _BY_PCT,
        _diameter,
        within=_SHRINKS,
    ),
    Fault(
        "rate-drift",
        "FAIL",
        "the plunger gets faster (+) or slower (-) all the time",
        {"by": "%/h", "at": "s"},
        _drift,
        frozenset(_AT),
        {"at": POSITIVE},
    ),
    Fault(
        "slow-start",
        "FAIL",
        "at every start the drive first takes up some play",
        {"volume": "mL"},
        _slow_start,
        within={"volume": POSITIVE},
    ),
    Fault(
        "periodic-error",
        "FAIL",
        "the flow swings by so much with every turn of the screw",
        {"by": "%", "period": "mL"},
        _periodic,
        frozenset({"period"}),
        {"by": POSITIVE, "period": (1e-6, float("inf"))},
    ),
    Fault(
        "intermittent-stall",
        "FAIL",
        "the motor stands again and again, and the pump does not notice",
        {"every": "s", "for": "s", "at": "s"},
        _intermittent,
        frozenset(_AT),
        {"every": (1.0, NEVER_S), "for": POSITIVE, "at": POSITIVE},
    ),
    Fault(
        "motor-stall",
        "FAIL",
        "the motor stands for a while, or for ever, and the pump does not say so",
        AT_AND_FOR,
        _motor_stall,
        frozenset({"for"}),
        _NOT_BELOW_0,
    ),
    Fault("late-rate-change", "FAIL", "while running, a new rate is taken on late", _BY_S, _late_change, within=_NOT_BELOW_0),
    Fault(
        "bolus-length",
        "FAIL",
        "a bolus runs longer (+) or shorter (-) than set, at its rate",
        _BY_PCT,
        _bolus_length,
        within=_SHRINKS,
    ),
    Fault(
        "bolus-duration",
        "FAIL",
        "a bolus takes longer (+) or shorter (-) than set, for its volume",
        _BY_PCT,
        _bolus_pace,
        within=_SHRINKS,
    ),
    Fault("bolus-late", "FAIL", "a bolus begins late", _BY_S, _bolus_late, within=_NOT_BELOW_0),
    Fault("bolus-missed", "FAIL", "a bolus is told and counted, but not given", {}, _bolus_missed),
    Fault("bolus-doubled", "FAIL", "a bolus is given twice", {}, _bolus_doubled),
    Fault(
        "prime-surge",
        "FAIL",
        "of the first volume told a part (half, unless told) comes faster, then all slower for a while",
        {"by": "%", "then": "%", "for": "s", "part": "%"},
        _prime_surge,
        frozenset({"then", "for", "part"}),
        {"by": (0.0, 10_000.0), "then": (-100.0, 0.0), "for": POSITIVE, "part": (1.0, 100.0)},
    ),
    Fault(
        "free-flow",
        "FAIL",
        "while the motor stands, an outlet so much below the pump draws the plunger",
        {"height": "m", "at": "s"},
        _free_flow,
        frozenset(_AT),
        {"height": POSITIVE, "at": POSITIVE},
    ),
    Fault(
        "stop-ignored",
        "FAIL",
        "the motor runs on after every stop, for a while or for ever",
        {"for": "s"},
        _stop_ignored,
        frozenset({"for"}),
        _NOT_BELOW_0,
    ),
    Fault(
        "setting-truncated",
        "FAIL",
        "of the rate in mL/h only so many digits are carried out; the pump reports all",
        {"digits": ""},
        _cut,
        within={"digits": (1, 12)},
    ),
    Fault("alarm-missing", "FAIL", "the empty syringe raises no alarm", {}, _no_alarm),
    Fault("alarm-late", "FAIL", "the empty syringe raises its alarm late", _BY_S, _late_alarm, within=_NOT_BELOW_0),
    Fault(
        "alarm-early",
        "FAIL",
        "the alarm comes with so much still to push",
        {"volume": "mL"},
        _early_alarm,
        within={"volume": POSITIVE},
    ),
    Fault(
        "alarm-computed",
        "FAIL",
        "the pump delivers too much (+) or too little (-) and alarms when it has counted its filling",
        _BY_PCT,
        _counted_alarm,
        within=_SHRINKS,
    ),
    Fault("occlusion-alarm-missing", "FAIL", "an occlusion raises no alarm (needs an occlusion)", {}, _no_occlusion_alarm),
    Fault(
        "occlusion-alarm-late",
        "FAIL",
        "an occlusion raises its alarm late (needs an occlusion)",
        _BY_S,
        _late_occlusion_alarm,
        within=_NOT_BELOW_0,
    ),
    Fault(
        "occlusion-bolus",
        "FAIL",
        "the motor builds up so much more pressure before it stalls (needs an occlusion)",
        _BY_PCT,
        _occlusion_bolus,
        within=_SHRINKS,
    ),
    Fault(
        "reset-silent", "FAIL", "the pump loses its power for a moment and does not tell", _AT, _silent_reset, within=_NOT_BELOW_0
    ),
)
