"""A drill's folder to its report: everything that is there is in it, and a file that is something else is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from instruments.errors import ConfigError
from reports.allure3 import install_tools
from reports.drill_csv import curves_csv, matrix_csv
from reports.qualification_report import write_allure_report, write_report
from tests.reports.drills import COVERAGE, MUTANTS, RISK, drill, write_drill

WRITTEN = {"qualification.html", "matrix.csv", "curves.csv", "allure-results"}


def test_a_drill_alone(tmp_path: Path) -> None:
    page = write_report(write_drill(tmp_path, drill()))
    assert page == tmp_path / "qualification.html"
    assert {path.name for path in tmp_path.iterdir()} == {"drill.json", *WRITTEN}
    assert (tmp_path / "matrix.csv").read_bytes().decode() == matrix_csv(drill())
    assert (tmp_path / "curves.csv").read_bytes().decode() == curves_csv(drill())
    assert len(list((tmp_path / "allure-results").glob("*-result.json"))) == 9
    assert page.read_text("utf-8").count("Not part of this report") == 3


def test_with_everything_that_may_be_beside_it(tmp_path: Path) -> None:
    (tmp_path / "coverage.svg").write_bytes(b"<svg/>")
    page = write_report(write_drill(tmp_path, drill(), coverage=COVERAGE, risk=RISK, mutants=MUTANTS)).read_text("utf-8")
    assert "Not part of this report" not in page
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+"' in page


REFUSED = [
    # file, its content, what is said
    ("drill.json", b"", "is no JSON"),
    ("drill.json", b"\xff", "is no JSON"),
    ("drill.json", b"[]", "is no drill as JSON: the whole: "),
    ("drill.json", b'{"schema": "dosebench/risk/1"}', "is no drill as JSON: schema: "),
    ("drill.json", None, "cannot be read (No such file or directory); 'dosebench drill' makes it"),
    ("coverage.json", b'{"schema": "dosebench/drill/1"}', "is no coverage as JSON: schema: "),
    ("risk.json", b"{", "is no JSON"),
    ("mutants.json", b'{"schema": "dosebench/mutants/1"}', "is no mutants as JSON: mutants: "),
]


@pytest.mark.parametrize(("name", "content", "said"), REFUSED)
def test_a_file_that_is_something_else_is_named_and_nothing_written(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    write_drill(tmp_path, drill())
    (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{tmp_path / name}: {said}')}"):
        write_report(tmp_path)
    assert not WRITTEN & {path.name for path in tmp_path.iterdir()}


def test_a_folder_that_takes_no_file(tmp_path: Path) -> None:
    write_drill(tmp_path, drill())
    (tmp_path / "allure-results").write_text("in the way", encoding="ascii")
    with pytest.raises(ConfigError, match="the report cannot be written there"):
        write_report(tmp_path)


def test_the_allure_report_counts_every_cell(tmp_path: Path) -> None:
    install_tools()
    write_report(write_drill(tmp_path, drill()))
    found = write_allure_report(tmp_path)
    assert found.report == tmp_path / "report.html"
    assert found.summary == tmp_path / "qualification.html"
    assert "Qualification of dosebench 0.1.0: 161 runs, 0 wrong (SIMULATED)" in found.report.read_text("utf-8")
