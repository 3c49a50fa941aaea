"""Limits from a spec table: which sides and which basis a row gives, and which rows and files give none."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from harness.spec_table import COLUMNS, resolved, with_rows
from instruments.errors import ConfigError
from tests.conftest import ROOT

HEAD = ",".join(COLUMNS)
ROWS = {
    "percent": ("a,volume,mL,1.0,-5%,+5%,proposed tolerance,T01", {"at_least": "-5 %", "at_most": "+5 %"}, "proposed"),
    "added to the nominal value": ("a,hold,h,4,-0.5,+4,window,T03", {"at_least": "3.5 h", "at_most": "8 h"}, "stated"),
    "one side": ("a,duration,s,60,0,,minimum,T02", {"at_least": "60 s"}, "stated"),
    "of nothing": ("a,flow,uL/h,0,,1,proposed maximum,T18", {"at_most": "1 uL/h"}, "proposed"),
    "limits without a nominal value": (
        "a,rate,mL/day,,0.048,24,range (unconfirmed),known",
        {"at_least": "0.048 mL/day", "at_most": "24 mL/day"},
        "proposed",
    ),
    "published": ("a,error,%,0,-14.5,+14.5,specification,alert", {"at_least": "-14.5 %", "at_most": "14.5 %"}, "published"),
    "all digits": ("a,volume,mL,1.23456789,-0.00000001,,n,s", {"at_least": "1.23456788 mL"}, "stated"),
}
NO_LIMITS = {
    "nothing but a nominal value": ("a,dose,ug,50,,,nominal,T01", "has neither tol_minus nor tol_plus"),
    "a tolerance that is no number": ("a,dose,ug,50,few,,n,s", "its row is no limit: could not convert string to float: 'few'"),
    "two nominal values": ("a,volume,mL,20|40,-1,,n,s", "its row is no limit: .*'20|40'"),
    "a lower side that lies above": ("a,volume,mL,1,5%,5%,n,s", "tol_minus 5% lies on the wrong side of the nominal value"),
    "an upper side that lies below": ("a,volume,mL,1,,-0.1,n,s", "tol_plus -0.1 lies on the wrong side"),
}
FILES = {
    "a column is missing": (HEAD.replace("unit,", "") + "\n", r"spec.csv:1: has no column 'unit'; a spec table has id, quantity"),
    "an id twice": (f"{HEAD}\na,,,,,,,\na,,,,,,,\n", r"spec.csv: has more than one row 'a'"),
    "no ids": (f"{HEAD}\n,,,,,,,\n", r"spec.csv: has more than one row ''; every row needs an id"),
    "no text": (b"\xff\xfe\x00", r"spec.csv: is no spec table \(CSV\)"),
}


def read(folder: Path, content: str | bytes, **spec: Any) -> dict[str, Any]:
    data = content.encode() if isinstance(content, str) else content
    (folder / "spec.csv").write_bytes(data)
    told = {"file": "spec.csv", "sha256": hashlib.sha256(data).hexdigest(), **spec}
    return with_rows({"spec": told}, folder / "plan.toml", "[spec]\nfile = 'spec.csv'\nsha256 = ''\n")


def limit_of(folder: Path, row: str, **own: Any) -> tuple[Any, list[Any]]:
    cases, faults = resolved([{"limit": {"spec": "a", **own}}], read(folder, f"{HEAD}\n{row}\n")["spec"]["rows"])
    return cases[0]["limit"], faults


@pytest.mark.parametrize(("row", "sides", "basis"), ROWS.values(), ids=ROWS)
def test_a_row_gives_sides_and_basis(row: str, sides: dict[str, str], basis: str, tmp_path: Path) -> None:
    assert limit_of(tmp_path, row) == ({"spec": "a", **sides, "basis": basis}, [])


def test_what_the_limit_says_comes_first(tmp_path: Path) -> None:
    limit, _ = limit_of(tmp_path, ROWS["percent"][0], at_most="+2 %", basis="stated", rule="simple")
    assert limit == {"spec": "a", "at_least": "-5 %", "at_most": "+2 %", "basis": "stated", "rule": "simple"}


@pytest.mark.parametrize(("row", "message"), NO_LIMITS.values(), ids=NO_LIMITS)
def test_a_row_that_is_no_limit_is_told_by_case_and_key(row: str, message: str, tmp_path: Path) -> None:
    _, [(at, key, what)] = limit_of(tmp_path, row)
    assert (at, key) == (0, "limit")
    with pytest.raises(ConfigError, match=f"spec 'a'.* {message}"):
        raise ConfigError(what)


def test_a_row_that_is_not_there_is_told_with_those_that_are() -> None:
    rows = {"b": dict.fromkeys(COLUMNS, "")}
    assert resolved([{}, {"limits": [{"spec": "a"}]}], rows)[1] == [
        (1, "limits", "spec 'a' is no row of the plan's spec table; it has: b")
    ]


def test_a_link_of_that_name_is_a_link() -> None:
    assert resolved([{"links": {"spec": "https://example.org"}}], {}) == ([{"links": {"spec": "https://example.org"}}], [])


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_spec_table_is_refused(content: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, content)


def test_a_file_that_has_changed_is_refused_with_its_hash(tmp_path: Path) -> None:
    digest = hashlib.sha256(HEAD.encode()).hexdigest()
    with pytest.raises(
        ConfigError, match=rf"plan.toml:3: spec.sha256: spec.csv has SHA-256 {digest}, not 'old'; look at what has"
    ):
        read(tmp_path, HEAD, sha256="old")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plan.toml:2: spec.file: .*nowhere.csv cannot be read \(No such file"):
        read(tmp_path, HEAD, file="nowhere.csv")


def test_every_row_of_the_shipped_table_is_a_limit_or_has_no_tolerance() -> None:
    content = (ROOT / "test_plans" / "spec_table.csv").read_bytes()
    spec = {"file": "spec_table.csv", "sha256": hashlib.sha256(content).hexdigest()}
    rows = with_rows({"spec": spec}, ROOT / "test_plans" / "plan.toml", "")["spec"]["rows"]
    _, faults = resolved([{"limit": {"spec": name}} for name in rows], rows)
    assert [what for _, _, what in faults if "neither" not in what] == []
    assert len(faults) < len(rows) / 2
