"""What can be told of a simulated bench is told in full: by the command, and by the page."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from dosebench.cli import app
from instruments.sim.faults import FAULTS
from instruments.sim.physics.parameters import parameters
from instruments.sim.setup import PARTS, Setup
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "reference" / "simulation.md"


@pytest.fixture(params=["faults", "parameters"])
def told(request: pytest.FixtureRequest) -> str:
    done = CliRunner().invoke(app, ["sim", request.param])
    assert done.exit_code == 0
    return done.output


def test_the_page_shows_what_the_command_prints(told: str) -> None:
    assert told in PAGE.read_text(encoding="utf-8")


def test_every_fault_and_every_parameter_is_listed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [fault.name for fault in FAULTS.values() if f"| `{fault.name}` " not in page]
    assert missing == []
    lines = page.splitlines()
    for part in PARTS:
        for parameter in parameters(getattr(Setup(), part)):
            assert any(f"`[simulation.{part}]`" in line and f"`{parameter.key}`" in line for line in lines)
