"""From the entries of a journal to the verdict of a run: what speaks first, and nothing green in a run that was cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.conclusion import ENDED, MARK, VERDICT, Judged, conclude, judged_cases, mark, not_closed
from harness.record import Event
from harness.verdicts import CaseVerdict, Measurand, RunVerdict, Verdict, read_verdicts, write_verdicts

CASES = [{"id": name, "title": f"case {name}", "requirement": ["R1", "R2"]} for name in "ABC"]
MEASURED = Measurand("flow error", 0.5, "%", 0.2, 2.0, (-2.0, 2.0), "guarded", Verdict.PASS)


def case(name: str, verdict: str, *reasons: str) -> CaseVerdict:
    measured = (replace(MEASURED, verdict=Verdict(verdict)),) if verdict in ("PASS", "FAIL", "INCONCLUSIVE") else ()
    return CaseVerdict(name, f"case {name}", Verdict(verdict), ("R1", "R2"), measured, reasons)


def ended(verdict: str) -> Event:
    return Event(9, ENDED, "", mark(Verdict(verdict), "the reason"))


def marked(verdict: str, reason: str = "the mark") -> Event:
    return Event(9, MARK, "", mark(Verdict(verdict), reason))


def concluded(verdicts: str, *events: Event) -> RunVerdict:
    """``verdicts``: of A, B, C; ``-`` for none."""
    judged = {name: case(name, word) for name, word in zip("ABC", verdicts.split(), strict=True) if word != "-"}
    return conclude("r-1", "simulated", CASES, events, judged)


def in_words(run: RunVerdict) -> str:
    return " ".join([*(case.verdict.value for case in run.cases), "->", run.verdict.value])


RUNS: Sequence[tuple[str, Sequence[Event], str]] = [
    ("PASS PASS PASS", (), "PASS PASS PASS -> PASS"),
    ("PASS FAIL PASS", (), "PASS FAIL PASS -> FAIL"),
    ("INVALID INCONCLUSIVE PASS", (), "INVALID INCONCLUSIVE PASS -> INVALID"),
    ("INCONCLUSIVE PASS PASS", (), "INCONCLUSIVE PASS PASS -> INCONCLUSIVE"),
    ("INVALID - FAIL", (), "INVALID ABORTED FAIL -> FAIL"),
    ("PASS PASS -", (), "ABORTED ABORTED ABORTED -> ABORTED"),
    ("INVALID - INVALID", (), "INVALID ABORTED INVALID -> ABORTED"),
    ("- - -", (), "ABORTED ABORTED ABORTED -> ABORTED"),
    # a run that was cut short
    ("PASS PASS PASS", (ended("ABORTED"),), "ABORTED ABORTED ABORTED -> ABORTED"),
    ("PASS FAIL -", (ended("ABORTED"),), "ABORTED FAIL ABORTED -> FAIL"),
    ("INVALID INCONCLUSIVE PASS", (ended("ABORTED"),), "INVALID INCONCLUSIVE ABORTED -> ABORTED"),
    ("PASS INVALID INVALID", (ended("INVALID"),), "PASS INVALID INVALID -> INVALID"),
    ("PASS - -", (ended("INVALID"), ended("ABORTED")), "ABORTED ABORTED ABORTED -> ABORTED"),
    # what is wrong with the run as a whole is said in its last case
    ("PASS PASS PASS", (marked("INVALID"),), "PASS PASS INVALID -> INVALID"),
    ("PASS PASS PASS", (marked("ABORTED"),), "ABORTED ABORTED ABORTED -> ABORTED"),
    ("PASS PASS FAIL", (marked("ABORTED"),), "PASS PASS FAIL -> FAIL"),
    ("PASS PASS INVALID", (marked("ABORTED"),), "ABORTED ABORTED ABORTED -> ABORTED"),
    ("PASS PASS PASS", (marked("INVALID"), marked("ABORTED", "another")), "ABORTED ABORTED ABORTED -> ABORTED"),
]


@pytest.mark.parametrize(("verdicts", "events", "found"), RUNS)
def test_what_becomes_of_cases_and_run(verdicts: str, events: Sequence[Event], found: str) -> None:
    assert in_words(concluded(verdicts, *events)) == found


def test_in_a_run_that_was_cut_no_value_is_green_but_all_are_there() -> None:
    first, second, third = concluded("PASS FAIL -", ended("ABORTED")).cases
    assert first.measurands == (replace(MEASURED, verdict=Verdict.ABORTED),)
    assert first.reasons == (
        "judged in a run that was aborted, where nothing counts as passed; a run that resumes it may carry this over",
    )
    assert (second.measurands[0].verdict, second.reasons) == (Verdict.FAIL, ())
    assert third.reasons == ("not reached, or not selected",)


def test_a_mark_stands_beside_what_was_measured_and_is_said_once() -> None:
    run = concluded("PASS PASS PASS", marked("INVALID"), marked("INVALID"), marked("ABORTED", "another"))
    assert [len(found.reasons) for found in run.cases] == [1, 1, 2]
    assert run.cases[2].reasons == ("the mark", "another")
    assert run.cases[2].measurands == (MEASURED,)


def test_every_case_of_the_plan_is_there_in_its_order_with_what_it_answers() -> None:
    judged = {name: case(name, "PASS") for name in "CXA"}
    run = conclude("r-1", "real", CASES, (), judged)
    assert [found.id for found in run.cases] == ["A", "B", "C"]
    assert run.cases[1] == CaseVerdict("B", "case B", Verdict.ABORTED, ("R1", "R2"), (), ("not reached, or not selected",))
    assert (run.run, run.data_source) == ("r-1", "real")


def test_a_run_that_nobody_closes_says_so_in_every_case() -> None:
    run = not_closed("r-1", "simulated", CASES)
    assert in_words(run) == "ABORTED ABORTED ABORTED -> ABORTED"
    assert {reason for found in run.cases for reason in found.reasons} == {
        "the run has not been closed: it goes on, or it was cut short; see 'dosebench recover'"
    }


JUDGED: Mapping[str, Judged] = {
    "A": Judged(case("A", "PASS"), from_record=True),
    "B": Judged(case("B", "FAIL", "flow error: FAIL"), carried="r-0"),
    "C": Judged(case("C", "ABORTED", "not run")),
}


def test_a_journal_gives_back_what_was_judged(tmp_path: Any) -> None:
    """Through JSON, as it stands in the journal and in the verdicts file; the last word about a case counts."""
    write_verdicts(RunVerdict("r", "real", tuple(found.verdict for found in JUDGED.values())), tmp_path / "verdicts.json")
    assert read_verdicts(tmp_path / "verdicts.json").cases == tuple(found.verdict for found in JUDGED.values())
    events = [Event(1, VERDICT, name, found.as_data()) for name, found in JUDGED.items()]
    other = [Event(0, VERDICT, "A", JUDGED["C"].as_data()), Event(2, "note", "A", {})]
    assert judged_cases([*other, *events]) == JUDGED
