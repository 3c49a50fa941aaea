"""The matrix as a reader sees it: data sources apart, everything linked both ways, nothing of a file's text taken for markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.plan import load_plan
from harness.traceability.matrix import Matrix, trace
from harness.traceability.requirements import load_requirements
from reports.trace_page import GAPS, marked, trace_page, trace_text
from tests.harness.traced import REQUIREMENTS, add_run, plan_file, requirements_file
from tests.reports.test_pages import opened

SIMULATED = "verdicts marked (simulated) are SIMULATED: no real pump was tested"


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    """A real and a simulated run, one of a plan that was changed, one that cannot be read; a gap of every kind."""
    text = REQUIREMENTS.replace("One millilitre.", "One <script>alert(1)</script> & more.")
    path = plan_file(tmp_path, {"C1": ["R1"], "C2": ["R9", "OUT"], "C3": ["<b>R8</b>"]})
    old, runs = load_plan(path), tmp_path / "runs"
    add_run(runs, old, {"C1": "PASS", "C2": "PASS", "C3": "PASS"}, hour=1)
    path.write_text(path.read_text("utf-8").replace("5 %", "4 %"), encoding="utf-8")
    plan = load_plan(path)
    add_run(runs, plan, {"C1": "PASS", "C2": "FAIL", "C3": "PASS"}, hour=2, source="simulated")
    (add_run(runs, plan, {"C1": "PASS", "C2": "PASS", "C3": "PASS"}, hour=3) / "verdicts.json").unlink()
    add_run(runs, plan, {"C1": "INCONCLUSIVE", "C2": "PASS", "C3": "PASS"}, hour=4, carried="80-P-real")
    return trace(load_requirements(requirements_file(tmp_path, text)), [plan], runs)


WORDS = [
    ("PASS", "real", "PASS"),
    ("PASS", "simulated", "PASS (simulated)"),
    ("FAIL", "replay", "FAIL (replay)"),
    ("partly run", "simulated", "partly run (simulated)"),
    ("not run", "simulated", "not run"),
    ("out of scope", "simulated", "out of scope"),
]


@pytest.mark.parametrize(("word", "source", "told"), WORDS)
def test_a_verdict_never_stands_without_its_data_source(word: str, source: str, told: str) -> None:
    assert marked(word, source) == told


LINES = [
    SIMULATED,
    r"requirement  real          simulated         cases",
    r"R1           INCONCLUSIVE  PASS (simulated)  P/C1",
    r"R2           no case       no case",
    r"OUT          out of scope  out of scope      P/C2",
    "Requirements without a case (1): R2",
    "Requirements that are out of scope, and have a case all the same (1): OUT",
    "Cases without a requirement that is known (1): P/C3",
    "Requirements of a case that the requirements file does not have (2): P/C2: R9; P/C3: <b>R8</b>",
    "Runs of another revision of the plan, which do not count (1): 89-P-real",
]


def test_the_text_says_what_is_missing(matrix: Matrix) -> None:
    lines = trace_text(matrix).splitlines()
    assert lines[: len(LINES)] == LINES
    assert re.fullmatch(r"Run folders that cannot be read \(1\): 87-P-real: .*verdicts.json.*", lines[-1])
    assert set(GAPS) == set(matrix.gaps.__slots__)


def test_nothing_is_missing(tmp_path: Path) -> None:
    plan = load_plan(plan_file(tmp_path, {"C1": ["R1", "R2"]}))
    add_run(tmp_path / "runs", plan, {"C1": "PASS"})
    found = trace(load_requirements(requirements_file(tmp_path)), [plan], tmp_path / "runs")
    page = trace_page(found)
    assert "Nothing is missing." in page
    assert "SIMULATED" not in page + trace_text(found)


def test_the_page_is_linked_both_ways_and_has_no_script(matrix: Matrix) -> None:
    page = trace_page(matrix)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    assert all(f'href="#{link}"' in page for link in ("requirement-R1", "requirement-OUT", "case-P/C1", "case-P/C2"))
    assert f'<p class="banner">{SIMULATED}</p>' in page
    assert "<script" not in page
    assert "<b>R8</b>" not in page
    assert not re.search(r"https?:|src=", page)


@pytest.mark.browser
def test_the_page_opens_in_a_browser(matrix: Matrix, tmp_path: Path) -> None:
    page = tmp_path / "trace.html"
    page.write_text(trace_page(matrix), encoding="utf-8")
    shown, complaints = opened(page, tmp_path / "profile")
    cells = [re.sub(r"<br>|</?[abi]\b[^>]*>", " ", cell).split() for cell in re.findall(r"<td>(.*?)</td>", shown)]
    words = [" ".join(cell) for cell in cells]
    assert all(
        text in shown for text in (SIMULATED, matrix.plans[0].sha256, "One &lt;script&gt;alert(1)&lt;/script&gt; &amp; more.")
    )
    for row in (
        ["P/C2", "C2", "bolus", "OUT , R9 (unknown)", "PASS", "FAIL (simulated)"],
        ["P/C1", "88-P-simulated", "2026-03-04 02:00:00", "simulated", "PASS (simulated)", "closed"],
        ["P/C1", "86-P-real", "2026-03-04 04:00:00", "real", "INCONCLUSIVE", "closed verdict carried over from 80-P-real"],
    ):
        assert row in [words[at : at + len(row)] for at in range(len(words))]
    assert not re.search("Content Security Policy|Uncaught", complaints)
