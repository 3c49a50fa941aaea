"""The registry of faults: that all of them are there, how they are written, and what several do together."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from instruments.errors import ConfigError
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.faults import FAULTS, parse_fault, with_faults
from instruments.sim.setup import read_setup
from instruments.stamped import Stamped
from instruments.units import to_unit
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

OF_THE_PUMP = {
    "rate gain": "rate-gain",
    "wrong syringe diameter": "syringe-diameter",
    "rate drift": "rate-drift",
    "slow start": "slow-start",
    "large periodic error": "periodic-error",
    "intermittent stall": "intermittent-stall",
    "late rate change": "late-rate-change",
    "bolus short": "bolus-length",
    "bolus long": "bolus-length",
    "bolus too fast": "bolus-duration",
    "bolus late": "bolus-late",
    "bolus missed": "bolus-missed",
    "bolus doubled": "bolus-doubled",
    "free flow when stopped": "free-flow",
    "stop ignored": "stop-ignored",
    "leak": "leak",
    "occlusion": "occlusion",
    "occlusion not alarmed": "occlusion-alarm-missing",
    "occlusion alarmed late": "occlusion-alarm-late",
    "post-occlusion bolus too large": "occlusion-bolus",
    "reservoir alarm missing": "alarm-missing",
    "reservoir alarm late": "alarm-late",
    "reservoir alarm early (nuisance)": "alarm-early",
    "low-reservoir alarm by programmed volume on an over-infusing pump": "alarm-computed",
    "surge while priming, too little afterwards": "prime-surge",
    "low-reservoir alarm missing": "low-alarm-missing",
    "filled beside the reservoir": "pocket-fill",
    "step of a schedule late": "schedule-late",
    "battery: replacement not announced": "eri-missing",
    "battery: end of service not announced": "eos-missing",
    "interrupted delivery not told after power loss": "power-alarm-missing",
    "reset not reported after power loss": "reset-silent",
    "motor stall not reported": "motor-stall",
    "setting truncated silently": "setting-truncated",
}
OF_THE_BENCH = {
    "drift": "drift",
    "evaporation not corrected": "evaporation",
    "vibration": "vibration",
    "knock": "knock",
    "draught": "draught",
    "tubing touching": "tubing-touches",
    "drips at low flow": "drips",
    "overload": "overload",
    "reading stuck": "balance-stuck",
    "unit changed": "unit-changed",
    "serial garbage": "serial-garbage",
    "lost lines": "lost-lines",
    "unplugged": "balance-unplug",
    "another instrument at the address": "other-instrument",
    "calibration overdue": "calibration-overdue",
    "temperature out of range": "temperature",
    "host clock stepped": "clock-step",
    "disk full": "disk-full",
}
"""What a bench has to have met before its verdicts can be trusted, and how it is called here."""


# --- what there is ---


def test_every_fault_that_a_pump_or_a_bench_can_have_is_there() -> None:
    deserve = dict.fromkeys(OF_THE_PUMP.values(), "FAIL") | dict.fromkeys(OF_THE_BENCH.values(), "INVALID")
    assert {name: fault.deserves for name, fault in FAULTS.items()} == deserve


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_what_it_is(name: str) -> None:
    fault = FAULTS[name]
    assert fault.name == name
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert len(fault.does.split()) >= 4
    assert set(fault.optional) | set(fault.within) <= {*fault.units, "at", "for", "every", "by"}
    assert fault.optional <= set(fault.units)
    for key, unit in fault.units.items():
        assert to_unit(f"1 {unit}", unit) == 1 if unit else key in ("bytes", "digits")


# --- how it is written ---

READ = [
    ("rate-gain:+3%", "rate-gain", {"by": 3.0}),
    ("rate-gain:by=-3 %", "rate-gain", {"by": -3.0}),
    (" rate-gain : 0.03e2 % ", "rate-gain", {"by": 3.0}),
    ("occlusion:at=40min,part=100%", "occlusion", {"at": 2400.0, "part": 100.0}),
    ("occlusion:40min", "occlusion", {"at": 2400.0}),
    ("occlusion:part=100%, at=40min", "occlusion", {"at": 2400.0, "part": 100.0}),
    ("intermittent-stall:1min,for=5s", "intermittent-stall", {"every": 60.0, "for": 5.0}),
    ("slow-start:50uL", "slow-start", {"volume": 0.05}),
    ("drift:0.5mg/min", "drift", {"by": 0.03}),
    ("temperature:-5K", "temperature", {"by": -5.0}),
    ("setting-truncated:3", "setting-truncated", {"digits": 3.0}),
    ("serial-garbage:at=1h,bytes=7", "serial-garbage", {"at": 3600.0, "bytes": 7.0}),
    ("free-flow:height=50cm", "free-flow", {"height": 0.5}),
    ("stop-ignored", "stop-ignored", {}),
    ("stop-ignored:", "stop-ignored", {}),
    ("bolus-missed", "bolus-missed", {}),
]


@pytest.mark.parametrize(("spec", "name", "values"), READ)
def test_a_fault_is_read(spec: str, name: str, values: dict[str, float]) -> None:
    fault, found = parse_fault(spec)
    assert (fault.name, found) == (name, pytest.approx(values))


REFUSED = [
    ("rate-gian:+3%", "fault 'rate-gian' is not known; there are: rate-gain, syringe-diameter, .*, disk-full$"),
    ("", "fault '' is not known"),
    ("Rate-Gain:+3%", "fault 'Rate-Gain' is not known"),
    ("rate-gain", r"fault 'rate-gain': rate-gain takes by \(in %\)$"),
    ("intermittent-stall:every=20s", r"intermittent-stall takes every \(in s\), for \(in s\), at \(in s if wanted\)$"),
    ("rate-gain:gain=3%", r"rate-gain takes by \(in %\)$"),
    ("occlusion:at=1min,depth=3mm", r"occlusion takes at \(in s\), part \(in % if wanted\), for .*, place \(in % if wanted\)$"),
    ("rate-gain:3%,4%", r"rate-gain takes by \(in %\)$"),
    ("rate-gain:by=3%,by=3%", r"rate-gain takes by \(in %\)$"),
    ("bolus-missed:3%", "bolus-missed takes no value$"),
    ("bolus-missed:by=3%", "bolus-missed takes no value$"),
    ("serial-garbage:at=1s,bytes=", "bytes: '' is not a whole number"),
    ("setting-truncated:2.5", r"fault 'setting-truncated:2\.5': digits: '2\.5' is not a whole number"),
    ("setting-truncated:2 %", "digits: '2 %' is not a whole number"),
    ("setting-truncated:13", "digits: 13 is not between 1 and 12$"),
    ("rate-gain:3", r"fault 'rate-gain:3': by: '3' is not a number with a unit; write it like '1\.5 %'"),
    ("rate-gain:lots", r"by: 'lots' is not a number with a unit; write it like '1\.5 %'"),
    ("rate-gain:3mL", "by: '3mL' is not a quantity in % or a unit of that kind"),
    ("occlusion:at=40", r"at: '40' is not a number with a unit; write it like '1\.5 s'"),
    ("occlusion:at=40mL", "at: '40mL' is not a quantity in s or a unit of that kind"),
    ("rate-gain:-100%", "by: -100% is not between -99 and 1000 %$"),
    ("rate-gain:+1e9%", r"by: \+1e9% is not between -99 and 1000 %$"),
    ("leak:100%", "part: 100% is not between 0 and 99 %$"),
    ("occlusion:at=-1s", "at: -1s is not between 0 and inf s$"),
    ("occlusion:at=1s,part=101%", "part: 101% is not between 0 and 100 %$"),
    ("intermittent-stall:every=0s,for=1s", "every: 0s is not between 1 and inf s$"),
    ("serial-garbage:at=1s,bytes=0", "bytes: 0 is not between 1 and 100000$"),
    ("drift:by=1g/h,at=-1s", "at: -1s is not between 0 and inf s$"),
    ("evaporation:-5mg/h", "by: -5mg/h is not between 0 and inf mg/h$"),
    ("vibration:-1mg", "size: -1mg is not between 0 and inf g$"),
    ("draught:-1mg", "size: -1mg is not between 0 and inf g$"),
    ("rate-drift:by=1%/h,at=-1s", "at: -1s is not between 0 and inf s$"),
    ("temperature:-300K", "by: -300K is not between -20 and 70 K$"),
    ("temperature:5degC", "by: 5degC is not between -20 and 70 K$"),
]


@pytest.mark.parametrize(("spec", "says"), REFUSED)
def test_what_is_not_a_fault_is_refused_with_what_would_be_accepted(spec: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        with_faults(read_setup({}), [spec])


ONLY_IMPLANTS = [
    "pocket-fill:1mL",
    "schedule-late:5min",
    "low-alarm-missing",
    "eri-missing",
    "eos-missing",
    "power-alarm-missing",
]


@pytest.mark.parametrize("spec", ONLY_IMPLANTS)
@pytest.mark.parametrize(("tables", "found"), [({"pump": {"driver": "new-era"}}, "'new-era'"), ({}, "none")])
def test_a_fault_of_what_the_pump_does_not_have_is_refused(spec: str, tables: dict[str, Any], found: str) -> None:
    name = spec.partition(":")[0]
    with pytest.raises(
        ConfigError, match=f"fault '{name}': only a pump with driver 'scpi-pump' can have it; this bench has {found}"
    ):
        with_faults(read_setup(tables), [spec])
    with_faults(read_setup({"pump": {"driver": "scpi-pump"}}), [spec])


def test_only_these_faults_need_a_pump_of_their_own() -> None:
    assert {fault.name for fault in FAULTS.values() if fault.pumps} == {spec.partition(":")[0] for spec in ONLY_IMPLANTS}


@pytest.mark.parametrize("spec", [3, None, ["rate-gain:+3%"], {"rate-gain": "+3%"}])
def test_a_fault_is_text(spec: object) -> None:
    with pytest.raises(ConfigError, match="write it as text, like 'rate-gain:\\+6%'"):
        parse_fault(spec)  # type: ignore[arg-type]


BOUNDED = {
    (name, key): bound
    for name, fault in FAULTS.items()
    for key in fault.units
    for bound in fault.within.get(key, ())
    if math.isfinite(bound)
}


@pytest.mark.parametrize(("name", "key"), BOUNDED)
def test_a_bound_itself_is_accepted(name: str, key: str) -> None:
    fault = FAULTS[name]
    least, most = fault.within[key]
    needed = {other: f"{other}=1{unit}" for other, unit in fault.units.items() if other not in fault.optional and other != key}
    for value in (bound for bound in (least, most) if math.isfinite(bound)):
        number = f"{value:.0f}" if not fault.units[key] else f"{value!r}{fault.units[key]}"
        _, found = parse_fault(f"{name}:{','.join([*needed.values(), f'{key}={number}'])}")
        assert found[key] == pytest.approx(value)


def test_faults_of_the_bench_file_are_those_of_with_faults() -> None:
    faults = ["rate-gain:+3%", "leak:part=10%", "drift:by=1g/h", "stop-ignored:for=5s", "other-instrument"]
    bench_file = plain(*faults)
    built = build_bench("from-the-file", bench_file)
    tables = {role: bench_file[role] for role in ("pump", "balance")}
    made = SimulatedBench(with_faults(read_setup(bench_file), faults), tables, faults)
    assert built.setup == made.setup != read_setup(bench_file)
    assert built.faults == made.faults == tuple(faults)
    assert built.device("balance").data.serial == made.device("balance").data.serial == "SIM9999999"  # type: ignore[attr-defined]


def test_a_bench_file_with_a_wrong_fault_is_refused() -> None:
    with pytest.raises(ConfigError, match="fault 'rate-gian' is not known"):
        build_bench("wrong", plain("rate-gain:+3%", "rate-gian:+3%"))


# --- several at once: the pump ---

DRAWN_ML_H = WATER_G_ML * 1000 * 9.80665 * 0.2 / R_PA_S_ML * H
TOGETHER: list[tuple[list[str], History, Flows]] = [
    (["rate-gain:+3%", "rate-gain:+10%"], BOLUS, [(60, 60 * 1.03 * 1.1), (120, 0)]),
    (["rate-gain:-3%", "syringe-diameter:+2%"], BOLUS, [(60, 60 * 0.97 * 1.02**2), (120, 0)]),
    (["syringe-diameter:+2%", "syringe-diameter:+3%"], BOLUS, [(60, 60 * 1.05**2), (120, 0)]),
    (["bolus-late:10s", "bolus-length:+10%", "rate-gain:+5%"], BOLUS, [(70, 63), (136, 0)]),
    (["bolus-doubled", "bolus-length:-50%"], BOLUS, [(60, 60), (120, 0)]),
    (["bolus-doubled", "bolus-late:5s"], TWICE, [(65, 60), (185, 0), (305, 60), (425, 0)]),
    (["bolus-missed", "bolus-doubled"], BOLUS, [(60, 60), (180, 0)]),
    (["bolus-missed", "bolus-late:10s"], BOLUS, []),
    (["bolus-duration:+25%", "bolus-length:+10%"], BOLUS, [(60, 48), (142.5, 0)]),
    (["bolus-duration:-20%", "stop-ignored:for=10s"], BOLUS, [(60, 75), (118, 0)]),
    (["late-rate-change:30s", "stop-ignored:for=30s"], BASAL, [(60, 6), (690, 12), (1290, 0)]),
    (["late-rate-change:30s", "setting-truncated:1"], BASAL, [(60, 6), (690, 10), (1260, 0)]),
    (
        ["motor-stall:at=70s,for=10s", "motor-stall:at=100s,for=5s"],
        BOLUS,
        [(60, 60), (70, 0), (80, 60), (100, 0), (105, 60), (120, 0)],
    ),
    (["motor-stall:at=70s,for=20s", "motor-stall:at=80s,for=30s"], BOLUS, [(60, 60), (70, 0), (110, 60), (120, 0)]),
    (
        ["intermittent-stall:every=30s,for=5s", "motor-stall:at=95s,for=10s"],
        BOLUS,
        [(65, 60), (90, 0), (105, 60), (120, 0)],
    ),
    (["motor-stall:at=80s,for=10s", "slow-start:50uL"], BOLUS, [(63, 60), (80, 0), (93, 60), (120, 0)]),
    (["slow-start:50uL", "rate-gain:+20%"], BOLUS, [(62.5, 72), (120, 0)]),
    (["free-flow:height=0.2m,at=100s", "bolus-missed"], BOLUS, [(100, DRAWN_ML_H)]),
    (["reset-silent:at=90s", "stop-ignored:for=5s"], BOLUS, [(60, 60), (95, 0)]),
]


@pytest.mark.parametrize(("faults", "history", "flows"), TOGETHER, ids=[" ".join(faults) for faults, _, _ in TOGETHER])
def test_faults_of_the_pump_do_together_what_each_does(faults: list[str], history: History, flows: Flows) -> None:
    bench = lived(plain(*faults), history, 1500.0)
    moments_s = np.arange(0.0, 600.0, 1.3)
    assert bench.history("pushed_ml", moments_s) == pytest.approx(pushed_ml(flows, moments_s), rel=1e-5, abs=1e-9)
    assert len([what for _, what in bench.events() if "plunger" in what]) == len(told_flows(flows))


@pytest.mark.parametrize(
    ("faults", "gain", "leak"),
    [
        (["rate-gain:+3%", "leak:10%"], 1.03, 0.1),
        (["leak:10%", "rate-gain:-5%", "syringe-diameter:+1%"], 0.95 * 1.01**2, 0.1),
        (["leak:10%", "leak:30%"], 1.0, 0.3),
    ],
)
def test_a_leak_takes_its_part_of_what_is_really_pushed(faults: list[str], gain: float, leak: float) -> None:
    moments_s = np.arange(0.0, 400.0, 1.7)
    arrived = gain * (1 - leak) * arrived_ml([(60, 60), (120, 0)], moments_s, TAU_S * (1 - leak))
    bench = lived(plain(*faults), BOLUS, 400.0)
    assert bench.truth.delivered_ml(moments_s) == pytest.approx(arrived, abs=1e-12)
    assert bench.weighed_g() - VESSEL_G == pytest.approx(SHOWN_G_ML * arrived[-1], abs=1.5e-4)


def test_of_two_leaks_that_begin_at_their_moments_each_goes_on_until_the_next() -> None:
    bench = lived(plain("leak:part=20%,at=5min", "leak:part=50%,at=8min"), STEADY, 660.0)
    leaked = bench.history("leaked_ml", np.array([300.0, 400.0, 460.0, 600.0, 660.0]))
    rates_ml_h = np.diff(leaked)[[1, 3]] / 60 * H
    assert leaked[0] == 0
    assert rates_ml_h == pytest.approx([12.0, 30.0], rel=1e-6)


def test_an_occlusion_that_is_alarmed_late_of_a_motor_that_is_too_strong() -> None:
    """A leak beside it would never let it come to that; see the next test."""
    faults = ["occlusion:at=120s,for=10min", "occlusion-alarm-late:1min", "occlusion-bolus:+50%", "rate-gain:+20%"]
    bench = lived(plain(*faults), STEADY, 120.0)
    before_pa = 72 / H * R_PA_S_ML * -math.expm1(-60 / TAU_S)
    stalls_s = 120.0 + (75e3 - before_pa) * C_ML_PA / (72 / H)
    assert bench.at(stalls_s + 61.5).pump("") == "I"
    assert bench.at(stalls_s + 62.1).pump("") == "A?S"
    bench.at(900.0)
    assert bench.events()[2:4] == [
        (pytest.approx(stalls_s, abs=1e-5), "stalled by pressure"),
        (pytest.approx(stalls_s, abs=1e-5), "plunger at 0 mL/h"),
    ]
    delivered = bench.truth.delivered_ml(np.array([719.0, 900.0]))
    assert float(np.diff(delivered)[0]) == pytest.approx(75e3 * C_ML_PA, abs=1e-9)


def test_a_leak_beside_an_occlusion_takes_all_and_keeps_the_pressure_down() -> None:
    bench = lived(plain("leak:part=25%", "occlusion:at=5min"), STEADY, 600.0)
    assert bench.pump("") == "I"
    leak_resistance = R_PA_S_ML * 0.75 / 0.25
    assert bench.history("pressure_pa", np.array([600.0]))[0] == pytest.approx(60 / H * leak_resistance, rel=1e-6)
    delivered = bench.truth.delivered_ml(np.array([300.0, 600.0]))
    assert delivered[0] == delivered[1] > 0


def test_two_occlusions_follow_one_another() -> None:
    faults = ["occlusion:at=200s,for=20s", "occlusion:at=300s,for=10s,part=50%"]
    bench = lived(plain(*faults, drive={"stall": "500 kPa"}), STEADY, 500.0)
    assert [at_s for at_s, what in bench.events() if "line" in what] == [200.0, 220.0, 300.0, 310.0]
    assert bench.truth.delivered_ml(np.array([500.0])) == pytest.approx(arrived_ml([(60, 60)], np.array([500.0])), abs=1e-6)


# --- several at once: the balance ---


def noise_mg(*faults: str, history: History = (), **tables: Any) -> np.ndarray:
    """What the balance says beside the vessel, in mg, from 1 s to 200 s."""
    bench = lived(plain(*faults, **tables), history)
    seen = bench.listen().told_until(200.0).between(1.0, 200.0)
    return (seen.mass_g - VESSEL_G) * 1000


FORCES = [
    ["knock:at=60.05s,swing=300mg,shift=3mg", "vibration:size=2mg"],
    ["knock:at=60.05s,swing=300mg,shift=3mg", "knock:at=60.55s,swing=100mg,shift=-1mg"],
    ["drift:by=1g/h", "drift:by=-3g/h,at=1min"],
    ["vibration:size=2mg", "draught:size=5mg"],
    ["tubing-touches:at=20s,force=50mg", "knock:at=60.05s,swing=300mg", "draught:size=5mg,at=30s,for=1min"],
    ["evaporation:by=2g/h", "drift:by=2g/h", "vibration:size=2mg,at=50s,for=20s"],
    ["tubing-touches:at=20s,force=50mg,for=30s", "tubing-touches:at=40s,force=20mg"],
]


@pytest.mark.parametrize("faults", FORCES, ids=" + ".join)
def test_what_disturbs_the_balance_adds_up(faults: list[str]) -> None:
    """Each keeps its own course, by chance or not, whatever else there is; lines have a tenth of a milligram."""
    alone = sum(noise_mg(fault) for fault in faults)
    assert noise_mg(*faults) == pytest.approx(alone, abs=0.05 * (len(faults) + 1) + 0.01)
    assert all(np.abs(noise_mg(fault)).max() > 1 for fault in faults)


def test_of_two_evaporations_and_of_two_that_stick_the_later_counts() -> None:
    assert noise_mg("evaporation:by=2g/h", "evaporation:by=1g/h") == pytest.approx(noise_mg("evaporation:by=1g/h"))
    stuck = noise_mg("drift:by=1g/h", "balance-stuck:at=20s", "balance-stuck:at=1min")
    assert stuck == pytest.approx(noise_mg("drift:by=1g/h", "balance-stuck:at=1min"))


def test_drips_fall_from_a_needle_while_the_vessel_dries() -> None:
    with_needle = plain("drips", "evaporation:by=300mg/h") | {"needle": {"outer_diameter": "0.82 mm"}}
    bench = lived(with_needle, [*STEADY[:2], (2, "RAT6MH"), (3, "RUN")])
    seen = bench.listen().told_until(200.0)
    drop_g = math.pi * 0.82 * 72.7 * 0.65 / 9.80665 / 1000
    came_ml = bench.truth.delivered_ml(np.maximum(0.0, seen.sampled_s))
    there_g = np.floor(came_ml * WATER_G_ML / drop_g) * drop_g - 0.3 / H * seen.sampled_s
    off_g = seen.mass_g - VESSEL_G - there_g * SHOWN_G_ML / WATER_G_ML
    assert (np.abs(off_g) < 1.5e-4).mean() > 0.99
    assert np.floor(came_ml[-1] * WATER_G_ML / drop_g) > 20


def test_over_a_pulled_cable_comes_no_garbage_and_of_two_pulls_each_ends() -> None:
    bench = Bench(plain("balance-unplug:at=30s,for=20s", "serial-garbage:at=40s", "balance-unplug:at=60s,for=10s")).listen(1)
    stamps_s = bench.at(100.0).sim.device("balance").take().stamps_us / 1e6
    assert [len(stamps_s[(stamps_s > low) & (stamps_s < low + 9)]) for low in (20.0, 39.5, 50.5, 60.5, 70.5)] == [9, 0, 9, 0, 9]


def test_lines_that_are_lost_twice_are_lost_twice() -> None:
    bench = Bench(plain("lost-lines:at=10s,for=10s", "lost-lines:at=30s,for=10s")).listen(1)
    stamps_s = bench.at(50.0).sim.device("balance").take().stamps_us / 1e6
    assert not ((stamps_s > 10) & (stamps_s < 20)).any()
    assert not ((stamps_s > 30) & (stamps_s < 40)).any()


def test_an_unplugged_pump_is_another_matter() -> None:
    bench = lived(plain("balance-unplug:at=30s", "other-instrument", "unit-changed:at=10s"), BOLUS, 130.0)
    assert bench.pump("DIS") == "SI1.000W0.000ML"


# --- what does not touch each other ---

AT = 47.0
BEGIN = {
    "rate-drift": "by=50%/h",
    "intermittent-stall": "every=5s,for=3s",
    "motor-stall": "",
    "free-flow": "height=0.5m",
    "reset-silent": "",
    "leak": "part=50%",
    "occlusion": "",
    "drift": "by=50g/h",
    "evaporation": "by=50g/h",
    "vibration": "size=20mg",
    "draught": "size=20mg",
    "knock": "swing=1g",
    "tubing-touches": "force=1g",
    "overload": "",
    "balance-stuck": "",
    "balance-unplug": "",
    "lost-lines": "",
    "serial-garbage": "",
    "unit-changed": "",
    "clock-step": "by=1h",
    "disk-full": "",
}
NOISY: dict[str, Any] = {
    "cell": {"repeatability": "0.3 mg", "drift": "1 mg/h", "linearity": "0.2 mg", "sensitivity": "10 ppm", "response": "0.5 s"},
    "drive": {"screw_error": "1 %", "backlash": "0.01 mL", "stiction": "0.008 mL", "sliding": "0.006 mL"},
    "room": {"temperature_swing": "1 K", "humidity_swing": "5 %"},
    "vessel": {"evaporation": "5 mg/h"},
}
RESTS = {"clock-step", "disk-full"}
"""These do nothing to the balance; the clock and the disk are those of the computer."""


def infused(*faults: str, until_s: float, seed: int = 7) -> tuple[Stamped, Stamped]:
    """What a noisy balance and a pump that infuses, with a pause at 57 s, have said."""
    bench = lived(plain(*faults, seed=seed, **NOISY), [*STEADY[:3], (10, "RUN")])
    bench.listen()
    for moment_s in np.arange(12.0, until_s, 5.0).tolist():
        bench.at(moment_s).say("pump", {57.0: b"STP\r", 62.0: b"RUN\r"}.get(moment_s, b"DIS\r"))
    bench.at(until_s)
    return bench.sim.device("balance").take(), bench.sim.device("pump").take()


def same(one: Stamped, other: Stamped) -> bool:
    return one.data == other.data and bool((one.stamps_us == other.stamps_us).all())


def test_all_faults_that_begin_at_a_moment_are_looked_at() -> None:
    assert set(BEGIN) == {name for name, fault in FAULTS.items() if "at" in fault.units}


@pytest.mark.parametrize("name", BEGIN)
def test_until_a_fault_begins_everything_is_as_it_would_be_without(name: str) -> None:
    """Byte for byte, and stamp for stamp."""
    fault = f"{name}:at={AT}s{',' if BEGIN[name] else ''}{BEGIN[name]}"
    assert all(map(same, infused(fault, until_s=AT - 1e-3), infused(until_s=AT - 1e-3)))
    if name not in RESTS:
        assert not same(infused(fault, until_s=80.0)[0], infused(until_s=80.0)[0])


@pytest.mark.parametrize("name", [name for name in BEGIN if name in OF_THE_BENCH.values() and name not in RESTS])
def test_the_pump_says_what_it_would_say_without_a_fault_of_the_balance(name: str) -> None:
    fault = f"{name}:at={AT}s{',' if BEGIN[name] else ''}{BEGIN[name]}"
    assert same(infused(fault, until_s=80.0)[1], infused(until_s=80.0)[1])


UNTOUCHED = [
    "alarm-missing",
    "alarm-late:1min",
    "occlusion-alarm-missing",
    "occlusion-alarm-late:1min",
    "occlusion-bolus:+50%",
    "bolus-missed",
    "bolus-doubled",
    "bolus-late:10s",
    "bolus-length:+50%",
    "bolus-duration:+50%",
    "late-rate-change:10s",
    "reset-silent:at=1h",
    "knock:at=1h,swing=1g",
    "clock-step:at=1h,by=1s",
    "serial-garbage:at=1h",
]


@pytest.mark.parametrize("fault", UNTOUCHED)
def test_what_has_nothing_to_do_with_an_infusion_leaves_every_byte_as_it_is(fault: str) -> None:
    assert all(map(same, infused(fault, until_s=80.0), infused(until_s=80.0)))


def test_the_seed_is_what_makes_the_lines() -> None:
    assert not same(infused(until_s=30.0, seed=7)[0], infused(until_s=30.0, seed=8)[0])
