"""Bad input gets one clear error that names file, line, key, what was found and what would do. Nothing has moved by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from harness.bench import Bench, load_bench
from harness.campaign import Campaign
from harness.dryrun import check
from harness.plan import load_plan
from instruments.errors import BenchError, ConfigError
from instruments.ports import Ports

Edit = Callable[[Path, str, str], Path]

BROKEN_PLANS = {
    "unknown key": ('hold = "4 h"', 'hold_on = "4 h"', r"itb_screening.toml:\d+: case 1: hold_on: unknown key"),
    "missing unit": ('volume = "1 mL"', "volume = 1", r"toml:\d+: case 1: volume: .*needs its unit.*write it like \"1 mL\""),
    "number without unit in text": ('volume = "1 mL"', 'volume = "1"', r"case 1: volume: '1' is not a number with a unit"),
    "unit of another kind": ('volume = "1 mL"', 'volume = "1 h"', r"case 1: volume: '1 h' is not a quantity in mL"),
    "unknown unit": ('volume = "1 mL"', 'volume = "1 gallonz"', r"case 1: volume: .*is not a quantity in mL"),
    "negative volume": ('volume = "1 mL"', 'volume = "-1 mL"', r"case 1: volume: .*greater than 0"),
    "missing key": ('over = "75 s"\n', "", r"case 1: over: is missing"),
    "unknown procedure": ('procedure = "bolus"', 'procedure = "bollus"', r"case 1.*bollus.*'bolus'.*'steady-flow'"),
    "dose and volume disagree": ('dose = "50 ug"', 'dose = "60 ug"', r"case 1: volume: 60 ug at 50 ug/mL is 1.2 mL, not 1 mL"),
    "two cases of one name": ('id = "ITB-SCR2"', 'id = "ITB-SCR1"', r"ITB-SCR1: there are two cases with this id"),
    "after an unknown case": ('{ case = "ITB-SCR1",', '{ case = "ITB-XXX",', r"'ITB-XXX' is not an earlier case \(ITB-SCR1\)"),
    "no requirement": ('requirement = ["T10"]', "requirement = []", r"case 6: requirement: .*at least 1 item"),
    "unknown rule": (
        'rule = "guarded"',
        'rule = "generous"',
        r"plan.rule: 'generous' is no decision rule; there are: simple, guarded, ",
    ),
    "unknown rule of a limit": (
        'volume_error = { within = "5 %", basis = "proposed" }',
        'volume_error = { within = "5 %", rule = "1:1" }',
        r"case 1: volume_error.rule: '1:1' is no decision rule; there are: .*N:1 \(N a whole number from 2, like 4:1\)",
    ),
    "blank without a unit": ('over = "75 s"', 'over = "75 s"\nblank = 60', r"case 1: blank: .*write it like \"60 s\""),
    "hold limit without a hold": ('hold = "4 h"\n', "", r"case 1: hold_volume needs a hold"),
    "unknown role": (
        'rule = "guarded"',
        'requires = { centrifuge = ["stream"] }',
        r"plan.requires: 'centrifuge' is no role; there are: pump",
    ),
    "unknown capability": (
        'rule = "guarded"',
        'requires = { pump = ["wings"] }',
        r"plan.requires: 'wings' is no capability; there are: syr",
    ),
    "not TOML": ("[plan]", "[plan", r"itb_screening.toml: is not valid TOML: .*line"),
    "nothing above nothing below": (
        'blank = "30 min"',
        'blank = "-30 min"',
        r":\d+: case 4: blank: .*greater than or equal to 0",
    ),
    "drug without a concentration": ('concentration = "50 ug/mL"\n', "", r"toml:\d+: drug.concentration: is missing"),
    "dose without a drug": (
        '[drug]\nname = "baclofen"\nconcentration = "50 ug/mL"\n',
        "",
        r"case 1: volume: '50 ug' is an amount of drug; give \[drug\] with its concentration",
    ),
    "neither dose nor volume": (
        'dose = "50 ug"\nvolume = "1 mL"\n',
        "",
        r"case 1: volume: give a volume, like \"1 mL\", or a dose",
    ),
    "needs a later case": (
        'hold = "4 h"',
        'hold = "4 h"\nneeds = ["ITB-SCR2"]',
        r"ITB-SCR1: needs: 'ITB-SCR2' is not an earlier",
    ),
    "basis that is none": (
        '{ within = "5 %", basis = "proposed" }',
        '{ within = "5 %", basis = "felt" }',
        r"case 1: volume_error.basis: .*'stated', 'published', 'proposed'.*found 'felt'",
    ),
    "ratio below nothing": (
        'rule = "guarded"',
        "minimum_tur = -1",
        r":\d+: plan.minimum_tur: .*greater than 0 \(found -1\)",
    ),
    "limits that leave nothing": (
        '{ within = "5 %", basis = "proposed" }',
        '{ at_least = "5 %", at_most = "-5 %" }',
        r"case 1: volume_error: at_least is more than at_most \(5 > -5\)",
    ),
    "limit that is no table": (
        '{ within = "5 %", basis = "proposed" }',
        '"5 %"',
        r"case 1: volume_error: has to be a table, like \{ key = value \} \(found '5 %'\)",
    ),
    "severity that is none": ('over = "75 s"', 'over = "75 s"\nseverity = "high"', r"case 1: severity: .*'blocker', 'critical'"),
    "spec without a file": ("[drug]", "[spec]\n[drug]", r":\d+: spec.file: is missing"),
    "blank that is too short": ('blank = "1 h"', 'blank = "1 min"', r":\d+: preparation.blank: .*greater than or equal to 600"),
    "a name that is no id": (
        'id = "ITB-SCR"',
        'id = "ITB SCR"',
        r":\d+: plan.id: has to begin with a letter or a digit; .*'ITB SCR'",
    ),
    "unknown table": ("[drug]", "[drugs]", r":\d+: drugs: unknown key .*; did you mean 'drug'\?"),
    "alarm that is waited for without end": (
        'alarm_latency = { within = "60 s", basis = "proposed" }',
        'alarm_latency = { at_least = "5 s" }',
        r"case 6: alarm_latency needs within or at_most",
    ),
    "empty limit": ('{ at_least = "60 s", basis = "stated" }', "{ }", r"case 1: duration: needs within, or at_least, or at_most"),
}

TWO_METERS = """
[pressure]
driver = "keysight-daq"
address = "{one}"
[alarm_relay]
driver = "keysight-daq"
address = "{other}"
{more}
[catheter]
"""
BROKEN_BENCHES = {
    "unknown key": ('drift = "0.1 mg/h"', 'drifts = "0.1 mg/h"', r"simulated.toml:\d+: balance.drifts: unknown key"),
    "unknown driver": (
        'driver = "new-era"',
        'driver = "newera"',
        r":\d+: pump.driver: 'newera' is not known; there are: .*new-era",
    ),
    "missing unit": ('readability = "0.1 mg"', "readability = 0.1", r"balance.readability: .*needs its unit"),
    "overfilled": ('filled = "10 mL"', 'filled = "11 mL"', r"pump.syringe: 10 mL cannot be filled with 11 mL"),
    "missing table key": ('address = "sim://simulated/pump"\n', "", r"pump.address: is missing"),
    "noise that cannot show": ('repeatability = "0.1 mg"', 'repeatability = "0.01 mg"', r"balance: noise below a third"),
    "neither syringe nor reservoir": (
        'syringe = { volume = "10 mL", inner_diameter = "14.5 mm", filled = "10 mL", filled_uncertainty = "0.05 mL" }\n',
        "",
        r"pump: give either a syringe or a reservoir",
    ),
    "both syringe and reservoir": ('watchdog = "30 s"', 'reservoir = { volume = "20 mL" }', r"pump: give either a syringe or"),
    "unknown driver option": (
        'driver = "new-era"',
        'driver = "new-era"\noptions = { address = 3 }',
        r":\d+: pump.options: \[pump.options\] address: unknown key; accepted: unit",
    ),
    "driver option of the wrong kind": (
        'driver = "new-era"',
        'driver = "new-era"\noptions = { unit = "first" }',
        r"\[pump.options\] unit: .*valid integer.*found 'first'",
    ),
    "parity that does not exist": ('watchdog = "30 s"', 'parity = "odd"', r"pump.parity: .*'N', 'E' or 'O'"),
    "one address, two drivers": (
        'address = "sim://simulated/balance"',
        'address = "sim://simulated/pump"',
        r":\d+: balance.address: \[pump\] has this address with another driver",
    ),
    "one address, written in two ways": (
        "[catheter]",
        TWO_METERS.format(one="GPIB0::9::INSTR", other="GPIB::9", more=""),
        r":\d+: alarm_relay.address: \[pressure\] has this address as 'GPIB0::9::INSTR': write it in one way",
    ),
    "one address, two baud rates": (
        "[catheter]",
        TWO_METERS.format(one="COM3", other="COM3", more="baud = 1200"),
        r"alarm_relay.address: \[pressure\] has this address with other line settings",
    ),
    "one input, two roles": (
        "[catheter]",
        TWO_METERS.format(one="COM3", other="COM3", more="").replace("-daq", "-dmm"),
        r"alarm_relay.address: \[pressure\] has this address and 'keysight-dmm' has one input",
    ),
    "line settings of a line that has none": (
        'address = "sim://simulated/balance"',
        'address = "socket://10.0.0.7:4001"\nbaud = 9600',
        r":\d+: balance.baud: socket://10.0.0.7:4001 has no line to set; leave it away",
    ),
    "share of another kind": (
        'sensitivity = "10 ppm"',
        'sensitivity = "10 g"',
        r":\d+: balance.sensitivity: '10 g' is not a qua",
    ),
    "needle wider than the vessel": (
        'outer_diameter = "0.82 mm"',
        'outer_diameter = "31 mm"',
        r"a needle of 31 mm does not go into a vessel of 30 mm; see needle.outer_diameter",
    ),
    "liquid of no known density": ('name = "water"', 'name = "oil"', r":\d+: liquid: the density of 'oil' is not known; give it"),
    "unknown table": ("[vessel]", "[vesel]", r":\d+: vesel: unknown key .*; did you mean 'vessel'\?"),
    "day that does not exist": (
        "calibration_due = 2099-12-31",
        'calibration_due = "soon"',
        r":\d+: balance.calibration_due: .*date.*found 'soon'",
    ),
    "watchdog out of range": ('watchdog = "30 s"', 'watchdog = "2 h"', r"pump.watchdog: .*less than or equal to 3600"),
}


@pytest.mark.parametrize(("old", "new", "message"), BROKEN_PLANS.values(), ids=BROKEN_PLANS)
def test_a_broken_plan_is_refused_with_place_and_reason(
    old: str, new: str, message: str, screening_plan: Path, edited: Edit
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_plan(edited(screening_plan, old, new))


@pytest.mark.parametrize(("old", "new", "message"), BROKEN_BENCHES.values(), ids=BROKEN_BENCHES)
def test_a_broken_bench_is_refused_with_place_and_reason(
    old: str, new: str, message: str, simulated_bench: Path, edited: Edit
) -> None:
    with pytest.raises(ConfigError, match=message):
        load_bench(edited(simulated_bench, old, new))


def test_the_line_is_the_one_where_the_key_stands(screening_plan: Path, edited: Edit) -> None:
    broken = edited(screening_plan, 'dose = "75 ug"', 'dose = "75"')
    line = next(at for at, text in enumerate(broken.read_text().splitlines(), 1) if text == 'dose = "75"')
    with pytest.raises(ConfigError, match=f"itb_screening.toml:{line}: case 2: dose"):
        load_plan(broken)


@pytest.mark.parametrize("load", [load_plan, load_bench])
def test_a_file_that_is_not_there_is_named(load: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load(tmp_path / "nowhere.toml")


IMPOSSIBLE = {
    "more than the syringe holds": (
        'filled = "10 mL"',
        'filled = "5 mL"',
        r"case ITB-CONT: needs 2.6 mL, and the pump of simulated.toml has 0.5 mL left by then; fill more in",
    ),
    "more than the vessel holds": (
        'capacity = "40 mL"',
        'capacity = "7 mL"',
        r"vessel.capacity: 10 mL will not go into 6.65 mL",
    ),
    "more than the balance weighs": ('capacity = "220 g"', 'capacity = "60 g"', r"balance.capacity: .* too heavy"),
    "a leak could hide": (
        'evaporation_at_most = "0.5 mg/h"',
        'evaporation_at_most = "0.6 mg/h"',
        r"a leak of 0.6 uL/h could hide",
    ),
    "calibration of the pump overdue": (
        'watchdog = "30 s"',
        'watchdog = "30 s"\ncalibration_due = 2026-01-31',
        r"pump.calibration_due: .*ran out on 2026-01-31",
    ),
    "calibration overdue": (
        "calibration_due = 2099-12-31",
        "calibration_due = 2026-01-31",
        r"balance.calibration_due: .*ran out on 2026-01-31",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_the_impossible_is_refused_before_anything_moves(
    old: str, new: str, message: str, screening_plan: Path, simulated_bench: Path, edited: Edit
) -> None:
    with pytest.raises(ConfigError, match=message):
        check(load_plan(screening_plan), load_bench(edited(simulated_bench, old, new)), date(2026, 2, 1))


def test_an_interval_that_the_plan_itself_cannot_keep_is_not_blamed_on_the_pump(
    screening_plan: Path, simulated_bench: Path, edited: Edit
) -> None:
    plan = edited(screening_plan, 'start_to_start = "24 h"', 'start_to_start = "1 h"')
    with pytest.raises(ConfigError, match=r"case ITB-SCR2: after.start_to_start: it can start \d+ s after its moment .* 900 s"):
        check(load_plan(plan), load_bench(simulated_bench), date(2026, 2, 1))


def test_a_run_that_cannot_begin_lets_go_of_the_bench(
    screening_plan: Path, simulated_bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "file"
    out.touch()
    closed: list[Ports] = []
    monkeypatch.setattr(Ports, "close", lambda ports: closed.append(ports))
    with pytest.raises(ConfigError, match="run folders cannot go there"):
        Campaign(load_plan(screening_plan), load_bench(simulated_bench), out)
    assert len(closed) == 1


def test_all_reasons_are_told_at_once(screening_plan: Path, simulated_bench: Path, edited: Edit) -> None:
    """A role that is missing does not hide what else cannot work."""
    plan = edited(screening_plan, 'rule = "guarded"', 'requires = { battery = ["output"], pressure = ["voltage"] }')
    bench = edited(edited(simulated_bench, 'filled = "10 mL"', 'filled = "5 mL"'), "2099-12-31", "2026-01-31")
    with pytest.raises(ConfigError) as told:
        check(load_plan(plan), load_bench(bench), date(2026, 2, 1))
    reasons = str(told.value).splitlines()
    told_of = ("needs a battery", "needs a pressure", "case ITB-CONT: needs 2.6 mL", "ran out on 2026-01-31")
    assert [part in reason for part, reason in zip(told_of, reasons, strict=True)] == [True] * 4


INCAPABLE = {
    "role that is not there": (
        'requires = { battery = ["output"] }',
        r"needs a battery, and this bench has none; add a \[battery\]",
    ),
    "capability that the driver lacks": (
        'requires = { pump = ["reservoir"] }',
        r"pump.driver: the plan needs a pump with 'reservoir' \(keeps account of .*\); 'new-era' is not such a one",
    ),
}


@pytest.mark.parametrize(("requires", "message"), INCAPABLE.values(), ids=INCAPABLE)
def test_a_bench_that_cannot_do_what_the_plan_requires_is_refused(
    requires: str, message: str, screening_plan: Path, simulated_bench: Path, edited: Edit
) -> None:
    plan = edited(screening_plan, 'rule = "guarded"', requires)
    with pytest.raises(ConfigError, match=message):
        check(load_plan(plan), load_bench(simulated_bench), date(2026, 2, 1))


def test_a_case_that_its_pump_cannot_carry_out_is_refused(
    screening_plan: Path, simulated_bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = replace(load_bench(simulated_bench).driver("pump"), can=frozenset({"totals", "stream"}))
    monkeypatch.setattr(Bench, "driver", lambda *_: plain)
    with pytest.raises(ConfigError, match=r"case ITB-SCR1 needs a pump with 'target-volume'"):
        check(load_plan(screening_plan), load_bench(simulated_bench), date(2026, 2, 1))


def test_nothing_can_be_infused_after_a_run_to_empty(screening_plan: Path, simulated_bench: Path, edited: Edit) -> None:
    text = screening_plan.read_text()
    last, off = text.index('[[case]]\nid = "ITB-EMPTY"'), text.index('[[case]]\nid = "ITB-CONT"')
    plan = edited(screening_plan, text, text[:off] + text[last:] + "\n" + text[off:last])
    with pytest.raises(ConfigError, match=r"case ITB-CONT: needs 2\.6 mL, and the pump .* has 0 mL left by then; fill more in"):
        check(load_plan(plan), load_bench(simulated_bench), date(2026, 1, 1))


def test_a_calibration_that_runs_out_today_still_holds(screening_plan: Path, simulated_bench: Path, edited: Edit) -> None:
    bench = edited(simulated_bench, "calibration_due = 2099-12-31", "calibration_due = 2026-02-01")
    assert check(load_plan(screening_plan), load_bench(bench), date(2026, 2, 1)).volume_ml == pytest.approx(10.0)


def test_a_bench_without_a_role_that_the_plan_needs_is_refused(screening_plan: Path, tmp_path: Path) -> None:
    bench = tmp_path / "pump_only.toml"
    bench.write_text(
        '[bench]\nid = "b"\n[pump]\ndriver = "new-era"\naddress = "sim://b/pump"\n'
        'syringe = { volume = "10 mL", inner_diameter = "14.5 mm" }\n'
    )
    with pytest.raises(
        ConfigError, match=r"itb_screening.toml needs a balance, and this bench has none; add a \[balance\] table"
    ):
        check(load_plan(screening_plan), load_bench(bench), date(2026, 1, 1))


def test_faults_need_a_simulated_bench(simulated_bench: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text(simulated_bench.read_text().partition("[simulation]")[0])
    with pytest.raises(ConfigError, match=r"real.toml: --fault and --seed need a simulated bench"):
        load_bench(real, faults=["rate-gain:+6%"])


FAULTS = {
    "unknown fault": ("rate-gian:+6%", r"fault 'rate-gian' is not known; there are: rate-gain, syringe-diameter"),
    "missing value": ("rate-gain", r"rate-gain takes by \(in %\)"),
    "missing unit": ("rate-gain:6", r"'6' is not a number with a unit"),
    "unknown parameter": ("balance-stuck:after=5min", r"balance-stuck takes at \(in s\)"),
    "value too many": ("alarm-missing:5min", r"alarm-missing takes no value"),
}


@pytest.mark.parametrize(("spec", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_that_is_not_understood_is_refused(
    spec: str, message: str, screening_plan: Path, simulated_bench: Path, tmp_path: Path
) -> None:
    bench = load_bench(simulated_bench, faults=[spec])
    with pytest.raises(ConfigError, match=message):
        Campaign(load_plan(screening_plan), bench, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_an_unknown_key_of_the_simulation_is_refused(screening_plan: Path, simulated_bench: Path, edited: Edit) -> None:
    bench = load_bench(edited(simulated_bench, 'rate_error = "0.2 %"', 'rate_eror = "0.2 %"'))
    with pytest.raises(ConfigError, match=r"\[simulation.drive\] rate_eror: unknown key; accepted are .*rate_error"):
        Campaign(load_plan(screening_plan), bench, Path("runs"))


def test_a_serial_port_that_is_not_there_is_one_clear_error(screening_plan: Path, simulated_bench: Path, tmp_path: Path) -> None:
    text = simulated_bench.read_text().partition("[simulation]")[0]
    bench = tmp_path / "real.toml"
    bench.write_text(text.replace("sim://simulated/pump", "/dev/ttyNOPE0").replace("sim://simulated/balance", "/dev/ttyNOPE1"))
    with pytest.raises(BenchError, match=r"pump: /dev/ttyNOPE0 cannot be opened .*is the cable in"):
        Campaign(load_plan(screening_plan), load_bench(bench), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_faults_that_are_no_list_are_refused(simulated_bench: Path, edited: Edit) -> None:
    with pytest.raises(ConfigError, match=r"\[simulation\] faults: 'drips' is not a list"):
        load_bench(edited(simulated_bench, "faults = []", 'faults = "drips"'))
