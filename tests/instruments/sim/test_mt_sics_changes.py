"""``SR`` and ``SNR``: what an MT-SICS balance sends by itself when the load changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from instruments.sim.mt_sics.changes import snr_trigger_g
from instruments.sim.physics.arrays import FloatArray
from tests.instruments.sim.states import IDEAL, BalanceStanding, Pan, balance


def steps(*changes: tuple[float, float]) -> Callable[[FloatArray], FloatArray]:
    """A load that jumps to a value (g) at each moment (s)."""
    moments_s, loads_g = zip((0.0, 0.0), *changes, strict=True)
    return lambda at_s: np.asarray(loads_g)[np.searchsorted(moments_s, at_s, side="right") - 1]


def heard(standing: BalanceStanding, *, for_s: float, step_s: float = 1e9) -> list[str]:
    end_s, lines = standing.clock.now_s() + for_s, b""
    while standing.clock.now_s() < end_s:
        standing.pass_s(min(step_s, end_s - standing.clock.now_s()))
        lines += standing.heard()
    return [" ".join(line.split()) for line in lines.decode("latin-1").splitlines()]


def story(command: str, *changes: tuple[float, float], step_s: float = 1e9, **data: object) -> list[str]:
    standing = balance(Pan(0.0, steps(*changes)), **data)
    standing.say(command.encode("ascii") + b"\r\n")
    return heard(standing, for_s=100.0, step_s=step_s)


STORIES = [
    # the command; at which moments (s) the load jumps to what (g); what is told
    ("SR", [], ["S S 0.00 g"]),
    ("SR", [(10.0, 0.29)], ["S S 0.00 g"]),
    ("SR", [(10.0, 0.30)], ["S S 0.00 g", "S D 0.30 g", "S S 0.30 g"]),
    ("SR", [(1.0, 100.0), (20.0, 112.4)], ["S S 100.00 g"]),
    ("SR", [(1.0, 100.0), (20.0, 112.5)], ["S S 100.00 g", "S D 112.50 g", "S S 112.50 g"]),
    ("SR", [(1.0, 100.0), (20.0, 87.5)], ["S S 100.00 g", "S D 87.50 g", "S S 87.50 g"]),
    ("SR", [(9.0, 5.0), (20.0, 9.0)], ["S S 0.00 g", "S D 5.00 g", "S S 5.00 g", "S D 9.00 g", "S S 9.00 g"]),
    ("SR", [(9.0, 5.0), (9.5, 9.0)], ["S S 0.00 g", "S D 5.00 g", "S S 9.00 g"]),
    ("SR 0.05 g", [(10.0, 0.04), (20.0, 0.05)], ["S S 0.00 g", "S D 0.05 g", "S S 0.05 g"]),
    ("SR 100 g", [(10.0, 99.0)], ["S S 0.00 g"]),
    ("SR", [(10.0, 230.0)], ["S S 0.00 g", "S +", "S +"]),
    ("SNR", [(10.0, 0.99)], ["S S 0.00 g"]),
    ("SNR", [(10.0, 1.0)], ["S S 0.00 g", "S S 1.00 g"]),
    ("SNR", [(9.0, 5.0), (9.5, 9.0)], ["S S 0.00 g", "S S 9.00 g"]),
    ("SNR 0.05 g", [(10.0, 0.05)], ["S S 0.00 g", "S S 0.05 g"]),
]


@pytest.mark.parametrize("step_s", [0.1, 7.3, 1e9], ids=["0.1 s", "7.3 s", "in one go"])
@pytest.mark.parametrize(("command", "changes", "told"), STORIES, ids=[f"{row[0]} {row[1]}" for row in STORIES])
def test_a_change_is_told_once_it_is_large_enough(
    command: str, changes: list[tuple[float, float]], told: list[str], step_s: float
) -> None:
    assert story(command, *changes, step_s=step_s) == told


def test_the_change_is_told_at_once_and_its_end_after_a_second_of_calm() -> None:
    standing = balance(Pan(0.0, steps((10.0, 5.0))), update_rate_hz=10.0)
    standing.say(b"SR\r\n")
    standing.pass_s(7.95)
    standing.heard()
    standing.pass_s(0.2)
    assert standing.heard() == b"S D       5.00 g\r\n"
    standing.pass_s(0.7)
    assert standing.heard() == b""
    standing.pass_s(0.3)
    assert standing.heard() == b"S S       5.00 g\r\n"


def restless(patience: int) -> BalanceStanding:
    standing = balance(Pan(0.0, steps((50.0, 5.0))))
    standing.asks([f"M67 {patience}"])
    standing.restless(stable=False)
    standing.pass_s(2.0)
    return standing


def test_without_calm_sr_says_so_after_its_patience_and_begins_again_with_a_moving_value() -> None:
    standing = restless(10)
    standing.say(b"SR\r\n")
    assert heard(standing, for_s=35.0) == ["S I", "S D 0.00 g"] * 3
    standing.restless(stable=True)
    assert heard(standing, for_s=5.0) == ["S S 0.00 g"]


def test_without_calm_snr_says_nothing() -> None:
    standing = restless(10)
    standing.say(b"SNR\r\n")
    assert heard(standing, for_s=35.0) == []
    standing.restless(stable=True)
    assert heard(standing, for_s=5.0) == ["S S 0.00 g"]


@pytest.mark.parametrize("end", ["S", "SI", "SIR", "SR", "SNR", "@", "C"])
@pytest.mark.parametrize("command", ["SR", "SNR", "SIR"])
def test_the_next_weighing_a_reset_and_a_cancel_end_what_repeats(command: str, end: str) -> None:
    standing = balance(Pan(0.0, steps((30.0, 50.0), (60.0, 100.0))))
    standing.asks([command])
    standing.say(end.encode("ascii") + b"\r\n")
    standing.pass_s(20.0 - standing.clock.now_s())
    standing.heard()
    told = heard(standing, for_s=80.0)
    repeats = {"SR": 4, "SNR": 2}.get(end, 80 * 18.311 if end == "SIR" else 0)
    assert len(told) == pytest.approx(repeats, abs=2 if end == "SIR" else 0)


def test_other_commands_leave_it_alone() -> None:
    standing = balance(Pan(0.0, steps((30.0, 50.0))))
    standing.asks(["SR", "I4", "Z", "T"])
    standing.heard()
    assert heard(standing, for_s=50.0) == ["S D 50.00 g", "S S 50.00 g"]


def test_somebody_who_waits_for_a_change_hears_it_when_it_comes() -> None:
    standing = balance(Pan(0.0, steps((30.0, 50.0))))
    standing.asks(["SR"])
    standing.hear(1, within_s=60.0)
    assert standing.clock.now_s() == pytest.approx(30.05, abs=0.06)


@pytest.mark.parametrize(
    ("readability_g", "least_g"),
    [(1e-6, 0.001), (1e-5, 0.01), (1e-4, 0.1), (1e-3, 1.0), (1e-2, 1.0), (0.1, 1.0), (1.0, 5.0), (10.0, 5.0)],
)
def test_the_least_deflection_follows_from_the_readability(readability_g: float, least_g: float) -> None:
    assert snr_trigger_g(readability_g) == least_g


def test_the_preset_is_in_the_host_unit() -> None:
    standing = balance(Pan(0.0, steps((10.0, 0.05))), replace(IDEAL, readability_g=1e-4))
    assert standing.asks(["M21 0 3", "SNR 50 g", "SNR 50 mg"]) == ["M21 A", "S L", "S S        0.0 mg"]
    assert heard(standing, for_s=20.0) == ["S S 50.0 mg"]
