"""The page on the simulated bench shows the figures that its script makes, and leads nowhere that is not there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from docs.explanation.figures import FIGURES, HERE, make
from instruments.sim.faults import parse_fault, with_faults
from instruments.sim.setup import Setup, read_setup

PAGE = HERE / "simulated-bench.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINKS = sorted({link for link in re.findall(r"\]\(([^)\s]+)\)", TEXT) if "://" not in link})
SHOWN = re.findall(r"!\[([^\]]*)\]\(figures/([\w-]+)\.png\)", TEXT)
FAULTS = sorted(set(re.findall(r'--fault "([^"]+)"', TEXT)))
LARGEST_BYTES = 200_000


def test_every_figure_that_is_made_is_shown_once_and_no_other() -> None:
    assert sorted(name for _, name in SHOWN) == sorted(FIGURES)
    assert sorted(path.stem for path in (HERE / "figures").iterdir()) == sorted(FIGURES)


@pytest.mark.parametrize(("alternative", "name"), SHOWN, ids=[name for _, name in SHOWN])
def test_a_figure_is_light_and_is_told_to_those_who_do_not_see_it(alternative: str, name: str) -> None:
    assert (HERE / "figures" / f"{name}.png").stat().st_size < LARGEST_BYTES
    assert len(alternative.split()) > 15


@pytest.mark.parametrize("link", LINKS)
def test_every_link_of_the_page_leads_somewhere(link: str) -> None:
    assert (HERE / link.partition("#")[0]).exists()


@pytest.mark.parametrize("name", ["chain", "knock"])
def test_a_figure_made_again_is_the_same_to_the_byte(name: str, tmp_path: Path) -> None:
    once, again = (make(name, tmp_path / run).read_bytes() for run in ("once", "again"))
    assert once.startswith(b"\x89PNG")
    assert once == again


def test_the_bench_file_that_the_page_shows_changes_every_part_of_the_model() -> None:
    shown = tomllib.loads(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0])
    setup = with_faults(read_setup(shown), shown["simulation"]["faults"])
    for part in ("drive", "line", "outlet", "vessel", "room", "cell", "shaking", "happenings"):
        assert getattr(setup, part) != getattr(Setup(), part), part


@pytest.mark.parametrize("spec", FAULTS)
def test_a_fault_that_the_page_shows_is_one(spec: str) -> None:
    fault, values = parse_fault(spec)
    assert set(values) <= set(fault.units)
    assert values
