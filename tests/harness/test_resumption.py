"""A plan that goes on where it was cut: what is carried over, what is repeated, and what cannot be resumed at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.bench import Bench, load_bench
from harness.campaign import Campaign
from harness.conclusion import VERDICT, Judged
from harness.plan import Plan, load_plan
from harness.readback import read_journal
from harness.recorder import JOURNAL, Recorder
from harness.recovery import close_cut
from harness.resumption import NOTHING_CARRIED, resume
from harness.verdicts import VERDICTS, CaseVerdict, Verdict, read_verdicts
from instruments.errors import ConfigError
from tests.conftest import ROOT
from tests.dosebench.test_cli import short_plan
from tests.harness.test_recovery import cut, finished

BENCH = ROOT / "benches" / "simulated.toml"
CASE = """
[[case]]
id = "{id}"
title = "{id}"
procedure = "bolus"
volume = "{volume}"
over = "75 s"
volume_error = {{ within = "5 %" }}
requirement = ["R1"]
{after}
"""


def plan_of(folder: Path, *cases: tuple[str, str], volume: str = "1 mL") -> Path:
    """A plan of boluses: each with its name, and the one that it is timed from, if any."""
    head = short_plan(folder).read_text().partition("[[case]]")[0]
    path = folder / "plan.toml"
    after = {
        name: f'after = {{ case = "{other}", start_to_start = "30 min", within = "1 min" }}' for name, other in cases if other
    }
    path.write_text(head + "".join(CASE.format(id=name, volume=volume, after=after.get(name, "")) for name, _ in cases))
    return path


def told(plan: Plan, bench: Bench, run: str = "r-1") -> Mapping[str, Any]:
    return {
        "plan": {"id": plan.id, "tables": plan.tables},
        "bench": {"id": bench.id, "tables": bench.tables},
        "cases": [{"id": case.id, "title": case.title, "requirement": list(case.requirement)} for case in plan.cases],
    }


WORDS: Mapping[str, Callable[[str], Judged]] = {
    "PASS": lambda name: judged(name, Verdict.PASS, from_record=True),
    "FAIL": lambda name: judged(name, Verdict.FAIL, from_record=True),
    "INCONCLUSIVE": lambda name: judged(name, Verdict.INCONCLUSIVE, from_record=True),
    "measured INVALID": lambda name: judged(name, Verdict.INVALID, from_record=True),
    "alarm": lambda name: judged(name, Verdict.FAIL),
    "lost": lambda name: judged(name, Verdict.INVALID),
    "ABORTED": lambda name: judged(name, Verdict.ABORTED),
    "carried": lambda name: judged(name, Verdict.PASS, carried="r-0"),
    "carried INVALID": lambda name: judged(name, Verdict.INVALID, carried="r-0"),
}


def judged(name: str, verdict: Verdict, *, from_record: bool = False, carried: str = "") -> Judged:
    return Judged(CaseVerdict(name, name, verdict, ("R1",), (), ("before",)), from_record=from_record, carried=carried)


def journal_of(folder: Path, plan: Plan, bench: Bench, *verdicts: str) -> Path:
    """The folder of a closed run in which these were the verdicts of the first cases; empty: none."""
    with Recorder(folder, "r-1", "simulated", told(plan, bench)) as recorder:
        for at, (case, word) in enumerate(zip(plan.cases, verdicts, strict=False)):
            if word:
                recorder.event(at, VERDICT, case.id, WORDS[word](case.id).as_data())
    return folder


CARRIED = [
    # the cases and what each is timed from; the verdicts that the run has; the cases that are carried over
    ("A B C", ("PASS",), "A"),
    ("A B C", ("PASS", "PASS"), "A B"),
    ("A B C", (), ""),
    ("A B C", ("", "PASS", "PASS"), ""),
    ("A B C", ("PASS", "", "PASS"), "A"),
    ("A B C", ("FAIL", "INCONCLUSIVE"), "A B"),
    ("A B C", ("measured INVALID", "alarm"), "A B"),
    ("A B C", ("PASS", "lost"), "A"),
    ("A B C", ("PASS", "lost", "PASS"), "A"),
    ("A B C", ("PASS", "ABORTED"), "A"),
    ("A B C", ("carried", "carried INVALID", "ABORTED"), "A B"),
    ("A B:A C", ("PASS",), ""),
    ("A B C:B", ("PASS", "PASS"), "A"),
    ("A B C:A", ("PASS", "PASS"), ""),
    ("A B C:B D:C", ("PASS", "PASS", "PASS"), "A"),
    ("A B:A C", ("PASS", "PASS"), "A B"),
    ("A B:A C D:C", ("PASS", "PASS", "PASS"), "A B"),
]


@pytest.mark.parametrize(("cases", "verdicts", "carried"), CARRIED)
def test_every_case_before_the_first_without_a_verdict_is_carried(
    cases: str, verdicts: tuple[str, ...], carried: str, tmp_path: Path
) -> None:
    """A case that is timed from another is repeated with it."""
    named = [(name, other) for name, _, other in (case.partition(":") for case in cases.split())]
    plan, bench = load_plan(plan_of(tmp_path, *named)), load_bench(BENCH)
    folder = journal_of(tmp_path / "run", plan, bench, *verdicts)
    found = resume(folder, plan, bench)
    assert list(found.carried) == carried.split()
    words = dict(zip((case.id for case in plan.cases), verdicts, strict=False))
    for name, verdict in found.carried.items():
        before = WORDS[words[name]](name)
        said = () if before.carried else ("carried over from the run in run, which this one resumes",)
        assert (verdict.verdict, verdict.reasons) == (before.verdict.verdict, ("before", *said))
    assert (found.run, found.folder, found.chain) == ("r-1", "run", read_journal(folder / JOURNAL).hash)
    assert found.as_data() == {"run": "r-1", "folder": "run", "chain": found.chain, "carried": carried.split()}


def test_a_run_that_resumes_none_says_so() -> None:
    assert (NOTHING_CARRIED.as_data(), NOTHING_CARRIED.carried) == (None, {})


@pytest.fixture
def half(tmp_path: Path) -> tuple[Path, Plan]:
    """A closed run of two cases, the second of which has no verdict; and its plan."""
    plan = load_plan(plan_of(tmp_path, ("A", ""), ("B", "")))
    return journal_of(tmp_path / "run", plan, load_bench(BENCH), "PASS"), plan


OTHERS: Mapping[str, Callable[[Path, Plan], tuple[Plan, Bench, str]]] = {
    "another plan": lambda out, _: (load_plan(plan_of(out, ("A", ""), ("B", ""), volume="2 mL")), load_bench(BENCH), "plan"),
    "a case more": lambda out, _: (load_plan(plan_of(out, ("A", ""), ("B", ""), ("C", ""))), load_bench(BENCH), "plan"),
    "another seed": lambda _, plan: (plan, load_bench(BENCH, seed=2), "bench"),
    "another fault": lambda _, plan: (plan, load_bench(BENCH, faults=["rate-gain:+6%"]), "bench"),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_plan_or_bench_is_refused(other: Callable[..., Any], half: tuple[Path, Plan], tmp_path: Path) -> None:
    folder, before = half
    (tmp_path / "other").mkdir()
    plan, bench, what = other(tmp_path / "other", before)
    with pytest.raises(ConfigError, match=rf"run: was a run with another {what} \(.*\) than this one; begin a run of its own"):
        resume(folder, plan, bench)


def test_other_words_and_another_order_are_the_same_plan(half: tuple[Path, Plan]) -> None:
    folder, plan = half
    plan.path.write_text("# a comment\n" + plan.text.replace('id = "A"\ntitle = "A"', 'title = "A"\nid = "A"'))
    assert list(resume(folder, load_plan(plan.path), load_bench(BENCH)).carried) == ["A"]


def test_a_run_that_is_not_closed_is_refused(half: tuple[Path, Plan]) -> None:
    folder, plan = half
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(ConfigError, match="this run has not been closed; 'dosebench recover' closes it, if nobody is running it"):
        resume(folder, plan, load_bench(BENCH))


@pytest.mark.parametrize("words", [("PASS", "PASS"), ("FAIL", "measured INVALID"), ("carried", "INCONCLUSIVE")])
def test_a_run_with_nothing_left_is_refused(words: tuple[str, ...], half: tuple[Path, Plan], tmp_path: Path) -> None:
    _, plan = half
    with pytest.raises(ConfigError, match="every case of this run has its verdict; there is nothing to resume"):
        resume(journal_of(tmp_path / "whole", plan, load_bench(BENCH), *words), plan, load_bench(BENCH))


# --- carried out ---


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Closed runs of three boluses: of a good pump, and of one that gives too much."""
    made: dict[str, Path] = {}
    for name, faults in (("PASS", ()), ("FAIL", ("rate-gain:+6%",))):
        out = tmp_path_factory.mktemp(name)
        made[name] = finished(out, *faults, plan=lambda folder: plan_of(folder, ("A", ""), ("B", ""), ("C", "")))
    return made


@pytest.mark.parametrize("verdict", ["PASS", "FAIL"])
def test_a_resumed_run_is_a_new_one_that_carries_what_is_known_and_runs_the_rest(
    verdict: str, whole: dict[str, Path], tmp_path: Path
) -> None:
    """Cut in its second case, closed, resumed; then that one again, cut in its third."""
    source = whole[verdict]
    plan = load_plan(source / "plan.toml")
    bench = load_bench(BENCH, faults=["rate-gain:+6%"] if verdict == "FAIL" else [])
    old = cut(source, tmp_path / "old", "phase", "B", "bolus")
    assert close_cut(old).verdict.verdict == ("ABORTED" if verdict == "PASS" else "FAIL")
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    new = carried_out(plan, bench, tmp_path / "out", old)
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before
    journal = read_journal(new / JOURNAL)
    chain = read_journal(old / JOURNAL)
    assert journal.head["resumes"] == {"run": chain.head["run"], "folder": "old", "chain": chain.hash, "carried": ["A"]}
    assert journal.head["run"] != chain.head["run"]
    assert dict.fromkeys(event.case for event in journal.entries if event.kind == "phase") == dict.fromkeys(
        ["preparation", "B", "C"]
    )
    found = read_verdicts(new / VERDICTS)
    assert [(case.id, case.verdict.value) for case in found.cases] == [(name, verdict) for name in "ABC"]
    reason = "carried over from the run in old, which this one resumes"
    assert [case.reasons[-1:] == (reason,) for case in found.cases] == [True, False, False]
    first = json.loads((source / VERDICTS).read_bytes())["cases"][0]
    again = json.loads((new / VERDICTS).read_bytes())["cases"][0]
    assert {**again, "reasons": first["reasons"]} == first
    third = cut(new, tmp_path / "third", "phase", "C", "bolus")
    close_cut(third)
    assert {name: case.reasons[-1] for name, case in resume(third, plan, bench).carried.items()} == {
        "A": reason,
        "B": "carried over from the run in third, which this one resumes",
    }


def carried_out(plan: Plan, bench: Bench, out: Path, old: Path) -> Path:
    """The folder of a run that resumes the one in ``old``; every case is asked for, as pytest does."""
    campaign = Campaign(plan, bench, out, resumed=resume(old, plan, bench))
    for case in plan.cases:
        if not campaign.started_up and not campaign.carried(case):
            campaign.start()
        campaign.run_case(case)
    campaign.close()
    return campaign.folder


def test_a_resumed_run_that_is_cut_before_anything_still_knows_what_it_carried(whole: dict[str, Path], tmp_path: Path) -> None:
    """What is carried over is in the journal before anything else."""
    source = whole["PASS"]
    plan, bench = load_plan(source / "plan.toml"), load_bench(BENCH)
    old = cut(source, tmp_path / "old", "phase", "B", "bolus")
    close_cut(old)
    new = carried_out(plan, bench, tmp_path / "out", old)
    again = cut(new, tmp_path / "again", VERDICT, "A")
    assert [event.kind for event in read_journal(again / JOURNAL).entries] == [VERDICT]
    assert close_cut(again).verdict.verdict == "ABORTED"
    assert list(resume(again, plan, bench).carried) == ["A"]
