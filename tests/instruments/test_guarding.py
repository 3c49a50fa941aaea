"""The guardian in parts, and as a process on a TCP line, as it works on every system."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from instruments.clock import VirtualClock
from instruments.drivers import drivers
from instruments.errors import BenchError, ConfigError, LinkLost, SafetyError
from instruments.guardian import Diary, persist, released, stopped
from instruments.guarding import Guarded, Guardian, Orders, detached, guard, read, written
from instruments.pumps.new_era import NewEraPump
from instruments.sim.bench import SimulatedBench
from instruments.sim.setup import Setup
from instruments.wire import new_era as wire
from tests.instruments.script import Scripted, Turn, scripted
from tests.instruments.sim.served import PATIENCE_S, served, until

LINE = asdict(drivers("pumps")["new-era"].line)
PUMP = Guarded("pump", "/dev/ttyUSB0", "new-era", LINE, {"unit": 7})
NOBODY = "socket://127.0.0.1:1"


def entries(diary: Path) -> list[dict[str, Any]]:
    """What stands in a diary up to now, without a line that is only half written."""
    whole = diary.read_bytes().rpartition(b"\n")[0] if diary.exists() else b""
    return [json.loads(line) for line in whole.splitlines()]


def kinds(diary: Path) -> list[str]:
    return [entry["kind"] for entry in entries(diary)]


# --- orders ---

PUMPS = {
    "serial": PUMP,
    "another name": replace(PUMP, address="C:\\bänch\n", visa="@ivi"),
    "nested options": replace(PUMP, options={"commands": {"rate": {"query": "FLOW?", "words": {"AN": "RUN"}}, "stop": "HALT"}}),
}


@pytest.mark.parametrize("pump", PUMPS.values(), ids=PUMPS)
def test_orders_are_one_line_and_come_back_as_they_were(pump: Guarded) -> None:
    orders = Orders(pump, "/run/guardian.jsonl", 123, 2.5)
    line = written(orders)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert read(line) == orders


@pytest.mark.parametrize(
    ("line", "where"), [(b"", "the line"), (b"ready\n", "the line"), (b'{"pump":{},"diary":"d","harness":1}', "pump.role")]
)
def test_other_orders_are_refused_with_what_is_wrong(line: bytes, where: str) -> None:
    with pytest.raises(ConfigError, match=f"^orders of the guardian: {where}: .*expected"):
        read(line)


def test_the_process_is_out_of_reach_of_the_terminal_on_every_system() -> None:
    windows = {"creationflags": getattr(subprocess, "DETACHED_PROCESS", 8) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 512)}
    assert {platform: detached(platform) for platform in ("linux", "darwin", "win32")} == {
        "linux": {"start_new_session": True},
        "darwin": {"start_new_session": True},
        "win32": windows,
    }


# --- watching ---


@pytest.mark.parametrize(
    ("said", "let_go"),
    [(b"", False), (b"released\n", True), (b"released", False), (b"release\n", False), (b"what?\nreleased\n", True)],
)
def test_only_the_whole_word_lets_go_and_the_end_of_the_pipe_does_not(said: bytes, let_go: bool) -> None:
    theirs, ours = os.pipe()
    os.write(ours, said)
    os.close(ours)
    with os.fdopen(theirs, "rb") as lines:
        assert released(lines) is let_go


# --- stopping ---


def says(text: str) -> bytes:
    return b"\x02" + text.encode("ascii") + b"\x03"


def turn(asked: str, answer: str) -> Turn:
    return wire.encode_command(asked, safe=False), [says(answer)]


def packet(asked: str, answer: str, *, safe: bool = True) -> Turn:
    return wire.encode_command(asked, safe=True), [wire.encode_command(answer, safe=True) if safe else says(answer)]


STOP = [turn("0STP", "00P"), turn("0STP", "00S"), turn("0", "00S"), turn("0", "00S")]
WHO = [packet("0", "00S", safe=False), turn("0VER", "00SNE1000V3.928")]
DEFIANT = [turn("0STP", "00I")] * 4 + [turn("0", "00I")] * 2
RUNNING_ON = [packet("0", "00I", safe=False), turn("0VER", "00INE1000V3.928")]
STOPPED = {
    "infusing": [*STOP, *WHO],
    "standing": [turn("0STP", "00S?NA"), *STOP[2:], *WHO],
    "with its watchdog armed: that goes on until it stands": [
        (wire.encode_command("0STP", safe=False), []),
        packet("0STP", "00P"), packet("0STP", "00S"), packet("0", "00S"), packet("0", "00S"),
        packet("0", "00S"), packet("0SAF0", "00S", safe=False), turn("0VER", "00SNE1000V3.928"),
    ],
    "an alarm when it is asked who it is": [*STOP, WHO[0], turn("0VER", "00A?S"), *WHO],
    "stopped at the second go": [*DEFIANT, *RUNNING_ON, *STOP, *WHO],
}  # fmt: skip


def stop(turns: list[Turn]) -> Mapping[str, Any]:
    with scripted(wire.reply_ends, *turns) as script:
        return stopped(NewEraPump(script.link), script.link)


@pytest.mark.parametrize("turns", STOPPED.values(), ids=STOPPED)
def test_the_pump_is_stopped_before_anything_else_and_says_who_it_is(turns: list[Turn]) -> None:
    told = stop(turns)
    assert told == {"word": "stopped", "alarm": "", "model": "New Era NE1000", "serial": "", "firmware": "NE1000V3.928"}


def test_an_alarm_in_place_of_an_answer_is_passed_over_and_told() -> None:
    told = stop([turn("0STP", "00A?S"), *STOP, *WHO])
    assert (told["word"], told["alarm"], told["model"]) == ("motor stalled", "S", "New Era NE1000")


def test_who_it_is_does_not_matter_when_it_stands() -> None:
    assert stop([*STOP, (WHO[0][0], [])]) == {"word": "stopped", "alarm": ""}


FAILED: dict[str, tuple[list[Turn], type[BenchError]]] = {
    "refuses to stop": ([*DEFIANT, *RUNNING_ON, *DEFIANT], SafetyError),
    "goes on after it has confirmed": ([*STOP[:3], turn("0", "00I")], SafetyError),
}


@pytest.mark.parametrize(("turns", "error"), FAILED.values(), ids=FAILED)
def test_a_pump_that_may_run_is_never_called_stopped(turns: list[Turn], error: type[BenchError]) -> None:
    with pytest.raises(error):
        stop(turns)


def test_late_answers_to_the_dead_process_are_not_taken_for_the_pumps_word() -> None:
    """Of its last command, before the pump ran."""
    with scripted(wire.reply_ends, *DEFIANT, *RUNNING_ON, *DEFIANT) as script:
        for delay_s in (0.0, 0.05, 0.1):
            script.port.will_say(delay_s, says("00S"))
        with pytest.raises(SafetyError):
            stopped(NewEraPump(script.link), script.link)


def test_a_lost_line_is_told_and_not_taken_for_silence() -> None:
    def lost(deadline_s: float) -> Any:
        raise LinkLost("gone")

    script = Scripted(wire.reply_ends, [])
    script.port.wait = lost  # type: ignore[method-assign]
    with pytest.raises(LinkLost):
        stopped(NewEraPump(script.link), script.link)


# --- trying again ---


def failing(*failures: Exception) -> Callable[[], Mapping[str, Any]]:
    """Fails so, then succeeds."""
    coming = list(failures)

    def attempt() -> Mapping[str, Any]:
        if coming:
            raise coming.pop(0)
        return {"word": "stopped"}

    return attempt


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    diary = Diary(tmp_path / "guardian.jsonl")
    yield diary
    diary.close()


def test_it_is_tried_until_it_is_done_whatever_fails_and_each_reason_is_told_once(diary: Diary, tmp_path: Path) -> None:
    lost, clock = LinkLost("gone"), VirtualClock()
    attempt = failing(lost, lost, ZeroDivisionError("a fault in a driver"), lost, SafetyError("runs"))
    assert persist(attempt, clock, 60.0, diary) == ""
    diary.close()
    told = [(entry["kind"], entry["data"].get("reason"), entry["data"].get("confirmed")) for entry in entries(diary._path)]
    assert told == [
        ("failure", "LinkLost: gone", None),
        ("failure", "ZeroDivisionError: a fault in a driver", None),
        ("failure", "SafetyError: runs", None),
        ("stopped", None, True),
    ]
    assert clock.now_s() == pytest.approx(0.5)


def test_it_gives_up_when_the_time_is_over_and_says_why(diary: Diary) -> None:
    clock = VirtualClock()
    assert persist(failing(*[LinkLost("gone")] * 1000), clock, 2.0, diary) == "LinkLost: gone"
    diary.close()
    assert clock.now_s() == pytest.approx(2.0, abs=0.11)
    assert kinds(diary._path) == ["failure", "gave up"]
    assert entries(diary._path)[-1]["data"] == {"confirmed": False, "reason": "LinkLost: gone"}


# --- the diary ---


def test_an_entry_is_canonical_and_tells_the_time_since_the_harness_was_missed(diary: Diary) -> None:
    diary.note("started", zeta=1, alpha="µ")
    diary.notice()
    diary.sent("pump", b"\x02\xff", 0)
    diary.close()
    first, second = diary._path.read_bytes().splitlines()
    assert first.startswith(b'{"data":{"alpha":"\\u00b5","zeta":1},"kind":"started","since_s":null,"utc":"')
    entry = json.loads(second)
    assert entry["since_s"] >= 0
    assert entry["data"] == {"role": "pump", "bytes": "\x02\xff"}


def test_a_folder_that_is_gone_costs_entries_and_nothing_else(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "run" / "guardian.jsonl")
    diary.note("lost")
    until(lambda: diary.fault)
    (tmp_path / "run").mkdir()
    diary.note("kept")
    diary.close()
    assert "No such file" in diary.fault
    assert kinds(diary._path) == ["kept"]


# --- the process ---


@pytest.fixture
def simulated() -> SimulatedBench:
    return SimulatedBench(Setup(seed=1))


@pytest.fixture
def served_pump(simulated: SimulatedBench) -> Iterator[Guarded]:
    """On TCP, and infusing."""
    with served(simulated) as server:
        pump: Any = simulated.devices["pump"]
        pump.receive(b"".join(wire.encode_command(text, safe=False) for text in ("DIA14.5", "VOL0", "RAT30MH", "RUN")))
        until(lambda: pump.status == "I")
        yield Guarded("pump", server.addresses["pump"].tcp, "new-era", LINE, {})


def gone(guardian: Guardian) -> int:
    """Its exit status."""
    status = guardian._process.wait(PATIENCE_S)
    guardian._answers.close()
    return status


def test_a_released_guardian_ends_and_leaves_the_pump_alone(
    served_pump: Guarded, simulated: SimulatedBench, tmp_path: Path
) -> None:
    guardian = Guardian.start(served_pump, tmp_path / "diary")
    assert guardian.is_there()
    assert guardian.pid != os.getpid()
    guardian.release()
    assert not guardian.is_there()
    assert gone(guardian) == 0
    assert kinds(tmp_path / "diary") == ["started", "released"]
    assert simulated.devices["pump"].status == "I"  # type: ignore[attr-defined]


def test_a_guardian_whose_pipe_ends_stops_the_pump(served_pump: Guarded, simulated: SimulatedBench, tmp_path: Path) -> None:
    guardian = Guardian.start(served_pump, tmp_path / "diary")
    guardian.hand_over()
    assert gone(guardian) == 0
    assert simulated.devices["pump"].status == "S"  # type: ignore[attr-defined]
    found = entries(tmp_path / "diary")
    assert found[0]["data"] == {
        "guardian": guardian.pid, "harness": os.getpid(), "pump": served_pump.address, "driver": "new-era",
    }  # fmt: skip
    assert [entry["kind"] for entry in found if entry["kind"] not in ("sent", "received")] == [
        "started",
        "harness gone",
        "stopped",
    ]
    assert {entry["kind"] for entry in found} > {"sent", "received"}
    assert (found[-1]["data"]["confirmed"], found[-1]["data"]["word"]) == (True, "stopped")
    assert found[-1]["since_s"] > 0


def test_a_guardian_that_was_killed_is_not_there_and_may_be_released(served_pump: Guarded, tmp_path: Path) -> None:
    guardian = Guardian.start(served_pump, tmp_path / "diary")
    guardian._process.kill()
    until(lambda: not guardian.is_there())
    guardian.release()
    guardian.release()


def test_one_that_nobody_can_hear_ends_with_status_1_and_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    guardian = Guardian.start(replace(PUMP, address=NOBODY, options={}), tmp_path / "diary", limit_s=0.0)
    guardian.hand_over()
    assert gone(guardian) == 1
    assert kinds(tmp_path / "diary") == ["started", "harness gone", "failure", "gave up"]
    assert "\a" in (said := capfd.readouterr().err)
    assert f"the pump at {NOBODY} DID NOT CONFIRM THAT IT STANDS" in said


NOT_GUARDED = {
    "driver": (replace(PUMP, driver="old-era"), "pump.driver: 'old-era' is not known; there are: .*new-era"),
    "options": (replace(PUMP, options={"unti": 1}), r"\[pump.options\] unti: unknown key; accepted: unit"),
    "line": (replace(PUMP, line={"baud": 9600}), r"\[pump line\] baud: unknown key; accepted: baudrate"),
}


@pytest.mark.parametrize(("pump", "why"), NOT_GUARDED.values(), ids=NOT_GUARDED)
def test_what_cannot_be_guarded_is_told_before_anything_runs(pump: Guarded, why: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=f"the guardian of the pump is not ready.*{why}"):
        Guardian.start(pump, tmp_path / "diary")


def test_files_in_the_folder_it_is_started_in_are_not_taken_for_its_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serial.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    guardian = Guardian.start(replace(PUMP, options={}), Path("diary"))
    guardian.release()
    assert kinds(tmp_path / "diary") == ["started", "released"]


def test_one_that_is_not_ready_in_time_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is not ready within 0 s \\(it said nothing\\)"):
        Guardian.start(PUMP, tmp_path / "diary", patience_s=0.0)


def test_a_simulated_pump_ends_with_its_process_and_has_no_guardian(tmp_path: Path) -> None:
    assert guard(replace(PUMP, address="sim://bench/pump"), tmp_path / "diary") is None
