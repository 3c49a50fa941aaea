"""The drill of our own verdicts: its table is whole, its runs are judged right, and a harness that is wrong makes it red."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dosebench.drill import drill as command
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.qualification.counting import as_they_come
from harness.qualification.drill import curves, jobs, runs
from harness.qualification.drill.curves import GRADED, Caught, Curve, CurveJob, caught
from harness.qualification.drill.found import Drill, as_json
from harness.qualification.drill.jobs import Asked, deserved
from harness.qualification.drill.places import PLACES, Site
from harness.qualification.drill.runs import CRASHED, Job, Outcome, names, one_run
from harness.qualification.drill.table import BLIND, COMBINED, INSIDE, NOT_ASKED, TOLD, Told
from harness.verdicts import CaseVerdict, Verdict
from instruments.errors import ConfigError
from instruments.sim.faults import FAULTS, parse_fault
from tests.conftest import ROOT

DAILY = ROOT / "test_plans" / "daily_check.toml"
BENCH = ROOT / "benches" / "simulated.toml"


def a_run(faults: str = "rate-gain:+3%", right: tuple[str, ...] = ("FAIL",), seed: int = 1) -> Job:
    return Job("told", DAILY, BENCH, faults, seed, right)


# --- the table ---


def test_every_fault_of_the_registry_has_to_be_told_by_some_plan_or_is_known_to_be_blind() -> None:
    drilled = {name for row in (*TOLD, *BLIND) for name in names(row.faults)}
    assert drilled == set(FAULTS)
    told = {name for row in TOLD for name in names(row.faults)}
    assert set(FAULTS) - told == {"temperature"}


def test_every_shipped_plan_is_drilled() -> None:
    assert set(PLACES) == {path.stem for path in (ROOT / "test_plans").glob("*.toml")} - {"requirements"}


def test_every_row_can_be_written_for_its_plans_and_is_read_by_the_registry() -> None:
    sites = {name: Site(place, ROOT) for name, place in PLACES.items()}
    rows = (*TOLD, *BLIND, *INSIDE, *COMBINED)
    for row in rows:
        for plan in row.plans:
            read = [parse_fault(one)[0].name for one in runs.specs(sites[plan].spec(row.faults))]
            assert read == names(row.faults)


def test_nothing_is_asked_for_twice() -> None:
    todo = [(job.plan, job.faults, job.seed) for job in jobs.jobs(Asked(seeds=1), ROOT)]
    assert len(todo) == len(set(todo))


def test_a_moment_of_a_plan_lies_in_the_case_that_it_is_named_after() -> None:
    site = Site(PLACES["daily_check"], ROOT)
    assert 600 + 600 + 120 < float(site.spec("{flow}")[:-1]) < float(site.spec("{rest}")[:-1])
    without_rest = Site(PLACES["itb_reservoir"], ROOT)
    assert without_rest.spec("{rest}") == without_rest.spec("{flow}")


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        ("", "PASS"),
        ("rate-gain:+1%", "FAIL"),
        ("drift:1 mg/h", "INVALID"),
        ("rate-gain:+1% + drift:1 mg/h", "INVALID"),
        ("drift:1 mg/h + rate-gain:+1%", "INVALID"),
        ("occlusion:at=1h + occlusion-alarm-missing", "FAIL"),
    ],
)
def test_the_registry_says_what_faults_deserve(faults: str, verdict: str) -> None:
    assert deserved(faults) == verdict


@pytest.mark.parametrize(
    ("about", "plan", "faults", "right"),
    [
        ("clean", "itb_catheter", "", {"PASS"}),
        ("told", "itb_catheter", "leak:0.1%", {"FAIL"}),
        ("told", "itb_catheter", "calibration-overdue", {"INVALID"}),
        ("told", "daily_check", "calibration-overdue", {"INVALID"}),
        ("told", "daily_check", "drift:20mg/h", {"INVALID", "FAIL"}),  # it judges balance and vessel itself
        ("inside", "daily_check", "rate-gain:+1%", {"PASS", "INCONCLUSIVE"}),
        ("combined", "daily_check", "rate-gain:+3% + evaporation:8mg/h", {"FAIL", "INVALID"}),
        ("blind", "itb_catheter", "temperature:+8K", {"PASS"}),
        ("wide", "itb_catheter", "bolus-missed", {"FAIL"}),
        ("wide", "itb_titration", "vibration:2mg", {"INVALID", "ABORTED"}),  # an interlock may end a run of days
    ],
)
def test_which_verdicts_are_right(about: str, plan: str, faults: str, right: set[str]) -> None:
    found = [job for job in jobs.jobs(Asked(plans=(plan,), seeds=4), ROOT) if (job.about, job.faults) == (about, faults)]
    assert {verdict for job in found for verdict in job.right} == right


@pytest.mark.parametrize(
    ("faults", "plan", "seeds"),
    [
        ("rate-gain:+3%", "daily_check", 20),  # its stated size, with the first plan
        ("rate-gain:+3%", "syringe_pump_iec_method", 5),
        ("rate-gain:+16%", "itb_catheter", 5),  # another size
        ("low-alarm-missing", "itb_reservoir", 20),
        ("low-alarm-missing", "itb_catheter", 0),  # not asked
        ("temperature:+8K", "daily_check", 5),
        ("temperature:+8K", "itb_catheter", 1),
        ("", "itb_catheter", 20),
    ],
)
def test_how_many_seeds_a_row_gets(faults: str, plan: str, seeds: int) -> None:
    todo = [job for job in jobs.jobs(Asked(plans=(plan,), seeds=20, first_seed=7), ROOT) if job.faults == faults]
    assert [job.seed for job in todo] == list(range(7, 7 + seeds))


def test_a_plan_has_to_tell_every_fault_that_it_is_not_said_to_say_nothing_of() -> None:
    """On a bench whose pump can have it: told, wide or known to be blind; no fault is left out in silence."""
    for name, place in PLACES.items():
        site = Site(place, ROOT)
        able = {fault.name for fault in FAULTS.values() if not fault.pumps or site.pump in fault.pumps}
        asked = {one for job in jobs.jobs(Asked(plans=(name,), seeds=1), ROOT) for one in names(job.faults)}
        unasked = {fault for row in NOT_ASKED if name in row.plans for fault in row.faults}
        assert able <= asked | unasked, name


def test_the_short_drill_has_every_fault_that_can_be_told_once() -> None:
    todo = [job for job in jobs.jobs(Asked(seeds=1, short=True), ROOT) if job.about == "told"]
    single = [names(job.faults)[0] for job in todo if len(names(job.faults)) == 1]
    assert sorted(single) == sorted(set(FAULTS) - {"temperature"})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(plans=("x",)), "plan 'x' is not drilled; there are: "),
        (Asked(faults=("y",)), "fault 'y' is not drilled; there are: "),
        (Asked(plans=("daily_check",), faults=("pocket-fill",)), "nothing is left to run"),
    ],
)
def test_what_cannot_be_drilled_is_refused(asked: Asked, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        jobs.jobs(asked, ROOT)


# --- runs ---


def test_a_run_tells_its_verdict_and_what_decided_it() -> None:
    found = one_run(a_run())
    assert (found.ok, found.verdict, found.case, found.measurands) == (True, "FAIL", "DAILY-FLOW", ("flow error",))
    assert found.told.startswith("flow error: FAIL")
    assert not one_run(a_run(right=("INVALID",))).ok


def test_after_a_fail_nothing_is_run_that_could_not_change_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    plain = Campaign.run_case

    def run_case(self: Campaign, case: Any) -> CaseVerdict:
        judged.append(case.id)
        return plain(self, case)

    monkeypatch.setattr(Campaign, "run_case", run_case)
    one_run(a_run())
    assert judged == ["DAILY-50G", "DAILY-FLOW"]


def test_a_crash_is_an_outcome_that_is_never_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(path: Path) -> None:
        raise ZeroDivisionError(f"in {ROOT}/test_plans")

    monkeypatch.setattr(runs, "load_plan", crash)
    found = one_run(a_run())
    assert (found.ok, found.verdict, found.told) == (False, CRASHED, "ZeroDivisionError: in test_plans")


def test_no_path_of_a_machine_is_in_what_is_told() -> None:
    found = one_run(a_run("calibration-overdue", ("INVALID",)))
    assert "benches/simulated.toml: balance.calibration_due" in found.told
    assert str(ROOT) not in found.told


def test_the_command_repeats_a_run() -> None:
    job = a_run("rate-gain:+3% + drift:1 mg/h", seed=9)
    assert job.command == (
        "dosebench run test_plans/daily_check.toml --bench benches/simulated.toml "
        '--fault "rate-gain:+3%" --fault "drift:1 mg/h" --seed 9'
    )


# --- results ---


@pytest.mark.parametrize(
    ("verdict", "measurands", "ok"),
    [
        ("FAIL", ("a", "lead"), True),
        ("FAIL", ("a",), False),  # by something else
        ("FAIL", (), False),
        ("PASS", ("lead",), False),
    ],
)
def test_where_a_measurand_has_to_tell_no_other_will_do(verdict: str, measurands: tuple[str, ...], ok: bool) -> None:
    assert Outcome(replace(a_run(), by="lead"), verdict, "RES-LOW", measurands).ok is ok


def drilled(*outcomes: Outcome, found: tuple[Curve, ...] = ()) -> Drill:
    return Drill(Asked(seeds=1), ROOT, "2026-01-01T00:00:00Z", 1.0, 1, outcomes, found)


@pytest.mark.parametrize(("verdicts", "ok"), [(["FAIL"], True), (["FAIL", "PASS"], False), ([CRASHED], False), ([], False)])
def test_one_wrong_verdict_makes_a_drill_wrong_and_nothing_makes_it_right(verdicts: list[str], ok: bool) -> None:
    assert drilled(*(Outcome(a_run(seed=seed), verdict) for seed, verdict in enumerate(verdicts))).ok is ok


def test_the_matrix_counts_verdicts_and_what_decided_them() -> None:
    told = [
        Outcome(a_run(seed=1), "FAIL", "A", ("x", "y")),
        Outcome(a_run(seed=2), "FAIL", "A", ("x",)),
        Outcome(a_run(seed=3), "PASS"),
    ]
    data = as_json(drilled(*told))
    cell, *_ = data["cells"]
    assert (cell["runs"], [round(end, 1) for end in cell["interval_pct"]]) == (3, [9.4, 99.2])
    assert (cell["verdicts"], cell["ok"], cell["deserves"]) == ({"FAIL": 2, "PASS": 1}, False, "FAIL")
    assert cell["decided"] == [{"case": "A", "measurand": "x", "runs": 2}]
    assert [one["command"] for one in data["wrong"]] == [a_run(seed=3).command]
    assert data["plans"][0]["sha256"] == load_plan(DAILY).sha256
    assert str(ROOT) not in json.dumps(data)


def test_what_cannot_be_told_says_why_and_what_would_show_it() -> None:
    row = next(row for row in BLIND if row.faults == "lost-lines:at={flow},for=3s")
    found = [job for job in jobs.jobs(Asked(plans=("daily_check",), seeds=1), ROOT) if job.about == "blind"]
    (job,) = [job for job in found if names(job.faults) == ["lost-lines"]]
    cell, *_ = as_json(drilled(Outcome(job, "PASS")))["cells"]
    assert (cell["why"], cell["shown_by"]) == (row.why, row.shown_by)


def test_what_a_plan_does_not_ask_for_stands_in_the_matrix_without_a_run() -> None:
    unasked = {
        cell["faults"]: cell for cell in as_json(drilled(Outcome(a_run(), "FAIL")))["cells"] if cell["about"] == "not asked"
    }
    assert unasked["bolus-missed"]["why"] == "no case gives a bolus"
    assert {cell["runs"] for cell in unasked.values()} == {0}


# --- the command ---


def test_a_false_alarm_ends_the_command_with_one_and_the_command_that_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TOLD", (Told("rate-gain:+0.1%", ("daily_check",)),))
    words = ["--plans", "daily_check", "--faults", "rate-gain", "--short", "--jobs", "1", "--out", str(tmp_path)]
    found = CliRunner().invoke(command, words, standalone_mode=False)
    assert found.return_value == 1, found.output
    assert "WRONG PASS, right is FAIL: rate-gain:+0.1%, seed 1" in found.output
    assert "dosebench run test_plans/daily_check.toml" in found.output
    assert json.loads((tmp_path / "drill.json").read_text())["wrong"][0]["verdict"] == "PASS"
    assert (tmp_path / "qualification.html").exists()


CLEAN_CHECK = ["--plans", "daily_check", "--faults", "clean", "--jobs", "1"]


def a_drill(out: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [*CLEAN_CHECK, "--out", str(out), *words], standalone_mode=False)


def kept_in(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "runs.jsonl").read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def test_a_drill_that_was_cut_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    """Cut in the middle of a line: that run is made again, the whole one is taken as it is."""
    assert a_drill(tmp_path, "--seeds", "2").return_value == 0
    text = (tmp_path / "runs.jsonl").read_text(encoding="utf-8")
    whole, cut = text.splitlines()[1:]
    text = text.replace(cut + "\n", cut[:40]).replace('"took_s": ', '"took_s": 1000')
    (tmp_path / "runs.jsonl").write_text(text, encoding="utf-8")
    found = a_drill(tmp_path, "--seeds", "2", "--resume")
    assert found.return_value == 0, found.output
    taken, made = kept_in(tmp_path)[1:]
    assert [taken["key"], made["key"]] == [json.loads(whole)["key"], json.loads(cut)["key"]]
    rows = list(csv.DictReader((tmp_path / "runs.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["about"], row["plan"], row["verdict"]) for row in rows] == [("clean", "daily_check", "PASS")] * 2
    assert sorted(float(row["took_s"]) > 1000 for row in rows) == [False, True]  # only the other one was run again
    assert json.loads((tmp_path / "drill.json").read_text())["took_s"] >= taken["at_s"]


def test_a_run_that_crashed_is_made_again(tmp_path: Path) -> None:
    a_drill(tmp_path, "--seeds", "1")
    text = (tmp_path / "runs.jsonl").read_text(encoding="utf-8")
    (tmp_path / "runs.jsonl").write_text(text.replace('"verdict": "PASS"', '"verdict": "CRASHED"'), encoding="utf-8")
    assert a_drill(tmp_path, "--seeds", "1", "--resume").return_value == 0


@pytest.mark.parametrize("words", [("--resume",), ("--faults", "pocket-fill")], ids=["other runs", "nothing to run"])
def test_what_cannot_begin_leaves_an_older_result_alone(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "drill.json").write_text("{}")
    (tmp_path / "runs.jsonl").write_text('{"schema": "another"}\n')
    words = ("--plans", "daily_check", *words, "--out", str(tmp_path))
    assert isinstance(CliRunner().invoke(command, words, standalone_mode=False).exception, ConfigError)
    assert (tmp_path / "drill.json").exists()
    assert (tmp_path / "runs.jsonl").read_text() == '{"schema": "another"}\n'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "there is nothing to take up"),
        ('"version": "', "of another version, and cannot be taken up"),
        ('"daily_check": "', "of another plans, and cannot be taken up"),
    ],
)
def test_other_runs_are_not_taken_up(change: str | None, message: str, tmp_path: Path) -> None:
    if change:
        a_drill(tmp_path, "--seeds", "1")
        text = (tmp_path / "runs.jsonl").read_text(encoding="utf-8")
        (tmp_path / "runs.jsonl").write_text(text.replace(change, change + "9"), encoding="utf-8")
    assert message in str(a_drill(tmp_path, "--seeds", "1", "--resume").exception)


# --- curves ---

FLOW = GRADED[0]


def stated(size: float, true: float, u: float, verdict: str, error: float = 0.0) -> Caught:
    """With limits of 2 and guard bands of 0.1; ``error`` in u."""
    value = true + error * u
    interval = (value - 2 * u, value + 2 * u)
    return Caught(CurveJob(FLOW, size, 1, ROOT), verdict, value, u, true, (-2.0, 2.0), (-1.9, 1.9), interval, "%")


@pytest.mark.parametrize(
    ("true", "to_fail", "to_pass", "zone"),
    [
        (2.0, 0.5, 0.0228, "between"),
        (-2.0, 0.5, 0.0228, "between"),
        (2.05, 0.8413, 0.0013, "between"),
        (1.95, 0.1587, 0.1587, "between"),
        (2.11, 0.9861, 0.0, "outside by more than U"),
        (1.89, 0.0139, 0.5793, "inside by more than U"),
        (-2.11, 0.9861, 0.0, "outside by more than U"),
    ],
)
def test_what_the_budget_says_of_a_true_value(true: float, to_fail: float, to_pass: float, zone: str) -> None:
    """u is 0.05, the limits are 2, with guard bands 1.9; the shares are those of the normal distribution."""
    found = stated(0.0, true, 0.05, "FAIL")
    assert [found.to_fail, found.to_pass] == pytest.approx([to_fail, to_pass], abs=1e-4)
    assert found.zone == zone


def test_a_run_for_a_curve_states_its_measurand_beside_the_truth() -> None:
    found = caught(CurveJob(FLOW, 2.19, 3, ROOT))
    assert found.verdict == Verdict.FAIL
    assert found.limits == (-2.0, 2.0)
    assert 2.1 < found.true < 2.3
    assert 0 < abs(found.value - found.true) < 4 * found.u
    assert 0.02 < found.u < 0.1


SIZES = tuple(round(1.85 + 0.05 * at, 2) for at in range(7))


def a_curve(*, u: float = 0.05, bias: float = 0.0, guard: float = 2.0, runs_each: int = 20, spread: float = 1.0) -> Curve:
    """Runs whose errors are those of u = 0.05 (times ``spread``, and ``bias`` of them aside), stated with ``u``."""
    random, graded, found = np.random.default_rng(5), replace(FLOW, sizes=SIZES), []
    for size in SIZES:
        for seed in range(runs_each):
            value = size + 0.05 * (spread * random.standard_normal() + bias)
            verdict = "FAIL" if abs(value) > 2 else "PASS" if abs(value) <= 2 - guard * u else "INCONCLUSIVE"
            run = stated(size, size, u, verdict, (value - size) / u)
            found.append(replace(run, job=CurveJob(graded, size, seed, ROOT), acceptance=(-2 + 2 * u, 2 - 2 * u)))
    return curves.curves(found)[0]


@pytest.mark.parametrize(
    ("wrong", "ok"),
    [
        ({}, True),
        ({"runs_each": 100}, True),
        ({"bias": 1.0}, False),
        ({"bias": -0.6}, False),
        ({"u": 0.025}, False),  # the budget states half of it
        ({"u": 0.1, "runs_each": 25}, False),  # or twice as much
        ({"guard": 0.0}, False),  # the guard band dropped: INCONCLUSIVE becomes PASS
    ],
)
def test_a_curve_agrees_with_a_right_budget_and_with_no_wrong_one(wrong: dict[str, Any], ok: bool) -> None:
    assert a_curve(**wrong).ok is ok


def test_the_sizes_that_are_caught_lie_between_the_points_with_their_intervals() -> None:
    found = a_curve(runs_each=200)
    assert found.size_at(0.5, predicted=True) == pytest.approx(2.0)
    assert found.size_at(0.95, predicted=True) == pytest.approx(
        2.0 + 0.05 * 1.645, abs=0.01
    )  # a straight line between two points
    half, interval = found.size_at(0.5, predicted=False), found.size_interval(0.5)
    assert half == pytest.approx(2.0, abs=0.01)
    assert interval is not None
    assert interval[0] < 2.0 < interval[1]
    assert 0.003 < interval[1] - interval[0] < 0.04
    assert found.size_at(0.9999, predicted=True) is None


def test_runs_without_a_value_are_told_and_a_curve_of_them_is_wrong_but_no_crash() -> None:
    (found,) = curves.curves([Caught(CurveJob(FLOW, size, 1, ROOT), "INVALID") for size in FLOW.sizes])
    assert (found.ok, found.unjudged, found.points) == (False, 8, ())
    text = json.dumps(as_json(drilled(Outcome(a_run(), "FAIL"), found=(found,))), allow_nan=False)
    assert json.loads(text)["curves"][0]["expanded_uncertainty"] is None


def test_a_run_that_crashes_leaves_its_curve_one_run_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "carried_out_as_read", lambda *_: 1 / 0)
    assert (caught(CurveJob(FLOW, 2.0, 1, ROOT)).verdict, caught(CurveJob(FLOW, 2.0, 1, ROOT)).judged) == (CRASHED, False)


def test_other_benches_are_drawn_for_every_size_and_seed() -> None:
    drawn: list[Any] = [curves._bench(CurveJob(FLOW, *which, ROOT))["simulation"] for which in ((2.0, 1), (2.0, 2), (2.05, 1))]
    assert len({one["fill"] for one in drawn}) == len({one["seed"] for one in drawn}) == 3


def dies(job: int) -> int:
    if job == 3:
        os._exit(9)
    return job


def test_a_process_that_dies_costs_its_runs_and_no_others_result() -> None:
    found = list(as_they_come(dies, [1, 2, 3, 4], 1, lambda *_: None, lambda job, _: -job))
    assert sorted(map(abs, found)) == [1, 2, 3, 4]
    assert -3 in found


def test_the_limits_and_cases_of_the_curves_are_those_of_the_shipped_plans() -> None:
    for one in GRADED:
        cases = {case.id for case in load_plan(PLACES[one.plan].files(ROOT)[0]).cases}
        assert one.case in cases
        parse_fault(one.spec(one.sizes[0]))
