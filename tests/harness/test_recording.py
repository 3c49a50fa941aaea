"""Somebody else's recording as a record: columns, units, gaps, phases, commands, and what its masses show of the balance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.metrology.budget import value_of
from harness.metrology.volume import Level
from harness.plan import load_plan
from harness.record import Period
from harness.recording import Recording, load_recording
from harness.replay import Replay
from instruments.errors import ConfigError
from tests.conftest import DATA

REAL = DATA / "real-gravimetric"
MAPPING = """
[recording]
title = "a recording"
[columns]
time = { name = "t", unit = "min" }
mass = { name = "m", unit = "mg" }
"""
ROWS = "t,m\n10,100.5\n11,200.5\n12,300.0\n"

Load = Callable[..., Recording]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(rows: str = ROWS, mapping: str = MAPPING) -> Recording:
        (tmp_path / "rows.csv").write_text(rows)
        (tmp_path / "mapping.toml").write_text(mapping)
        return load_recording(tmp_path / "rows.csv", tmp_path / "mapping.toml")

    return loaded


def test_time_counts_from_the_first_row_and_units_are_those_of_the_mapping(load: Load) -> None:
    series = load().record("r").series(Period(0.0, 1000.0))
    assert series.moments_s == pytest.approx([0.0, 60.0, 120.0])
    assert series.masses_g == pytest.approx([0.1005, 0.2005, 0.3])


def test_a_missing_mass_is_a_reading_that_did_not_arrive(load: Load) -> None:
    record = load("t,m\n0,1\n1,\n2,3\n").record("r")
    assert record.series(Period(0.0, 1000.0)).moments_s == pytest.approx([0.0, 120.0])
    assert len(record.readings) == 3


SHOWN = {
    # masses in mg, the step that they are all multiples of
    "0.1 mg": ("100.1\n100.3\n100.7", 1e-4),
    "0.2 mg": ("100.2\n100.4\n100.8", 2e-4),
    "0.5 mg": ("100.5\n101.0\n102.5", 5e-4),
    "1 mg": ("100\n101\n103", 1e-3),
    "10 mg": ("100\n110\n130", 1e-2),
    "1 ug": ("0.001\n0.004\n0.006", 1e-6),
    "zeros at the end tell nothing": ("100.10\n100.30\n100.70", 1e-4),
}


@pytest.mark.parametrize(("masses", "step_g"), SHOWN.values(), ids=SHOWN)
def test_a_balance_that_nobody_states_is_taken_as_its_masses_show_it(masses: str, step_g: float, load: Load) -> None:
    rows = "t,m\n" + "\n".join(f"{at},{mass}" for at, mass in enumerate(masses.split()))
    sheet = load(rows).balance
    assert (sheet.readability, sheet.repeatability) == pytest.approx((step_g, step_g))
    assert (sheet.shows_noise, sheet.response) == (False, 0.0)


def test_a_balance_that_is_stated_is_taken_as_stated(load: Load) -> None:
    sheet = load(mapping=MAPPING + '[balance]\nreadability = "1 mg"\nrepeatability = "2 mg"\n').balance
    assert (sheet.readability, sheet.repeatability, sheet.shows_noise, sheet.response) == (1e-3, 2e-3, True, 0.0)


def test_conditions_are_those_of_the_mapping(load: Load) -> None:
    tables = """
weigh = "out"
[balance]
readability = "0.1 mg"
repeatability = "0.1 mg"
response = "2 s"
[catheter]
lag = "6 s"
lag_uncertainty = "1 s"
[corrections]
buoyancy = false
[liquid]
density = "2 g/mL"
[evaporation]
loss = "0.02 mg/min"
uncertainty = "1 mg/h"
"""
    mapping = MAPPING.replace('title = "a recording"', 'title = "a recording"\nweigh = "out"')
    found = load(mapping=mapping + tables.replace('weigh = "out"\n', ""))
    told = found.conditions()
    assert (told.lag_s, told.rate_hz, told.max_gap_s) == (8.0, pytest.approx(1 / 60), 150.0)
    assert [(lag.lag_s, lag.half_width_s) for lag in told.lags] == [(2.0, 1.0), (6.0, 1.0)]
    volume_ml = value_of(lambda inputs: told.weighing.volume_ml(inputs, Level(0, 2.0), Level(60, 1.0), found.evaporation))
    assert volume_ml == pytest.approx((1.0 - 2e-5) / 2, rel=1e-9)
    assert (found.evaporation.loss_g_h, found.evaporation.u_g_h) == pytest.approx((1.2e-3, 1e-3))
    assert found.evaporation.source == "stated with the recording"


def test_commands_are_where_the_rate_or_the_state_changes(load: Load) -> None:
    mapping = MAPPING + 'rate = { name = "q", unit = "mL/min" }\nrunning = { name = "on", values = [1, 2] }\n'
    rows = "t,m,q,on\n0,1,1,0\n1,2,1,1\n2,3,1,2\n3,4,2,2\n4,5,2,5\n"
    events = load(rows, mapping).record("r").of_kind("commanded")
    told = [(event.at_s, pytest.approx(event.data["rate_ml_h"])) for event in events]
    assert told == [(0.0, 0.0), (60.0, 60.0), (180.0, 120.0), (240.0, 0.0)]


def test_what_is_excluded_is_left_out_and_told(load: Load) -> None:
    mapping = MAPPING + '[[exclude]]\nstart = "30 s"\nend = "90 s"\nreason = "somebody leant on it"\n'
    record = load(mapping=mapping).record("r")
    assert record.series(Period(0.0, 1000.0)).moments_s == pytest.approx([0.0, 120.0])
    (event,) = record.of_kind("excluded")
    assert (event.at_s, event.data) == (30.0, {"until_s": 90.0, "reason": "somebody leant on it"})


def test_pressures_are_in_kilopascals(load: Load) -> None:
    found = load("t,m,p\n0,1,1.5\n1,2,2\n", MAPPING + 'pressure = { name = "p", unit = "bar" }\n')
    assert found.pressures_kpa() == pytest.approx(np.array([150.0, 200.0]))
    assert load().pressures_kpa() is None


BROKEN = {
    "no rows": ("t,m\n", MAPPING, r"rows\.csv: has a header and no rows"),
    "one row": ("t,m\n1,2\n", MAPPING, r"rows\.csv: t: needs at least two rows"),
    "time that stands still": ("t,m\n1,2\n1,3\n", MAPPING, r"rows\.csv: t: .*never stands still or goes back"),
    "empty time": ("t,m\n1,2\n,3\n", MAPPING, r"rows\.csv:3: t: is empty; only the mass may be"),
    "text for a mass": ("t,m\n1,2\n2,heavy\n", MAPPING, r"rows\.csv:3: m: 'heavy' is not a number"),
    "no such column": ("t,w\n1,2\n2,3\n", MAPPING, r"mapping\.toml: columns\.mass: rows\.csv has no column 'm'; it has t, w"),
    "unit of another kind": (ROWS, MAPPING.replace('"mg"', '"mL"'), r"mapping\.toml: columns\.mass\.unit: '1 mL' is not "),
    "unknown table": (ROWS, MAPPING + "[ballance]\n", r"mapping\.toml:7: ballance: unknown key"),
    "unknown correction": (ROWS, MAPPING + "[corrections]\ngravity = false\n", r"toml:8: corrections\.gravity: unknown key"),
    "negative uncertainty": (
        ROWS,
        MAPPING + '[evaporation]\nuncertainty = "-1 mg/h"\n',
        r"mapping\.toml:8: evaporation\.uncertainty: .*greater than or equal to 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "mapping", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_recording_is_refused_with_place_and_reason(rows: str, mapping: str, message: str, load: Load) -> None:
    with pytest.raises(ConfigError, match=message):
        load(rows, mapping)


REPLAYS = {
    "no period for a case": ('case = "HH79-FLOW"', 'case = "HH79-DELIVERY"', r"no \[\[period\]\] for case HH79-FLOW"),
    "no such case": ('case = "HH79-FLOW"', 'case = "HH80"', r"period for case HH80, and plan\.toml has no such case"),
    "no rate": ('rate = {', '# rate = {', r"procedure 'delivery' needs to know what was commanded; give columns\.rate"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), REPLAYS.values(), ids=REPLAYS)
def test_a_plan_that_does_not_fit_a_recording_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text((REAL / "mapping.toml").read_text().replace(old, new))
    recording = load_recording(REAL / "nitric_acid_dosing_hh79.csv", mapping)
    with pytest.raises(ConfigError, match=message):
        Replay(load_plan(REAL / "plan.toml"), recording, tmp_path / "runs")


def test_a_verdict_needs_what_the_balance_s_certificate_says(tmp_path: Path) -> None:
    text = (REAL / "mapping.toml").read_text()
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text[: text.index("[balance]")] + text[text.index("[liquid]") :])
    recording = load_recording(REAL / "nitric_acid_dosing_hh79.csv", mapping)
    assert recording.balance.readability == pytest.approx(1e-3)
    with pytest.raises(ConfigError, match=r"the mapping has no \[balance\]; a verdict needs what its certificate says"):
        Replay(load_plan(REAL / "plan.toml"), recording, tmp_path / "runs")
