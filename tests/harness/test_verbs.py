"""Verbs that ask somebody for a figure: a slip of the pen is asked about, not taken."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from harness.procedures.verbs import withdraw
from instruments.errors import BenchError
from instruments.hands import Step


class Bench:
    """As much of a rig as is needed: somebody who answers, and what is asked and noted."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[Step] = []
        self.noted: dict[str, dict[str, Any]] = {}
        self.pump = SimpleNamespace(reservoir_ml=lambda: 2.0)
        self.bench = SimpleNamespace(pump=SimpleNamespace(source=SimpleNamespace(volume=20.0)))

    def by_hand(self, step: Step) -> str:
        self.asked.append(step)
        return next(self._answers)

    def note(self, kind: str, **data: Any) -> None:
        self.noted[kind] = data


SLIPS = {
    "nothing written": ("done",),
    "no unit": ("17.83",),
    "a comma": ("17,8 mL",),
    "negative": ("-3 mL",),
    "litres": ("17.8 L",),
    "several": ("17.83", "17.8 g", "178 mL"),
}


@pytest.mark.parametrize("slips", SLIPS.values(), ids=SLIPS)
def test_a_volume_is_asked_for_until_it_is_one(slips: tuple[str, ...]) -> None:
    rig: Any = Bench(*slips, "17.83 mL")
    assert withdraw(rig) == pytest.approx(17.83)
    assert [step.kind for step in rig.asked] == ["withdraw", *["do"] * len(slips)]
    assert rig.noted["withdrawn"] == {"volume_ml": pytest.approx(17.83), "believed_ml": 2.0}


def test_a_volume_that_is_never_told_is_not_guessed() -> None:
    with pytest.raises(BenchError, match=r"the volume that was drawn out is not known: '17.83' is not a number with a unit"):
        withdraw(Bench(*["17.83"] * 9))  # type: ignore[arg-type]
