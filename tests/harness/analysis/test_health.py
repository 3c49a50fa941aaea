"""What makes readings unfit: gaps, overload, strange lines, a balance that is stuck, time that goes back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.analysis.health import bench_faults
from harness.record import Event, Period, Record
from instruments.readings import Readings
from tests.harness.records import CONDITIONS, PLAIN, SHEET, curve, readings

PERIOD = Period(0.0, 3600.0)
GOOD = curve(lambda t: 35.0 + t * 0, 3600.0)


def faults(found: Readings, *events: Event, **changes: Any) -> str:
    return "; ".join(bench_faults(Record("run", "real", found, events), PERIOD, replace(CONDITIONS, **changes)))


def without(found: Readings, start_s: float, end_s: float) -> Readings:
    kept = (found.stamps_us < start_s * 1e6) | (found.stamps_us >= end_s * 1e6)
    return Readings(found.stamps_us[kept], found.masses_g[kept], found.statuses[kept])


def frozen(start_s: float, length_s: float) -> Readings:
    masses_g = GOOD.masses_g.copy()
    first, last = round(start_s * 10), round((start_s + length_s) * 10)
    masses_g[first:last] = masses_g[first]
    return Readings(GOOD.stamps_us, masses_g, GOOD.statuses)


def with_status(status: str) -> Readings:
    statuses, masses_g = GOOD.statuses.copy(), GOOD.masses_g.copy()
    statuses[1000], masses_g[1000] = ord(status), np.nan
    return Readings(GOOD.stamps_us, masses_g, statuses)


def jumping(at_s: float, step_g: float, length_s: float = 9e9) -> Readings:
    masses_g = GOOD.masses_g.copy()
    masses_g[round(at_s * 10) : round((at_s + length_s) * 10)] += step_g
    return Readings(GOOD.stamps_us, masses_g, GOOD.statuses)


def stray(line: str) -> Event:
    return Event(5_000_000, "stray line", "", {"role": "balance", "line": line})


CASES = {
    "fit": (GOOD, "", ()),
    "short gap": (without(GOOD, 100, 104), "", ()),
    "gap": (without(GOOD, 100, 110), r"no reading for 10.1 s from 99.9 s \(allowed: 5 s\)", ()),
    "ends early": (without(GOOD, 3000, 3600), r"no reading for 600", ()),
    "begins late": (without(GOOD, 0, 60), r"no reading for 60.0 s from 0.0 s", ()),
    "nothing": (without(GOOD, 0, 3600), r"no readings between 0 s and 3600 s", ()),
    "overload": (with_status("+"), r"the balance reported 'overload'", ()),
    "underload": (with_status("-"), r"the balance reported 'underload'", ()),
    "hardware error": (with_status("E"), r"the balance reported 'hardware error'", ()),
    "knock": (jumping(100, 0.005), r"the mass jumped by (4.9|5.\d) mg at 100.0 s: a knock", ()),
    "touch": (jumping(100, -0.050, 0.1), r"the mass jumped by -50.\d mg at 100.0 s", ()),
    "no more than noise": (jumping(100, 0.001), "", ()),
    "stuck": (frozen(1000, 90), r"repeated 3.* g for 90 s from 1000 s: it is stuck", ()),
    "still for a moment": (frozen(1000, 50), "", ()),
    "power cycled": (GOOD, r"1 lines from the balance were no weighings, first 'I4 A", (stray('I4 A "B"'),)),
}


@pytest.mark.parametrize(("found", "message", "events"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_said(found: Readings, message: str, events: tuple[Event, ...]) -> None:
    told = faults(found, *events)
    assert (told == "") == (message == "")
    assert not message or re.search(message, told), told


def test_stamps_that_go_back_are_found() -> None:
    moments_s = np.arange(0, 3600, 0.1)
    moments_s[[500, 501]] = moments_s[[501, 500]]
    assert "backwards" in faults(readings(moments_s, GOOD.masses_g))


def test_lines_that_came_together_have_one_stamp_and_no_fault() -> None:
    """A busy computer reads two lines at once: that is no clock that was set back."""
    moments_s = np.arange(0, 3600, 0.1)
    moments_s[500::7] = moments_s[499:-1:7]
    assert faults(readings(moments_s, GOOD.masses_g)) == ""


def test_a_display_that_is_held_still_on_purpose_is_not_stuck() -> None:
    held = replace(PLAIN, balance=SHEET.model_copy(update={"shows_noise": False}))
    assert faults(frozen(1000, 2000), weighing=held) == ""


def test_a_balance_much_finer_than_its_display_may_stand_still() -> None:
    fine = replace(PLAIN, balance=SHEET.model_copy(update={"repeatability": 1e-5}))
    assert "stuck" not in faults(frozen(1000, 90), weighing=fine)
