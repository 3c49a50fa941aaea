"""``dosebench qualify vectors``: what it prints, and its exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dosebench.qualify import qualify
from harness.qualification.vectors import BELONGS_TO, KINDS
from instruments.errors import ConfigError
from tests.conftest import DATA

VECTORS = DATA / "vectors"


def vectors(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(qualify, ["vectors", str(folder), *options], standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("corrections.json", "flow_regression_expected.json", "flow_regression_series.csv"):
        shutil.copy(VECTORS / name, tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_all_vectors_agree() -> None:
    found = vectors(VECTORS)
    assert (found.exception, found.return_value) == (None, 0)
    assert found.output.splitlines()[-1].endswith("numbers in 18 files: all ok")


def test_a_line_for_each_file(folder: Path) -> None:
    lines = vectors(folder).output.splitlines()
    assert lines[0].split() == ["file", "numbers", "worst", "deviation", "tolerance"]
    assert [line.split()[0] for line in lines[1:4]] == [
        "corrections.json",
        "flow_regression_expected.json",
        "flow_regression_series.csv",
    ]
    assert [line.split()[-1] for line in lines[1:3]] == ["ok", "ok"]
    assert lines[3].endswith("a series; compared with flow_regression_expected.json")
    assert lines[4] == "41 numbers in 3 files: all ok"


def test_a_changed_number_is_red_and_named(folder: Path) -> None:
    change(folder / "corrections.json", '"volume_uL": 499.7575124375016', '"volume_uL": 499.7575224375016')
    found = vectors(folder)
    lines = found.output.splitlines()
    assert found.return_value == 1
    assert lines[1].split() == ["corrections.json", "20", "1e-05", "5e-07", "DIFFERS"]
    assert lines[2].startswith("  case 1: volume_uL: found 499.75751243750")
    assert lines[2].endswith(", expected 499.7575224375016 within 5e-07")
    assert lines[-1] == "41 numbers in 3 files: 1 files not ok"


def test_many_differing_numbers_are_counted(folder: Path) -> None:
    change(folder / "flow_regression_series.csv", "\n60,30,257.8\n", "\n60,30,300.0\n")
    lines = vectors(folder).output.splitlines()
    named = [line for line in lines if line.startswith("  ")]
    assert len(named) == 6
    assert named[-1].startswith("  and ")


def test_what_cannot_be_read_is_a_line_and_red(folder: Path) -> None:
    (folder / "guard_band.json").write_text("{")
    (folder / "other.csv").write_text("a,b\n")
    found = vectors(folder)
    told = {line.split()[0]: line for line in found.output.splitlines()}
    assert (found.exception, found.return_value) == (None, 1)
    assert "not ok: cannot be read: Expecting property name" in told["guard_band.json"]
    assert "not ok: its name is that of no known kind" in told["other.csv"]
    assert found.output.splitlines()[-1] == "41 numbers in 5 files: 2 files not ok"


def test_as_json(folder: Path) -> None:
    (folder / "guard_band.json").write_text("{")
    found = vectors(folder, "--json")
    plain = json.loads(found.output)
    assert found.return_value == 1
    assert [(entry["file"], entry["ok"], entry["numbers"]) for entry in plain] == [
        ("corrections.json", True, 20),
        ("flow_regression_expected.json", True, 21),
        ("flow_regression_series.csv", True, 0),
        ("guard_band.json", False, 0),
    ]


def test_no_such_folder_is_told_by_the_front_door(tmp_path: Path) -> None:
    """Which turns such an error into one line and exit status 64."""
    assert isinstance(vectors(tmp_path / "none").exception, ConfigError)


def test_help_lists_the_kinds() -> None:
    text = " ".join(CliRunner().invoke(qualify, ["vectors", "--help"]).output.split())
    assert [
        pattern for pattern in (*KINDS, *BELONGS_TO) if pattern.split("*")[0].removesuffix("_").split(".")[0] not in text
    ] == []
