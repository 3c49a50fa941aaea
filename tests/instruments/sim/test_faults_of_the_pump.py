"""What every fault of a pump does: to the liquid, and to what the pump itself says of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from tests.instruments.sim.faulty import (
    BASAL,
    BOLUS,
    C_ML_PA,
    R_PA_S_ML,
    SHOWN_G_ML,
    STEADY,
    TAU_S,
    TWICE,
    VESSEL_G,
    WATER_G_ML,
    Bench,
    Flows,
    H,
    History,
    arrived_ml,
    lived,
    plain,
    pushed_ml,
    told_flows,
)

FINE: History = [(0, "DIA14.5"), (1, "VOL0"), (2, "RAT12.34MH"), (60, "RUN"), (660, "STP")]
GIVEN_1_ML = {90.0: ("DIS", "II0.500W0.000ML"), 121.0: ("DIS", "SI1.000W0.000ML")}
"""What a pump says that believes it has given 1 mL from 60 to 120 s."""
GIVEN_3_ML = {659.0: ("DIS", "II0.998W0.000ML"), 1259.0: ("DIS", "II2.997W0.000ML"), 1270.0: ("DIS", "PI3.000W0.000ML")}
AS_TOLD: Flows = [(60, 60), (120, 0)]
BASAL_AS_TOLD: Flows = [(60, 6), (660, 12), (1260, 0)]


class Case(NamedTuple):
    fault: str
    history: History
    flows: Flows
    says: Mapping[float, tuple[str, str]]


FLOWS = [
    Case("rate-gain:+3%", BOLUS, [(60, 61.8), (120, 0)], GIVEN_1_ML),
    Case("rate-gain:-10%", BASAL, [(60, 5.4), (660, 10.8), (1260, 0)], GIVEN_3_ML),
    Case("syringe-diameter:+2%", BOLUS, [(60, 62.424), (120, 0)], {**GIVEN_1_ML, 130: ("DIA", "S14.50")}),
    Case("syringe-diameter:-5%", BOLUS, [(60, 54.15), (120, 0)], {**GIVEN_1_ML, 130: ("DIA", "S14.50")}),
    Case("slow-start:50uL", BOLUS, [(63, 60), (120, 0)], GIVEN_1_ML),
    Case("slow-start:0.2mL", TWICE, [(72, 60), (120, 0), (312, 60), (360, 0)], {365: ("DIS", "SI2.000W0.000ML")}),
    Case(
        "intermittent-stall:every=20s,for=4s",
        BOLUS,
        [(64, 60), (80, 0), (84, 60), (100, 0), (104, 60), (120, 0)],
        {90: ("DIS", "II0.500W0.000ML"), 102: ("DIS", "II0.700W0.000ML"), 121: ("DIS", "SI1.000W0.000ML")},
    ),
    Case(
        "intermittent-stall:every=30s,for=10s,at=75s",
        BOLUS,
        [(60, 60), (75, 0), (85, 60), (105, 0), (115, 60), (120, 0)],
        GIVEN_1_ML,
    ),
    Case("motor-stall:at=80s,for=10s", BOLUS, [(60, 60), (80, 0), (90, 60), (120, 0)], {85: ("DIS", "II0.417W0.000ML")}),
    Case("motor-stall:90s", BOLUS, [(60, 60), (90, 0)], {110: ("DIS", "II0.833W0.000ML"), 121: ("DIS", "SI1.000W0.000ML")}),
    Case("late-rate-change:30s", BASAL, [(60, 6), (690, 12), (1260, 0)], {661: ("RAT", "I12.00MH"), **GIVEN_3_ML}),
    Case("late-rate-change:5min", BASAL, [(60, 6), (960, 12), (1260, 0)], {661: ("RAT", "I12.00MH"), **GIVEN_3_ML}),
    Case("late-rate-change:20min", BASAL, [(60, 6), (1260, 0)], GIVEN_3_ML),
    Case("bolus-length:+10%", BOLUS, [(60, 60), (126, 0)], GIVEN_1_ML),
    Case("bolus-length:-20%", BOLUS, [(60, 60), (108, 0)], GIVEN_1_ML),
    Case("bolus-duration:+25%", BOLUS, [(60, 48), (135, 0)], {134: ("RAT", "I60.00MH"), 136: ("DIS", "SI1.000W0.000ML")}),
    Case("bolus-duration:-20%", BOLUS, [(60, 75), (108, 0)], {107: ("RAT", "I60.00MH"), 109: ("DIS", "SI1.000W0.000ML")}),
    Case("bolus-late:10s", BOLUS, [(70, 60), (130, 0)], GIVEN_1_ML),
    Case("bolus-late:90s", BOLUS, [(150, 60), (210, 0)], GIVEN_1_ML),
    Case("bolus-missed", BOLUS, [], GIVEN_1_ML),
    Case("bolus-missed", TWICE, [], {365: ("DIS", "SI2.000W0.000ML")}),
    Case("bolus-doubled", BOLUS, [(60, 60), (180, 0)], GIVEN_1_ML),
    Case("bolus-doubled", TWICE, [(60, 60), (180, 0), (300, 60), (420, 0)], {365: ("DIS", "SI2.000W0.000ML")}),
    Case("stop-ignored:30s", BASAL, [(60, 6), (660, 12), (1290, 0)], GIVEN_3_ML),
    Case("stop-ignored", BASAL, [(60, 6), (660, 12)], GIVEN_3_ML),
    Case("stop-ignored:30s", BOLUS, [(60, 60), (150, 0)], GIVEN_1_ML),
    Case("setting-truncated:1", FINE, [(60, 10), (660, 0)], {70: ("RAT", "I12.34MH"), 661: ("DIS", "PI2.057W0.000ML")}),
    Case("setting-truncated:3", FINE, [(60, 12.3), (660, 0)], {70: ("RAT", "I12.34MH"), 661: ("DIS", "PI2.057W0.000ML")}),
    Case("reset-silent:at=90s", BOLUS, [(60, 60), (90, 0)], {89: ("DIS", "II0.483W0.000ML"), 91: ("DIS", "SI0.000W0.000ML")}),
    Case("reset-silent:at=10min", BASAL, [(60, 6), (600, 0)], {601: ("RAT", "S6.000MH"), 602: ("DIS", "SI0.000W0.000ML")}),
]
OF_THE_BOLUS = ["bolus-length:+10%", "bolus-duration:+25%", "bolus-late:1min", "bolus-missed", "bolus-doubled"]


def ids(cases: list[Case]) -> list[str]:
    return [f"{case.fault} {'bolus' if case.history in (BOLUS, TWICE) else 'infusion'}" for case in cases]


def lived_and_heard(case: Case) -> tuple[Bench, dict[float, str]]:
    """A bench after a history, in which the pump was asked at some moments."""
    asked = sorted([*case.history, *((moment_s, command) for moment_s, (command, _) in case.says.items())])
    bench, heard = Bench(plain(case.fault)), {}
    for moment_s, text in asked:
        heard[moment_s] = bench.at(moment_s).pump(text)
        assert not bench.sim.device("pump").alarming
    return bench.at(1800.0), {moment_s: heard[moment_s] for moment_s in case.says}


@pytest.mark.parametrize("case", FLOWS, ids=ids(FLOWS))
def test_the_liquid_does_this_and_the_pump_says_that(case: Case) -> None:
    bench, heard = lived_and_heard(case)
    assert heard == {moment_s: said for moment_s, (_, said) in case.says.items()}
    assert [event for event in bench.events() if "plunger" in event[1]] == told_flows(case.flows)
    moments_s = np.arange(0.0, 1800.0, 3.7)
    assert bench.history("pushed_ml", moments_s) == pytest.approx(pushed_ml(case.flows, moments_s), abs=1e-12)
    assert bench.truth.delivered_ml(moments_s) == pytest.approx(arrived_ml(case.flows, moments_s), abs=1e-12)
    now_s = np.array([1800.0])
    assert bench.weighed_g() - VESSEL_G == pytest.approx(SHOWN_G_ML * arrived_ml(case.flows, now_s)[0], abs=3e-4)


@pytest.mark.parametrize("fault", OF_THE_BOLUS)
def test_a_fault_of_the_bolus_leaves_an_infusion_alone(fault: str) -> None:
    bench, heard = lived_and_heard(Case(fault, BASAL, [], GIVEN_3_ML))
    assert heard == {moment_s: said for moment_s, (_, said) in GIVEN_3_ML.items()}
    assert bench.events() == told_flows(BASAL_AS_TOLD)


@pytest.mark.parametrize("fault", ["stop-ignored", "late-rate-change:1min"])
def test_a_pump_that_is_late_begins_in_time(fault: str) -> None:
    assert lived(plain(fault), BOLUS, 100.0).events() == told_flows(AS_TOLD[:1])


# --- flows that are not constant ---


@pytest.mark.parametrize(
    ("fault", "from_s", "growth_h"),
    [
        ("rate-drift:+5%/h", 0.0, 0.05),
        ("rate-drift:+30%/h,at=20min", 1200.0, 0.3),
        ("rate-drift:-10%/h", 0.0, -0.1),
        ("rate-drift:-60%/h,at=20min", 1200.0, -0.6),
        ("rate-drift:+20%/h,at=10min", 600.0, 0.2),
    ],
)
def test_a_drifting_flow_grows_evenly_and_one_that_gets_slower_ends_at_nothing(
    fault: str, from_s: float, growth_h: float
) -> None:
    bench = lived(plain(fault), [*STEADY[:2], (2, "RAT3MH"), (60, "RUN")], 2.5 * H)
    moments_s = np.arange(0.0, 2.5 * H, 33.0)
    last_s = from_s - H / growth_h if growth_h < 0 else math.inf
    drifting_s = np.clip(moments_s, max(60.0, from_s), last_s) - from_s
    before_s = np.clip(moments_s, 60.0, max(60.0, from_s)) - 60.0
    begun_s = max(60.0, from_s) - from_s
    expected_ml = 3 / H * (before_s + drifting_s - begun_s + growth_h / H / 2 * (drifting_s**2 - begun_s**2))
    assert bench.history("pushed_ml", moments_s) == pytest.approx(expected_ml, abs=1e-9)
    assert bench.pump("DIS") == "II7.450W0.000ML"


@pytest.mark.parametrize(
    ("fault", "share", "turn_ml"), [("periodic-error:2%", 0.02, 0.175), ("periodic-error:by=10%,period=0.05mL", 0.1, 0.05)]
)
def test_a_periodic_error_comes_back_with_every_turn_of_the_screw(fault: str, share: float, turn_ml: float) -> None:
    bench = lived(plain(fault), [*STEADY[:2], (2, "RAT6MH"), (60, "RUN")], 1000.0)
    pushed = bench.history("pushed_ml", 60.0 + np.arange(0, 5001) * turn_ml / 1000 / 6 * H)
    even_ml = np.arange(0, 5001) * turn_ml / 1000
    off_ml = pushed - even_ml
    assert off_ml[::1000] == pytest.approx(0.0, abs=1e-12)
    assert off_ml[1000:] == pytest.approx(off_ml[:-1000], abs=1e-12)
    assert float(np.ptp(off_ml)) == pytest.approx(share * turn_ml / np.pi, rel=1e-4)
    assert float(np.diff(pushed).max()) == pytest.approx((1 + share) * turn_ml / 1000, rel=1e-5)
    assert bench.pump("DIS") == "II1.567W0.000ML"


@pytest.mark.parametrize(
    ("fault", "height_m", "from_s"),
    [
        ("free-flow:height=0.2m,at=30s", 0.2, 30.0),
        ("free-flow:height=0.5m,at=90s", 0.5, 120.0),
        ("free-flow:height=0.5m", 0.5, 0.0),
    ],
)
def test_what_stands_is_drawn_by_the_siphon(fault: str, height_m: float, from_s: float) -> None:
    drawn_ml_h = WATER_G_ML * 1000 * 9.80665 * height_m / R_PA_S_ML * H
    before: Flows = [(from_s, drawn_ml_h), (60, 60)] if from_s < 60 else [(60, 60)]
    bench = lived(plain(fault), BOLUS, 130.0)
    assert bench.pump("DIS") == "SI1.000W0.000ML"
    moments_s = np.arange(0.0, 300.0, 0.7)
    flows = [*before, (120, drawn_ml_h)]
    assert bench.at(300.0).history("pushed_ml", moments_s) == pytest.approx(pushed_ml(flows, moments_s), rel=1e-5, abs=1e-9)
    grew_g = bench.weighed_g() - VESSEL_G
    assert grew_g == pytest.approx(SHOWN_G_ML * arrived_ml(flows, np.array([300.0]))[0], abs=2e-4)


def test_free_flow_ends_where_the_syringe_does() -> None:
    bench = lived(plain("free-flow:height=1m,at=30s", filled="2 mL"), BOLUS, 900.0)
    assert bench.pump("DIS") == "SI1.000W0.000ML"
    assert bench.truth.delivered_ml(np.array([900.0]))[0] == pytest.approx(2.0, abs=1e-9)


# --- alarms of the empty syringe and of the motor, on every pump ---


@dataclass(frozen=True)
class Dialect:
    """How a pump is told to run at 60 mL/h until it is stopped, what it is asked, and what its answers look like."""

    settings: tuple[str, ...]
    run: str
    look: str
    runs: str
    alarms: str
    stands: str
    end: bytes = b"\r"

    def state(self, bench: Bench) -> str:
        """What the pump's answer says that it is doing."""
        answer = bench.ask("pump", self.look.encode() + self.end).decode()
        found = [state for state in ("runs", "alarms", "stands") if re.fullmatch(getattr(self, state), answer)]
        assert len(found) == 1, f"{answer!r} is not one of the answers known"
        return found[0]


PUMPS = {
    "new-era": Dialect(("DIA14.5", "VOL0", "RAT60MH"), "RUN", "DIS", "\x0200I.*ML\x03", "\x0200A\\?S\x03", "\x0200S.*ML\x03"),
    "harvard-ultra": Dialect(("diameter 14.5", "irate 60 ml/h"), "irun", "ivolume", r"\n.*l\r\n>", r"\n.*l\r\n\*", r"\n.*l\r\n:"),
    "harvard-44": Dialect(("DIA 14.5", "RAT 60 MH"), "RUN", "DEL", r"\n .*ml\r\n0>", r"\n .*ml\r\n0\*", r"\n .*ml\r\n0:"),
    "chemyx-fusion": Dialect(
        ("set units 1", "set diameter 14.5", "set rate 60", "set volume 16.55"),
        "start",
        "status",
        "status\r1\r\n>",
        "status\r4\r\n>",
        "status\r0\r\n>",
    ),
    "scpi-pump": Dialect(
        ("RES:LOW 0", "INF:RATE 60"),
        "INIT",
        "INF:STAT?;:STAT:QUES:COND?",
        "CONS;0\n",
        "CONS;2\n",
        "OFF;0\n",
        end=b"\n",
    ),
}
NEVER_S = math.inf
LATEST_S, ANSWER_S = 900.0, 0.4
EMPTY = [
    ("", 92.0, 90.0),
    ("alarm-missing", NEVER_S, 90.0),
    ("alarm-late:by=20s", 112.0, 90.0),
    ("alarm-late:by=5min", 392.0, 90.0),
    ("alarm-early:50uL", 89.0, 87.0),
    ("alarm-early:volume=0.2mL", 80.0, 78.0),
    ("alarm-computed:+10%", 92.0, 60 + 30 / 1.1),
    ("alarm-computed:-10%", 92.0, 92.0),
    ("alarm-computed:+50%", 92.0, 80.0),
]
"""With 0.5 mL to push at 60 mL/h from 60 s on: when the alarm comes, and when the plunger comes to stand."""
OCCLUDED_S = 120.0
STEADY_PA = 60 / H * R_PA_S_ML * -math.expm1(-(OCCLUDED_S - 60) / TAU_S)


def stalls_s(kpa: float = 50.0) -> float:
    """When the pressure behind the occlusion is what the motor cannot exceed."""
    return OCCLUDED_S + (kpa * 1000 - STEADY_PA) * C_ML_PA / (60 / H)


OCCLUSION = [
    ([], stalls_s() + 2.0, stalls_s()),
    (["occlusion-alarm-missing"], NEVER_S, stalls_s()),
    (["occlusion-alarm-late:10s"], stalls_s() + 12.0, stalls_s()),
    (["occlusion-alarm-late:by=3min"], stalls_s() + 182.0, stalls_s()),
    (["occlusion-bolus:+100%"], stalls_s(100.0) + 2.0, stalls_s(100.0)),
    (["occlusion-bolus:-50%"], stalls_s(25.0) + 2.0, stalls_s(25.0)),
]
CANNOT = {
    ("scpi-pump", "alarm-early:50uL"): "computes its reservoir from what it has counted, and feels no end of travel",
    ("scpi-pump", "alarm-early:volume=0.2mL"): "the same",
    ("scpi-pump", "alarm-computed:-10%"): "does not stop at its alarm",
    **{("scpi-pump", " ".join(faults)): "feels no pressure: an occlusion alarms nobody" for faults, _, _ in OCCLUSION if faults},
    ("scpi-pump", "occlusion"): "the same",
}
"""What a family cannot show, and why; what it shows instead stands in tests of its own below."""
EMPTY_SHOWN = [(family, *row) for family in PUMPS for row in EMPTY if (family, row[0]) not in CANNOT]
OCCLUSION_SHOWN = [
    (family, *row) for family in PUMPS for row in OCCLUSION if (family, " ".join(row[0]) or "occlusion") not in CANNOT
]


def started(family: str, *faults: str, filled: str = "10 mL") -> Bench:
    """A pump that runs at 60 mL/h since 60 s."""
    dialect, bench = PUMPS[family], Bench(plain(*faults, pump=family, filled=filled))
    for text in dialect.settings:
        bench.ask("pump", text.encode() + dialect.end)
    bench.at(60.0).ask("pump", dialect.run.encode() + dialect.end)
    return bench


def assert_alarms_at(bench: Bench, family: str, alarm_s: float) -> None:
    """Asked just before, the pump says that it runs; asked at that moment it gives alarm."""
    dialect, pump = PUMPS[family], bench.sim.device("pump")
    assert (dialect.state(bench.at(min(alarm_s, LATEST_S) - ANSWER_S)), pump.alarming) == ("runs", False)
    if alarm_s < NEVER_S:
        bench.at(alarm_s + 1e-3)
        assert (pump.alarming, dialect.state(bench)) == (True, "alarms")


@pytest.mark.parametrize(("family", "fault", "alarm_s", "stands_s"), EMPTY_SHOWN)
def test_the_alarm_of_the_empty_syringe(family: str, fault: str, alarm_s: float, stands_s: float) -> None:
    bench = started(family, *filter(None, [fault]), filled="0.5 mL")
    assert_alarms_at(bench, family, alarm_s)
    (begun, *_, stood) = [event for event in bench.events() if "plunger" in event[1]]
    assert begun[0] == 60.0
    assert stood == (pytest.approx(stands_s, abs=1e-6), "plunger at 0 mL/h")


def test_a_pump_that_alarms_early_was_not_empty() -> None:
    assert "empty" not in [what for _, what in started("new-era", "alarm-early:0.2mL", filled="0.5 mL").at(100.0).events()]


@pytest.mark.parametrize(("family", "faults", "alarm_s", "stands_s"), OCCLUSION_SHOWN)
def test_the_alarm_of_an_occlusion(family: str, faults: list[str], alarm_s: float, stands_s: float) -> None:
    bench = started(family, f"occlusion:at={OCCLUDED_S}s", *faults)
    assert_alarms_at(bench, family, alarm_s)
    assert bench.events()[1:3] == [
        (OCCLUDED_S, "the line is occluded"),
        (pytest.approx(stands_s, abs=1e-6), "stalled by pressure"),
    ]


@pytest.mark.parametrize("percent", [0, 50, 100])
def test_what_an_occlusion_lets_go_is_what_the_motor_had_built_up(percent: int) -> None:
    stall_ml = 50e3 * (1 + percent / 100) * C_ML_PA
    bench = started("new-era", "occlusion:at=120s,for=10min", f"occlusion-bolus:+{percent}%").at(800.0)
    before_ml, after_ml = bench.truth.delivered_ml(np.array([719.9, 720.0 + TAU_S]))
    assert before_ml == pytest.approx(arrived_ml([(60, 60)], np.array([120.0]))[0], abs=1e-12)
    assert after_ml - before_ml == pytest.approx(stall_ml * -math.expm1(-1), abs=1e-9)
    assert bench.weighed_g() - VESSEL_G == pytest.approx(SHOWN_G_ML * (before_ml + stall_ml), abs=3e-4)
    assert bench.history("pressure_pa", np.array([719.9]))[0] == pytest.approx(50e3 * (1 + percent / 100), rel=1e-9)


def test_a_pump_without_occlusion_alarm_goes_on_when_the_line_is_free() -> None:
    """It pushes again as soon as the pressure has fallen to nine tenths of what stalls it."""
    bench = started("new-era", "occlusion:at=120s,for=3min", "occlusion-alarm-missing").at(600.0)
    again_s = 300.0 + TAU_S * math.log(1 / 0.9)
    assert bench.events()[-1] == (pytest.approx(again_s, abs=1e-6), "plunger at 60 mL/h")
    assert bench.pump("DIS") == "II9.000W0.000ML"


@pytest.mark.parametrize(("fault", "gone_ml"), [("alarm-computed:+10%", 0.5), ("alarm-computed:-10%", 0.48)])
def test_a_pump_that_alarms_by_its_count_has_then_given_another_volume(fault: str, gone_ml: float) -> None:
    bench = started("new-era", fault, filled="0.5 mL").at(120.0)
    assert bench.pump("DIS") == "A?S"
    assert bench.pump("DIS") == "SI0.533W0.000ML"
    assert bench.history("pushed_ml", np.array([120.0]))[0] == pytest.approx(gone_ml, abs=1e-12)


# --- what the implantable-style pump makes of them ---


@pytest.mark.parametrize("fault", ["alarm-early:50uL", "alarm-early:volume=0.2mL"])
def test_a_reservoir_that_is_computed_gives_no_early_alarm(fault: str) -> None:
    assert_alarms_at(started("scpi-pump", fault, filled="0.5 mL"), "scpi-pump", 92.0)


@pytest.mark.parametrize(("fault", "empty_s"), [("alarm-computed:+25%", 84.0), ("alarm-computed:-20%", 97.5)])
def test_a_reservoir_that_is_computed_is_low_by_what_was_programmed(fault: str, empty_s: float) -> None:
    """Low is told at 0.1 mL by its count, at 84 s: with a quarter too much the reservoir is empty by then."""
    bench = started("scpi-pump", fault, filled="0.5 mL")
    bench.ask("pump", b"RES:LOW 0.1\n")
    assert bench.at(85.9).ask("pump", b"STAT:QUES:COND?\n") == b"0\n"
    assert bench.at(86.3).ask("pump", b"STAT:QUES:COND?\n") == b"1\n"
    assert bench.at(200.0).events()[-1] == (pytest.approx(empty_s, abs=1e-6), "plunger at 0 mL/h")


@pytest.mark.parametrize(("fault", "low_s"), [("alarm-late:by=30s", 116.0), ("alarm-missing", NEVER_S)])
def test_the_low_alarm_of_a_computed_reservoir_comes_late_or_never(fault: str, low_s: float) -> None:
    bench = started("scpi-pump", fault, filled="0.5 mL")
    bench.ask("pump", b"RES:LOW 0.1\n")
    assert bench.at(min(low_s, LATEST_S) - ANSWER_S).ask("pump", b"STAT:QUES:COND?\n") == b"0\n"
    assert bench.at(LATEST_S).ask("pump", b"STAT:QUES:COND?\n") == (b"3\n" if low_s < NEVER_S else b"0\n")


@pytest.mark.parametrize("faults", [faults for faults, _, _ in OCCLUSION], ids=" ".join)
def test_an_implantable_style_pump_stalls_at_an_occlusion_and_says_nothing(faults: list[str]) -> None:
    bench = started("scpi-pump", f"occlusion:at={OCCLUDED_S}s", *faults)
    assert PUMPS["scpi-pump"].state(bench.at(LATEST_S / 2)) == "runs"
    assert "stalled by pressure" in [what for _, what in bench.events()]


# --- the power ---


@pytest.mark.parametrize("family", PUMPS)
@pytest.mark.parametrize("at_s", [70.0, 400.0])
def test_after_a_silent_reset_the_pump_stands_and_gives_no_alarm(family: str, at_s: float) -> None:
    bench = started(family, f"reset-silent:at={at_s}s")
    assert PUMPS[family].state(bench.at(at_s - ANSWER_S)) == "runs"
    assert (PUMPS[family].state(bench.at(at_s + 1e-3)), bench.sim.device("pump").alarming) == ("stands", False)
    assert bench.events() == [
        (60.0, "plunger at 60 mL/h"),
        (at_s, "the pump loses its power for a moment"),
        (at_s, "plunger at 0 mL/h"),
    ]


@pytest.mark.parametrize("family", PUMPS)
def test_a_pump_that_stands_comes_out_of_a_silent_reset_as_it_was(family: str) -> None:
    bench = Bench(plain("reset-silent:at=30s", pump=family)).at(40.0)
    assert PUMPS[family].state(bench) == "stands"
    assert bench.events() == [(30.0, "the pump loses its power for a moment")]
