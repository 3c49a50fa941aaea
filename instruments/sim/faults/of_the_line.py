"""Faults of syringe joint and catheter: they are under test with the pump, and deserve FAIL."""

from __future__ import annotations

from dataclasses import replace

from instruments.sim.faults.fault import POSITIVE, Fault, Values, happening, until_s
from instruments.sim.physics.line import FREE, Blockage
from instruments.sim.setup import Happening, Setup


def _leak(setup: Setup, values: Values) -> Setup:
    part_pct = values["part"]
    if "at" not in values:
        return replace(setup, line=replace(setup.line, leak_pct=part_pct))
    told = f"the line leaks {part_pct:g} %"
    return happening(setup, Happening(values["at"], told, lambda bench, now_s: bench.path.leak(now_s, part_pct / 100)))


def _occlusion(setup: Setup, values: Values) -> Setup:
    blockage = Blockage(values.get("part", 100.0) / 100, values.get("place", 100.0) / 100)
    begins = Happening(values["at"], "the line is occluded", lambda bench, now_s: bench.path.block(now_s, blockage))
    ends = Happening(until_s(values), "the line is free again", lambda bench, now_s: bench.path.block(now_s, FREE))
    return happening(setup, begins, *([ends] if "for" in values else []))


OF_THE_LINE = (
    Fault(
        "leak",
        "FAIL",
        "of a steady flow so much escapes at the syringe's joint",
        {"part": "%", "at": "s"},
        _leak,
        frozenset({"at"}),
        {"part": (0.0, 99.0), "at": POSITIVE},
    ),
    Fault(
        "occlusion",
        "FAIL",
        "the line loses this part of its conductance, all unless told, at a place along it, its end unless told",
        {"at": "s", "part": "%", "for": "s", "place": "%"},
        _occlusion,
        frozenset({"part", "for", "place"}),
        {"at": POSITIVE, "part": (0.0, 100.0), "for": POSITIVE, "place": (0.0, 100.0)},
    ),
)
