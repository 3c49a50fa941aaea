"""The daily check from the plan to the file that lets other plans run, on the simulated bench."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.checks import Check, read
from harness.dryrun import check
from harness.plan import load_plan
from harness.verdicts import CaseVerdict, RunVerdict
from instruments.errors import BenchError, ConfigError
from instruments.hands import Step
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench
from instruments.sim.registry import find_bench
from tests.conftest import ROOT
from tests.dosebench.test_cli import short_plan

DAILY = ROOT / "test_plans" / "daily_check.toml"
BENCH = ROOT / "benches" / "simulated.toml"
GATE = '\n[daily_check]\nwithin = "24 h"\n'
Edit = Callable[[Path, str, str], Path]


class Run:
    """A campaign that is taken through, or ended within."""

    def __init__(self, plan: Path, out: Path, table: str = "", *, faults: Sequence[str] = (), seed: int = 1) -> None:
        path = out / "bench.toml"
        path.write_text(BENCH.read_text() + table)
        self.out, self.path = out, path
        self.campaign = Campaign(load_plan(plan), load_bench(path, faults=faults, seed=seed), out)

    def done(self) -> RunVerdict:
        self.campaign.start()
        for case in self.campaign.plan.cases:
            self.campaign.run_case(case)
        return self.campaign.close()

    @property
    def check(self) -> Check | None:
        return read(self.out, "simulated", "simulated")

    def notes(self, kind: str) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.campaign.record.of_kind(kind)]


def simulated() -> SimulatedBench:
    found = find_bench("simulated")
    assert isinstance(found, SimulatedBench)
    return found


def figures(case: CaseVerdict) -> dict[str, float]:
    return {found.name: found.value for found in case.measurands}


def test_a_good_balance_passes_and_its_check_is_kept(tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path)
    verdict = run.done()
    case = verdict.cases[0]
    assert (verdict.verdict, case.reasons) == ("PASS", ())
    kept, found = run.check, figures(case)
    assert kept is not None
    assert (kept.verdict, kept.run, kept.folder) == ("PASS", verdict.run, run.campaign.folder.name)
    assert (kept.balance["serial"], kept.repeatability_n) == ("SIM0000001", 10)
    assert kept.repeatability_g == pytest.approx(found["repeatability"] / 1000)
    assert kept.deviation_g == pytest.approx(found["deviation from the check weight"] / 1000)
    assert kept.zero_g == pytest.approx(found["zero return"] / 1000)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_the_deviation_is_the_true_error_of_the_balance_within_its_uncertainty(seed: int, tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path, seed=seed)
    case = run.done().cases[0]
    bench, cell = simulated(), simulated().devices["balance"].cell  # type: ignore[attr-defined]
    weight_g, vessel_g = bench.hands._true_g[50.0], bench.setup.vessel.weight_g
    shown_g = np.diff(cell._bent(np.array([vessel_g, vessel_g + weight_g])))[0]
    deviation = case.measurands[0]
    assert abs(deviation.value - (shown_g - weight_g) * 1000) <= deviation.expanded_uncertainty
    assert deviation.expanded_uncertainty < 0.08


def test_every_step_and_every_answer_is_in_the_record(tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path)
    run.done()
    asked, done = run.notes("by hand"), run.notes("done by hand")
    assert [note["step"] for note in asked] == ["put on", "take off"] * 10
    assert asked[0]["words"] == "1 of 10: put the 50 g check weight on the middle of the pan, shut the door"
    assert (asked[0]["mass_g"], asked[0]["mass_u_g"]) == (50.0, pytest.approx(3e-5))
    assert done == [{"step": step, "answer": "done"} for step in ["put on", "take off"] * 10]
    assert run.notes("not settled") == []


POOR = {
    "sensitivity": ('sensitivity = "200 ppm"', {"deviation from the check weight"}),
    "repeatability": ('repeatability = "3 mg"', {"drift at rest", "repeatability", "zero return", "scatter at rest"}),
    "drift": ('drift = "30 mg/h"', {"zero return", "drift at rest"}),
}


@pytest.mark.parametrize(("cell", "failed"), POOR.values(), ids=POOR)
def test_a_poor_balance_fails_by_what_is_poor_of_it(cell: str, failed: set[str], tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path, f"\n[simulation.cell]\n{cell}\n")
    case = run.done().cases[0]
    assert case.verdict == "FAIL"
    assert {one.name for one in case.measurands if one.verdict == "FAIL"} == failed
    assert run.check is not None
    assert (run.check.verdict, run.check.reasons[: len(case.reasons)]) == ("FAIL", list(case.reasons))


def test_a_balance_that_does_not_settle_is_weighed_all_the_same_and_the_record_says_so(tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path, '\n[simulation.cell]\nrepeatability = "2 mg"\n')
    run.done()
    assert run.notes("not settled") == [{"within_s": 60.0}] * 20


@pytest.mark.parametrize("fault", ["balance-stuck:at=21min", "balance-unplug:at=21min", "overload:at=25min,for=2min"])
def test_a_check_on_a_broken_bench_is_no_check(fault: str, tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path, faults=[fault])
    assert run.done().verdict == "INVALID"
    assert run.check is not None
    assert run.check.verdict == "INVALID"
    assert run.check.repeatability_g is None


# --- the flow and the rest that follow the weights ---

FAULTY = {
    "leak": ("leak:part=5%", "FAIL", ["DAILY-FLOW"]),
    "wrong syringe": ("syringe-diameter:+3%", "FAIL", ["DAILY-FLOW"]),
    "siphon": ("free-flow:height=1cm,at=35min", "FAIL", ["DAILY-REST"]),
    "zero that runs away": ("drift:by=2mg/h,at=25min", "FAIL", ["DAILY-REST"]),
    "touched": ("tubing-touches:at=40min,force=50mg", "INVALID", ["DAILY-REST"]),
}


@pytest.mark.parametrize(("fault", "verdict", "cases"), FAULTY.values(), ids=FAULTY)
def test_a_good_balance_is_not_the_whole_check(fault: str, verdict: str, cases: list[str], tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path, faults=[fault])
    found = run.done()
    assert (found.verdict, [case.id for case in found.cases if case.verdict != "PASS"]) == (verdict, cases)
    assert run.check is not None
    assert (run.check.verdict, run.check.repeatability_n) == (verdict, 10)
    with pytest.raises(ConfigError, match=f"did not pass the daily check .*: {verdict}"):
        Run(short(tmp_path), tmp_path, GATE)


def test_once_the_weights_are_off_the_vessel_is_watched_again(tmp_path: Path) -> None:
    run = Run(DAILY, tmp_path, faults=["evaporation:by=2mg/h,at=34min"])
    rest = run.done().cases[2]
    assert rest.verdict == "INVALID"
    assert "the vessel lost 2." in rest.reasons[0]


# --- the gate ---


def short(tmp_path: Path) -> Path:
    folder = tmp_path / "plans"
    folder.mkdir(exist_ok=True)
    return short_plan(folder)


def test_a_run_waits_for_the_check_and_then_knows_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no daily check on simulated instruments .* dosebench run test_plans/daily_"):
        Run(short(tmp_path), tmp_path, GATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.toml", "plans"]
    daily = Run(DAILY, tmp_path, GATE)
    assert daily.done().verdict == "PASS"
    run = Run(short(tmp_path), tmp_path, GATE)
    assert run.done().verdict == "PASS"
    (told,) = run.notes("daily check")
    assert (told["repeatability_n"], told["run"]) == (10, daily.campaign.run)
    assert told["repeatability_g"] == daily.check.repeatability_g  # type: ignore[union-attr]
    assert told["deviation_g"] == daily.check.deviation_g  # type: ignore[union-attr]
    assert json.loads((run.campaign.folder / "run.json").read_text())["daily_check"] == told


def test_a_failed_check_takes_the_place_of_one_that_passed(tmp_path: Path) -> None:
    assert Run(DAILY, tmp_path).done().verdict == "PASS"
    assert Run(DAILY, tmp_path, '\n[simulation.cell]\nsensitivity = "200 ppm"\n').done().verdict == "FAIL"
    with pytest.raises(ConfigError, match=r"did not pass the daily check .*: FAIL, deviation from the check weight: FAIL"):
        Run(short(tmp_path), tmp_path, GATE)


def test_a_check_that_is_given_up_within_takes_its_place_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Run(DAILY, tmp_path).done()
    given_up = Run(DAILY, tmp_path)
    simulated().hands._moments_s.append(0.0)
    simulated().hands._loads_g.append(1.0)
    assert given_up.done().verdict == "INVALID"
    with pytest.raises(ConfigError, match=r"did not pass the daily check .*: INVALID, .*there is a weight on the pan"):
        Run(short(tmp_path), tmp_path, GATE)


def test_a_check_that_never_began_changes_nothing(tmp_path: Path) -> None:
    passed = Run(DAILY, tmp_path)
    passed.done()
    kept = passed.check
    ended = Run(DAILY, tmp_path)
    ended.campaign.start()
    ended.campaign.abort_case(ended.campaign.plan.cases[0], "ended by hand")
    assert ended.campaign.close().verdict == "ABORTED"
    assert ended.check == kept


def test_a_run_that_is_no_check_leaves_no_check(tmp_path: Path) -> None:
    run = Run(short(tmp_path), tmp_path)
    run.done()
    assert run.check is None
    assert not (tmp_path / "checks").exists()
    assert json.loads((run.campaign.folder / "run.json").read_text())["daily_check"] is None


def test_a_check_that_cannot_be_kept_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "checks").touch()
    verdict = Run(DAILY, tmp_path).done()
    assert verdict.verdict == "INVALID"
    assert "what the daily check found cannot be written" in verdict.cases[-1].reasons[0]


# --- somebody has to be there ---


class Person:
    """Has the simulated hands do it, or gives up."""

    def __init__(self, until: int) -> None:
        self.asked: list[Step] = []
        self._until = until

    def ask(self, step: Step, meanwhile: Callable[[], None]) -> str:
        self.asked.append(step)
        if len(self.asked) > self._until:
            raise BenchError("the operator gave up")
        return simulated().hands.ask(step, meanwhile) + " by me"


@pytest.fixture
def no_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ports, "hands", None)


@pytest.mark.usefixtures("no_hands")
def test_where_the_bench_has_no_hands_the_operator_is_asked(tmp_path: Path) -> None:
    person = Person(until=4)
    campaign = Campaign(load_plan(DAILY), load_bench(BENCH), tmp_path, person)
    campaign.start()
    verdict, *_ = (campaign.run_case(case) for case in campaign.plan.cases)
    assert campaign.close().verdict == "INVALID"
    assert verdict.reasons == ("the operator gave up",)
    assert [event.data["answer"] for event in campaign.record.of_kind("done by hand")] == ["done by me"] * 4


@pytest.mark.usefixtures("no_hands")
def test_where_nobody_can_be_asked_the_check_is_refused_before_anything_moves(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="case DAILY-50G has steps that are done by hand, and nobody can be asked"):
        Run(DAILY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bench.toml"]
    assert Run(short(tmp_path), tmp_path).campaign.close().verdict == "ABORTED"


# --- on paper ---


WEIGHTS_S, FLOW_S, REST_S = 120 + 20 * (15 + 10 + 10), 120 + 300, 300 + 1800


def test_the_dry_run_knows_what_a_check_takes() -> None:
    found = check(load_plan(DAILY), load_bench(BENCH), date(2026, 2, 1))
    assert found.duration_s == 1200 + WEIGHTS_S + FLOW_S + REST_S
    assert found.volume_ml == pytest.approx(12 * FLOW_S / 3600)
    assert found.undecided == ()


FLOW = """[[case]]
id = "FIRST"
title = "a flow"
procedure = "steady-flow"
rate = "12 mL/h"
duration = "5 min"
flow_error = { within = "5 %" }
requirement = ["BAL"]

[[case]]"""
IMPOSSIBLE = {
    "too heavy": ('check_weight = "50 g"', 'check_weight = "221 g"', "221 g is too heavy .* it weighs up to 220 g"),
    "weights after a flow": (
        "[[case]]",
        FLOW,
        "case DAILY-50G: check weights come before everything that flows; put it before case FIRST",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_work_is_refused(old: str, new: str, message: str, edited: Edit) -> None:
    with pytest.raises(ConfigError, match=message):
        check(load_plan(edited(DAILY, old, new)), load_bench(BENCH), date(2026, 2, 1))
