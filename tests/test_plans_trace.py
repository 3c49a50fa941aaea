"""The shipped plans against the statements of the therapy: every one that a bench can show has a case, and none drops out."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan import load_plan
from harness.traceability.matrix import Matrix, trace
from harness.traceability.requirements import load_requirements
from tests.conftest import ROOT

PLANS = ROOT / "test_plans"
REQUIREMENTS = PLANS / "requirements.toml"
STATEMENTS = [f"T{number:02}" for number in range(1, 30)]
OUT_OF_SCOPE = {"T13", "T14", "T24", "T25", "T28", "T29"}
"""Decided, with a reason each in the file: whoever adds one here takes its test away."""
METHODS = (
    *("IEC-STARTUP", "IEC-A", "IEC-B", "IEC-TRUMPET", "IEC-PRESSURE", "IEC-BOLUS", "IEC-OCCLUSION"),
    *("AMB-STARTUP", "AMB-TRUMPET", "AMB-BOLUS", "BAL", "LEAK", "EVAP", "FLOW5"),
)


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    plans = [load_plan(path) for path in sorted(PLANS.glob("*.toml")) if path != REQUIREMENTS]
    return trace(load_requirements(REQUIREMENTS), plans, Path("no runs"))


def test_the_file_has_all_statements_and_the_methods(matrix: Matrix) -> None:
    known = list(matrix.requirements.of)
    assert [name for name in known if name in STATEMENTS] == STATEMENTS
    assert set(METHODS) <= set(known)


def test_only_what_no_bench_shows_is_out_of_scope(matrix: Matrix) -> None:
    assert {name for name, told in matrix.requirements.of.items() if told.out_of_scope is not None} == OUT_OF_SCOPE


@pytest.mark.parametrize("statement", [name for name in STATEMENTS if name not in OUT_OF_SCOPE])
def test_every_statement_that_a_bench_can_show_has_a_case(statement: str, matrix: Matrix) -> None:
    assert matrix.cases_of(statement), f"no case of the shipped plans has requirement {statement}"


def test_every_other_requirement_has_a_case_and_every_case_requirements_of_the_file(matrix: Matrix) -> None:
    gaps = matrix.gaps
    assert [name for name in gaps.requirements_without_case if name not in STATEMENTS] == []
    assert gaps.unknown_requirements == []
    assert gaps.cases_without_requirement == []
    assert gaps.out_of_scope_with_case == []


def test_no_requirement_claims_that_a_standard_is_complied_with(matrix: Matrix) -> None:
    """The methods of IEC 60601-2-24 are used; its scope excludes implantable pumps."""
    for told in matrix.requirements.of.values():
        if "60601" in told.source:
            assert "method of IEC 60601-2-24" in told.source
        assert "compl" not in told.text + told.source + told.on_bench
