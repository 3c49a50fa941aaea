"""Which shipped plan is drilled on which shipped bench, and when faults begin there that begin at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.bench import load_bench
from harness.plan import load_plan
from harness.timetable import timetable

_FLOW, _REST = "{flow}", "{rest}"


@dataclass(frozen=True)
class Place:
    """A plan on its bench. Faults begin in the infusion of case ``flow``; at ``rest`` in a case in which the pump has to stand.

    Either is the name of a case and how much of its time has gone by then.
    """

    plan: str
    bench: str
    flow: tuple[str, float]
    rest: tuple[str, float] | None = None
    judges_the_bench: bool = False
    """Its plan judges balance and line themselves: what is wrong with them may make it FAIL."""

    def files(self, root: Path) -> tuple[Path, Path]:
        return root / "test_plans" / f"{self.plan}.toml", root / "benches" / f"{self.bench}.toml"


PLACES: Mapping[str, Place] = {
    place.plan: place
    for place in (
        Place("daily_check", "simulated", ("DAILY-FLOW", 0.6), ("DAILY-REST", 0.5), judges_the_bench=True),
        Place("itb_catheter", "implantable", ("ITB-CATH-STOP1", 0.3)),
        Place("itb_reservoir", "implantable", ("RES-FLOW", 0.5)),
        Place("itb_power_and_programmer", "implantable", ("ITB-PROG-RATE", 0.7), ("ITB-PROG-OFF", 0.4)),
        Place("itb_titration", "implantable", ("TITR", 0.15)),
        Place("ambulatory_iec_method", "implantable", ("AMB-START-TYPICAL", 0.75)),
        Place("syringe_pump_iec_method", "syringe_60ml", ("IEC-START-1", 0.75)),
        Place("itb_continuous", "implantable", ("ITC-RATE-1", 0.6), ("ITC-OFF", 0.4)),
        Place("itb_screening", "simulated", ("ITB-CONT", 0.5), ("ITB-OFF", 0.4)),
    )
}
"""By the plan's name, the quickest first. Every shipped plan is here."""


class Site:
    """A place where its files are: what is asked of it more than once."""

    def __init__(self, place: Place, root: Path) -> None:
        self.place = place
        self.plan, self.bench = place.files(root)

    @property
    def name(self) -> str:
        return self.place.plan

    @cached_property
    def pump(self) -> str:
        """Its driver."""
        return load_bench(self.bench).pump.driver

    @cached_property
    def _moments(self) -> Mapping[str, str]:
        plan = load_plan(self.plan)
        starts = {entry.case: entry for entry in timetable(plan, load_bench(self.bench))}
        named = {_FLOW: self.place.flow, _REST: self.place.rest}
        return {
            word: f"{starts[case[0]].starts_s + case[1] * starts[case[0]].lasts_s:.0f}s"
            for word, case in named.items()
            if case is not None
        }

    def spec(self, template: str) -> str:
        """Faults as they are written for this place; one whose pump never has to stand has them begin in its infusion."""
        moments = {_REST: self._moments[_FLOW], **self._moments}
        for word, moment in moments.items():
            template = template.replace(word, moment)
        return template
