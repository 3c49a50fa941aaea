"""The file with the last daily checks, and what it lets run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.bench import Bench, load_bench
from harness.checks import Check, admitted, found_by, keep, path_of, read
from harness.plan import Plan, load_plan
from harness.record import Event, Record
from harness.verdicts import CaseVerdict, Measurand, Verdict
from instruments.errors import ConfigError
from tests.conftest import ROOT
from tests.harness.records import readings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BALANCE = {"model": "SIM204", "serial": "SIM0000001", "firmware": "2.10"}
PASSED = Check("PASS", "2026-03-01T08:00:00+00:00", BALANCE, "run-1", "folder-1", 2e-5, 10, 3e-4, -1e-5, 1.1e-4, [])
FAILED = replace(PASSED, verdict="FAIL", reasons=["repeatability: FAIL"])
DAILY = ROOT / "test_plans" / "daily_check.toml"
CASE, FLOW_CASE = '[[case]]\nid = "DAILY-50G"', '[[case]]\nid = "DAILY-FLOW"'


@pytest.fixture
def bench(simulated_bench: Path, tmp_path: Path) -> Callable[[str], Bench]:
    def load(table: str) -> Bench:
        path = tmp_path / "bench.toml"
        path.write_text(simulated_bench.read_text() + table)
        return load_bench(path)

    return load


@pytest.fixture
def plan(screening_plan: Path) -> Plan:
    return load_plan(screening_plan)


GATED = "\n[daily_check]\n"


def test_the_last_check_of_each_kind_is_read_back(tmp_path: Path) -> None:
    keep(tmp_path, "b", "simulated", PASSED)
    assert read(tmp_path, "b", "real") is None
    keep(tmp_path, "b", "real", FAILED)
    assert (read(tmp_path, "b", "simulated"), read(tmp_path, "b", "real")) == (PASSED, FAILED)
    keep(tmp_path, "b", "simulated", FAILED)
    assert read(tmp_path, "b", "simulated") == FAILED
    assert read(tmp_path, "another", "real") is None
    assert [path.name for path in (tmp_path / "checks").iterdir()] == ["b.json"]


def test_a_check_takes_the_place_of_the_last_one_in_one_step(tmp_path: Path) -> None:
    """The file is another one afterwards: whoever has the old one open reads it to its end."""
    keep(tmp_path, "b", "real", PASSED)
    old, text = tmp_path / "old.json", path_of(tmp_path, "b").read_text()
    old.hardlink_to(path_of(tmp_path, "b"))
    keep(tmp_path, "b", "real", FAILED)
    assert old.read_text() == text != path_of(tmp_path, "b").read_text()


def test_a_check_that_cannot_be_written_leaves_the_last_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, "b", "real", PASSED)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="what the daily check found cannot be written \\(No space left on device\\)"):
        keep(tmp_path, "b", "real", FAILED)
    assert read(tmp_path, "b", "real") == PASSED


def plain(**changed: Any) -> str:
    keep_out = {"verdict": "PASS", "when": PASSED.when, "balance": {}, "run": "", "folder": ""}
    figures = {"repeatability_g": None, "repeatability_n": 0, "deviation_g": None, "zero_g": None, "reasons": []}
    return json.dumps({"schema": "dosebench/checks/1", "checks": {"real": {**keep_out, **figures, **changed}}})


DAMAGED = {
    "torn": plain()[:50],
    "another schema": plain().replace("checks/1", "checks/2"),
    "no table": "[]",
    "unknown key": plain(colour="red"),
    "no date": plain(when="yesterday"),
    "a date without its offset": plain(when="2026-03-01T08:00:00"),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_admits_nothing_and_gives_way_to_the_next_check(text: str, tmp_path: Path) -> None:
    path_of(tmp_path, "b").parent.mkdir()
    path_of(tmp_path, "b").write_text(text)
    with pytest.raises(ConfigError, match=r"b\.json: is no file of daily checks .*remove it, and check the balance again"):
        read(tmp_path, "b", "real")
    keep(tmp_path, "b", "real", PASSED)
    assert read(tmp_path, "b", "real") == PASSED


def at(hours: float) -> Check:
    return replace(PASSED, when=(NOW - timedelta(hours=hours)).isoformat())


ADMITTED = {
    "just now": (GATED, at(0)),
    "to the last second": (GATED, at(24)),
    "as the bench allows": (f'{GATED}within = "48 h"\n', at(47)),
}


@pytest.mark.parametrize(("table", "check"), ADMITTED.values(), ids=ADMITTED)
def test_a_run_begins_under_a_check_that_holds(
    table: str, check: Check, plan: Plan, bench: Callable[[str], Bench], tmp_path: Path
) -> None:
    keep(tmp_path, "simulated", "simulated", check)
    assert admitted(plan, bench(table), tmp_path, "simulated", NOW) == check


REFUSED = {
    "too old": (at(24.01), r"passed the daily check of \S+ \(run folder folder-1\), 24 h ago, and is to be checked every 24 h"),
    "old": (at(49), "49 h ago"),
    "ahead of the clock": (at(-1), "which lies ahead of this computer's clock"),
    "failed": (FAILED, r"did not pass the daily check of .*: FAIL, repeatability: FAIL"),
    "aborted": (replace(PASSED, verdict="ABORTED"), "did not pass .*: ABORTED, no reason given"),
    "another balance": (replace(PASSED, balance={**BALANCE, "serial": "X1"}), "serial 'X1'; the bench file says 'SIM0000001'"),
    "a balance that did not say who it is": (replace(PASSED, balance={}), "with another balance, serial ''"),
}


@pytest.mark.parametrize(("check", "message"), REFUSED.values(), ids=REFUSED)
def test_a_run_does_not_begin_under_one_that_does_not(
    check: Check, message: str, plan: Plan, bench: Callable[[str], Bench], tmp_path: Path
) -> None:
    keep(tmp_path, "simulated", "simulated", check)
    with pytest.raises(ConfigError, match=f"bench simulated .*{message}"):
        admitted(plan, bench(GATED), tmp_path, "simulated", NOW)


@pytest.mark.parametrize(("kept", "run"), [("simulated", "real"), ("real", "simulated")])
def test_a_check_of_simulated_instruments_says_nothing_of_real_ones(
    kept: str, run: str, plan: Plan, bench: Callable[[str], Bench], tmp_path: Path
) -> None:
    keep(tmp_path, "simulated", kept, at(1))
    with pytest.raises(ConfigError, match=f"has no daily check on {run} instruments in .*simulated.json"):
        admitted(plan, bench(GATED), tmp_path, run, NOW)


def test_the_refusal_says_what_to_run(plan: Plan, bench: Callable[[str], Bench], tmp_path: Path) -> None:
    gated = bench(f'{GATED}plan = "my plans/daily.toml"\n')
    command = f"dosebench run 'my plans/daily.toml' --bench {gated.path} --out {tmp_path}"
    with pytest.raises(ConfigError, match=re.escape(command) + "$"):
        admitted(plan, gated, tmp_path, "simulated", NOW)


def test_the_check_itself_and_a_bench_that_asks_for_none_need_none(
    plan: Plan, bench: Callable[[str], Bench], tmp_path: Path
) -> None:
    assert admitted(load_plan(DAILY), bench(GATED), tmp_path, "simulated", NOW) is None
    assert admitted(plan, bench(""), tmp_path, "simulated", NOW) is None


def test_a_bench_without_a_serial_takes_the_check_of_any_balance(
    plan: Plan, simulated_bench: Path, tmp_path: Path, edited: Callable[[Path, str, str], Path]
) -> None:
    path = edited(simulated_bench, 'serial = "SIM0000001"', "")
    path.write_text(path.read_text() + GATED)
    keep(tmp_path, "simulated", "simulated", replace(at(1), balance={**BALANCE, "serial": "X1"}))
    assert admitted(plan, load_bench(path), tmp_path, "simulated", NOW) is not None


# --- what a check found ---


def verdict(name: str, verdict: Verdict, *figures: tuple[str, float]) -> CaseVerdict:
    measurands = tuple(Measurand(what, value_mg, "mg", 0.0, 2.0, (None, None), "simple", verdict) for what, value_mg in figures)
    return CaseVerdict(name, "", verdict, (), measurands, () if verdict is Verdict.PASS else (f"{name} is {verdict}",))


GOOD = [("deviation from the check weight", 0.2), ("repeatability", 0.02), ("zero return", -0.01), ("scatter at rest", 0.12)]
POOR = [("deviation from the check weight", -0.4), ("repeatability", 0.03), ("zero return", 0.005), ("scatter at rest", 0.1)]
IDENTITY = Event(0, "identity", "", {"role": "balance", **BALANCE})


def two_weights(tmp_path: Path, second: CaseVerdict, flow: Verdict = Verdict.PASS) -> Check:
    path, text = tmp_path / "two.toml", DAILY.read_text()
    first = text[text.index(CASE) : text.index(FLOW_CASE)]
    again = first.replace("DAILY-50G", "SECOND").replace("placements = 10", "placements = 7")
    path.write_text(text.replace(first, first + again))
    plan = load_plan(path)
    record = Record("run-1", "real", readings([], []), (Event(0, "identity", "", {"role": "pump"}), IDENTITY))
    judged = [verdict("DAILY-50G", Verdict.PASS, *GOOD), second, verdict("DAILY-FLOW", flow), verdict("DAILY-REST", Verdict.PASS)]
    return found_by(plan.cases, {one.id: one for one in judged}, record, tmp_path / "folder-1", NOW)


def test_of_two_weights_the_worse_figures_are_kept(tmp_path: Path) -> None:
    found = two_weights(tmp_path, verdict("SECOND", Verdict.PASS, *POOR))
    worst_g, scatter_g = pytest.approx(3e-5), pytest.approx(1.2e-4)
    assert found == Check("PASS", NOW.isoformat(), BALANCE, "run-1", "folder-1", worst_g, 7, -4e-4, -1e-5, scatter_g, [])


def test_a_weight_that_was_not_reached_leaves_no_passed_check(tmp_path: Path) -> None:
    found = two_weights(tmp_path, verdict("SECOND", Verdict.ABORTED))
    assert (found.verdict, found.reasons) == ("ABORTED", ["SECOND is ABORTED"])
    assert (found.repeatability_g, found.repeatability_n) == (pytest.approx(2e-5), 10)


def test_a_check_has_passed_when_all_its_cases_have(tmp_path: Path) -> None:
    found = two_weights(tmp_path, verdict("SECOND", Verdict.PASS, *POOR), flow=Verdict.FAIL)
    assert (found.verdict, found.reasons, found.repeatability_n) == ("FAIL", ["DAILY-FLOW is FAIL"], 7)
