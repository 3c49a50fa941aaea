"""Pumping programs of the simulated New Era pump: what each phase function does, to the moment and to the microlitre."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.instruments.sim.states import PumpStanding, pump

MINUTE = "RAT 60 MH"
"""1 mL/min, as nearly all phases here run."""


def program(*phases: Sequence[str], **data: object) -> PumpStanding:
    """A pump of 26.59 mm whose phases 1, 2, ... are set by these commands."""
    standing = pump(**data)  # type: ignore[arg-type]
    standing.asks(["DIA 26.59", "VOL ML"])
    for number, commands in enumerate(phases, start=1):
        answers = standing.asks([f"PHN {number}", *commands])
        assert set(answers) == {"00S"}, f"phase {number}: {answers}"
    standing.asks(["PHN 1", "CLD INF", "CLD WDR"])
    return standing


def rate(volume: str = "0", rate: str = MINUTE, direction: str = "INF", function: str = "RAT") -> list[str]:
    return [f"FUN {function}", rate, f"VOL {volume}", f"DIR {direction}"]


def story(standing: PumpStanding, moments_s: Sequence[float], run: str = "RUN") -> list[tuple[str, int, float, float]]:
    """Status, phase, infused and withdrawn mL at these moments after ``RUN``."""
    began_s = standing.clock.now_s()
    standing.say(run.encode("ascii") + b"\r")
    seen = []
    for moment_s in moments_s:
        standing.clock.sleep_until(began_s + moment_s)
        told = standing.device.program
        told.book()
        seen.append((told.status, told.at, round(told.infused_ml, 6), round(told.withdrawn_ml, 6)))
    return seen


STOP = ["FUN STP"]
Moments = list[tuple[float, tuple[str, int, float, float]]]
PROGRAMS: dict[str, tuple[list[list[str]], Moments]] = {
    "bolus on basal": (
        [rate("1"), rate("0", "RAT 60 UH")],
        [(59.9, ("I", 1, 0.998333, 0.0)), (60.1, ("I", 2, 1.000002, 0.0)), (3660.0, ("I", 2, 1.06, 0.0))],
    ),
    "three rates and an end": (
        [rate("1"), rate("0.5", "RAT 30 MH"), rate("0.25", "RAT 15 MH"), STOP],
        [(60.1, ("I", 2, 1.000833, 0.0)), (120.1, ("I", 3, 1.500417, 0.0)), (181.0, ("S", 4, 1.75, 0.0))],
    ),
    "there and back": (
        [rate("1"), rate("0.5", direction="WDR"), STOP],
        [(30.0, ("I", 1, 0.5, 0.0)), (75.0, ("W", 2, 1.0, 0.25)), (91.0, ("S", 3, 1.0, 0.5))],
    ),
    "back first, and on as it was": (
        [rate("0.5", direction="WDR"), rate("0.5", direction="STK"), STOP],
        [(15.0, ("W", 1, 0.0, 0.25)), (45.0, ("W", 2, 0.0, 0.75)), (61.0, ("S", 3, 0.0, 1.0))],
    ),
    "a pause": (
        [rate("0.5"), ["FUN PAS 10"], rate("0.5"), STOP],
        [(30.1, ("T", 2, 0.5, 0.0)), (39.9, ("T", 2, 0.5, 0.0)), (40.6, ("I", 3, 0.51, 0.0)), (71.0, ("S", 4, 1.0, 0.0))],
    ),
    "a short pause": ([["FUN PAS 1.5"], rate("0.5"), STOP], [(1.4, ("T", 1, 0.0, 0.0)), (2.1, ("I", 2, 0.01, 0.0))]),
    "waiting for a trigger": ([["FUN PAS 0"], rate("0.5")], [(0.1, ("U", 1, 0.0, 0.0)), (9999.0, ("U", 1, 0.0, 0.0))]),
    "a jump": ([["FUN JMP 3"], rate("9"), rate("0.5"), STOP], [(1.2, ("I", 3, 0.02, 0.0)), (31.0, ("S", 4, 0.5, 0.0))]),
    "a loop from the beginning": (
        [rate("0.1"), ["FUN LOP 3"], STOP],
        [(7.2, ("I", 1, 0.12, 0.0)), (13.2, ("I", 1, 0.22, 0.0)), (18.1, ("S", 3, 0.3, 0.0)), (60.0, ("S", 3, 0.3, 0.0))],
    ),
    "a loop in a loop": (
        [["FUN LPS"], rate("0.2"), ["FUN LPS"], rate("0.1"), ["FUN LOP 2"], ["FUN LOP 3"], STOP],
        [(71.9, ("I", 4, 1.198333, 0.0)), (72.1, ("S", 7, 1.2, 0.0))],
    ),
    "for ever": ([rate("0.1"), ["FUN LPE"]], [(3600.6, ("I", 1, 60.01, 0.0))]),
    "faster and slower": (
        [rate("1"), rate("1", "RAT 60 MH", function="INC"), rate("1", "RAT 90 MH", function="DEC"), STOP],
        [(89.9, ("I", 2, 1.996667, 0.0)), (150.0, ("I", 3, 2.5, 0.0)), (211.0, ("S", 4, 3.0, 0.0))],
    ),
    "refilled": (
        [rate("0.5"), rate("0", "RAT 30 MH", function="FIL"), STOP],
        [(60.0, ("W", 2, 0.5, 0.25)), (91.0, ("S", 3, 0.5, 0.5))],
    ),
    "totals cleared on the way": ([rate("0.5"), ["FUN CLD"], rate("0.2"), STOP], [(43.0, ("S", 4, 0.2, 0.0))]),
    "what takes no time": (
        [["FUN BEP"], ["FUN OUT 1"], ["FUN TRG FH"], ["FUN IF 9"], ["FUN EVN 5"], rate("0.1"), STOP],
        [(0.6, ("I", 6, 0.01, 0.0)), (7.0, ("S", 7, 0.1, 0.0))],
    ),
    "round in circles": ([["FUN JMP 2"], ["FUN JMP 1"]], [(0.1, ("S", 2, 0.0, 0.0))]),
    "slower than nothing": ([rate("0.1"), rate("1", "RAT 99 MH", function="DEC")], [(7.0, ("S", 2, 0.1, 0.0))]),
    "a rate that is none": ([rate("0", "RAT 0 MH")], [(100.0, ("I", 1, 0.0, 0.0))]),
}


@pytest.mark.parametrize(("phases", "moments"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_runs_phase_by_phase(phases: list[list[str]], moments: Moments) -> None:
    assert story(program(*phases), [moment for moment, _ in moments]) == [seen for _, seen in moments]


@pytest.mark.parametrize("name", ["round in circles", "slower than nothing"])
def test_a_program_that_makes_no_sense_is_an_alarm(name: str) -> None:
    phases, moments = PROGRAMS[name]
    standing = program(*phases)
    story(standing, [moments[-1][0]])
    assert standing.asks(["", ""])[-2:] == ["00A?E", "00S"]


def test_a_loop_may_be_meant_as_so_many_times_more() -> None:
    standing = program(rate("0.1"), ["FUN LOP 3"], STOP, loop_again=True)
    assert story(standing, [25.0]) == [("S", 3, 0.4, 0.0)]


BEGINNINGS = [(2, "RUN", {}, 1), (1, "RUN 2", {}, 2), (2, "RUN", {"run_from_selected": True}, 2)]


@pytest.mark.parametrize(("selected", "run", "data", "first"), BEGINNINGS)
def test_the_program_begins_at_the_phase_that_it_is_told(selected: int, run: str, data: dict[str, object], first: int) -> None:
    standing = program(rate("1"), rate("1"), **data)
    standing.asks([f"PHN{selected}"])
    assert story(standing, [0.6], run) == [("I", first, 0.01, 0.0)]


def test_a_pause_by_hand_keeps_the_place_and_what_is_left_of_it() -> None:
    standing = program(rate("1"), ["FUN PAS 10"], rate("1"), STOP)
    story(standing, [30.0])
    standing.say(b"STP\r")
    standing.pass_s(500.0)
    assert story(standing, [29.9, 30.1]) == [("I", 1, 0.998333, 0.0), ("T", 2, 1.0, 0.0)]
    standing.say(b"STP\r")
    standing.pass_s(500.0)
    assert story(standing, [9.8, 10.5]) == [("T", 2, 1.0, 0.0), ("I", 3, 1.01, 0.0)]


@pytest.mark.parametrize(("said", "at", "rate_ml_h"), [("E", 3, 6.0), ("E 4", 4, 12.0), ("", 2, 60.0)])
def test_an_event_leads_to_the_phase_that_waits_for_it(said: str, at: int, rate_ml_h: float) -> None:
    standing = program(["FUN EVN 3"], rate("1"), rate("2", "RAT 6 MH"), rate("2", "RAT 12 MH"))
    story(standing, [10.0])
    standing.ask(f"{said}\r".encode("ascii"))
    assert standing.device.program.at == at
    assert standing.device.drive.flow_ml_s * 3600 == pytest.approx(rate_ml_h)


def test_without_a_phase_that_waits_an_event_does_nothing() -> None:
    standing = program(["FUN EVN 3"], ["FUN EVR"], rate("1"))
    assert standing.asks(["E", "RUN", "E", "Ex"]) == ["00S?NA", "00I", "00I", "00I?"]
    assert standing.device.program.at == 3


def test_a_rate_set_on_the_way_is_that_of_the_running_phase_and_is_not_stored() -> None:
    standing = program(rate("1"), rate("0", "RAT 6 MH"))
    story(standing, [61.0])
    standing.heard()
    assert standing.asks(["PHN", "RAT", "RAT 12", "RAT"]) == ["00I02", "00I6.000MH", "00I", "00I12.00MH"]
    standing.asks(["STP", "STP", "PHN2"])
    assert standing.asks(["RAT"]) == ["00S12.00MH"]
    assert standing.device.memory.phases[2].rate == 6.0


NOT_CHANGED = {
    "a pause": ["FUN PAS 50"],
    "a faster phase": rate("9", "RAT 1 MH", function="INC"),
}


@pytest.mark.parametrize("phase", NOT_CHANGED.values(), ids=NOT_CHANGED)
def test_the_rate_of_a_running_phase_that_has_none_of_its_own_cannot_be_changed(phase: list[str]) -> None:
    standing = program(phase)
    standing.say(b"RUN\r")
    standing.pass_s(1.0)
    standing.heard()
    assert standing.asks(["RAT 5"])[0].endswith("?NA")


# --- direction and purge ---


def test_withdrawing_moves_the_plunger_back_and_counts_apart() -> None:
    standing = program(rate("0", direction="WDR"))
    story(standing, [90.0])
    standing.heard()
    assert standing.asks(["", "DIS"]) == ["00W", "00WI0.000W1.502ML"]
    assert standing.device.drive._path.pushed_ml(standing.clock.now_s()) == pytest.approx(-1.5035, abs=0.002)


def test_a_target_is_also_reached_backwards() -> None:
    assert story(program(rate("1", direction="WDR")), [59.9, 60.1]) == [("W", 1, 0.0, 0.998333), ("S", 2, 0.0, 1.0)]


@pytest.mark.parametrize(
    ("volume", "said", "answer"),
    [("0", "DIR WDR", "00W"), ("0", "DIR REV", "00W"), ("5", "DIR WDR", "00I?NA"), ("0", "DIR STK", "00I?NA")],
)
def test_the_direction_changes_on_the_way_only_without_a_target(volume: str, said: str, answer: str) -> None:
    standing = program(rate(volume))
    story(standing, [30.0])
    standing.heard()
    assert standing.asks([said]) == [answer]
    standing.pass_s(30.0)
    turned = answer == "00W"
    assert standing.device.memory.phases[1].direction == ("WDR" if turned else "INF")
    standing.device.program.book()
    assert standing.device.program.infused_ml == pytest.approx(0.5 if turned else 1.0, abs=0.01)
    assert standing.device.program.withdrawn_ml == pytest.approx(0.5 if turned else 0.0, abs=0.01)


@pytest.mark.parametrize(("direction", "sign"), [("INF", 1), ("WDR", -1)])
def test_a_purge_goes_at_top_speed_until_it_is_stopped(direction: str, sign: int) -> None:
    standing = program(rate("1", direction=direction))
    assert standing.asks(["PUR", "PUR", "RAT 5", "RUN"]) == ["00X", "00X?NA", "00X?NA", "00X?NA"]
    assert standing.device.drive.flow_ml_s * 3600 == pytest.approx(sign * 1699.4, rel=1e-3)
    assert standing.asks(["STP", "PUR"]) == ["00S", "00X"]


PURGED = {
    "counted": ({}, True, "S"),
    "not counted": ({"purge_counts": False}, False, "S"),
    "paused": ({"after_purge": "P"}, True, "P"),
}


@pytest.mark.parametrize(("data", "counted", "status"), PURGED.values(), ids=PURGED)
def test_what_a_purge_leaves_behind(data: dict[str, object], counted: bool, status: str) -> None:
    standing = program(rate("1"), **data)
    standing.asks(["PUR"])
    assert standing.asks(["STP"]) == [f"00{status}"]
    assert (standing.device.program.infused_ml > 0) is counted


# --- what a phase can be ---

FUNCTIONS = {
    "RAT": "RAT", "INC": "INC", "STP": "STP", "LOP5": "LOP05", "LOP 12": "LOP12", "JMP3": "JMP03", "PAS10": "PAS10",
    "PAS2.5": "PAS2.5", "PAS.5": "PAS.5", "IF 4": "IF04", "OUT0": "OUT0", "TRG LE": "TRGLE", "EVR": "EVR",
}  # fmt: skip
NO_FUNCTIONS = {
    "XYZ": "?", "LIN": "?", "RAT5": "?", "LOP": "?", "LOPX": "?", "LOP0": "?OOR", "JMP42": "?OOR", "JMP0": "?OOR",
    "PAS100": "?OOR",
    "TRGXX": "?",
}  # fmt: skip


@pytest.mark.parametrize(("said", "shown"), FUNCTIONS.items())
def test_a_function_is_shown_with_its_two_digits(said: str, shown: str) -> None:
    assert pump().asks([f"FUN {said}", "FUN"]) == ["00S", f"00S{shown}"]


@pytest.mark.parametrize(("said", "refused"), NO_FUNCTIONS.items())
def test_what_is_no_function_is_refused_and_changes_nothing(said: str, refused: str) -> None:
    assert pump().asks([f"FUN {said}", "FUN"]) == [f"00S{refused}", "00SRAT"]


@pytest.mark.parametrize("command", ["RAT 5 MH", "VOL 1"])
def test_a_phase_that_does_not_pump_has_no_rate_and_no_volume(command: str) -> None:
    assert pump().asks(["PHN 2", command]) == ["00S", "00S?NA"]


PHASES = [("NE-1000", "41", "42"), ("NE-1000X2", "340", "341"), ("NE-500", "41", "0")]


@pytest.mark.parametrize(("model", "last", "beyond"), PHASES)
def test_models_have_so_many_phases(model: str, last: str, beyond: str) -> None:
    assert pump(model=model).asks([f"PHN{last}", "PHN", f"PHN{beyond}", "PHNx"]) == ["00S", f"00S{last}", "00S?OOR", "00S?OOR"]


def test_a_pump_without_phases_does_not_know_the_words() -> None:
    assert pump(model="NE-300").asks(["PHN", "PHN1", "FUN", "FUNRAT", "RUN2"]) == ["00S?"] * 5


def test_a_program_may_go_to_its_last_phase_and_ends_behind_it() -> None:
    standing = program(*[rate("0.1", "RAT 600 MH")] * 41)
    assert story(standing, [41 * 0.6 - 0.01, 41 * 0.6 + 0.01]) == [("I", 41, 4.098333, 0.0), ("S", 41, 4.1, 0.0)]
