"""The person at the terminal: a pseudo-terminal here, with somebody at its other end."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.operator import Console
from instruments.errors import BenchError
from instruments.hands import Step

STEP = Step("put on", "put the 50 g weight on", {"mass_g": 50.0})

Ends = tuple[int, Console]


@pytest.fixture
def terminal() -> Iterator[Ends]:
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    yield ours, Console(name, name)
    os.close(ours)
    os.close(theirs)


ANSWERS = [(b"\n", "done"), (b"  \n", "done"), (b"new tweezers\n", "new tweezers"), ("Zug µ\n".encode(), "Zug µ")]


@pytest.mark.parametrize(("typed", "answer"), ANSWERS)
def test_enter_says_that_it_is_done_and_words_go_into_the_record(typed: bytes, answer: str, terminal: Ends) -> None:
    ours, console = terminal
    os.write(ours, typed)
    assert console.ask(STEP, lambda: None) == answer


def test_the_step_is_shown_and_the_bench_is_looked_after_until_the_answer_comes(terminal: Ends) -> None:
    ours, console = terminal
    looks: list[bytes] = []

    def look() -> None:
        looks.append(os.read(ours, 1024) if not looks else b"")
        if len(looks) == 3:
            os.write(ours, b"\n")

    assert console.ask(STEP, look) == "done"
    assert len(looks) >= 3
    assert b"put the 50 g weight on" in looks[0]
    assert b"Enter when it is done" in looks[0]


@pytest.mark.parametrize(
    ("typed", "message"), [(b"STOP\n", "the operator gave up at this step: put the"), (b"\x04", "nobody answ")]
)
def test_who_gives_up_or_goes_away_ends_the_case(typed: bytes, message: str, terminal: Ends) -> None:
    ours, console = terminal
    os.write(ours, typed)
    with pytest.raises(BenchError, match=message):
        console.ask(STEP, lambda: None)


def test_who_waits_can_be_interrupted(terminal: Ends) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terminal[1].ask(STEP, interrupted)
    os.write(terminal[0], b"\n")


def test_without_a_terminal_nobody_is_there(tmp_path: Path, terminal: Ends) -> None:
    nowhere = Console(str(tmp_path / "no-tty"), str(tmp_path / "no" / "tty"))
    assert terminal[1].attended
    assert not nowhere.attended
    with pytest.raises(BenchError, match="nobody can be asked to do this: put the 50 g weight on"):
        nowhere.ask(STEP, lambda: None)


OF_ITS_OWN = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""A new session takes the terminal that it has as its input for its own, as a shell does."""

TEST = """
import sys
from harness.operator import Console
from instruments.hands import Step

def test_asks():
    print("captured")
    assert not sys.stdin.isatty()
    assert Console().attended
    assert Console().ask(Step("take off", "take it off"), lambda: None) == "gone"
"""


def test_somebody_is_asked_although_pytest_captures(tmp_path: Path) -> None:
    """A process with a terminal of its own, as from a shell."""
    (tmp_path / "test_asks.py").write_text(TEST)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path / "test_asks.py")]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", OF_ITS_OWN, *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        told = _answered(ours)
    os.close(ours)
    assert process.returncode == 0, told.decode()
    assert b"1 passed" in told
    assert b"captured" not in told


def _answered(terminal: int) -> bytes:
    """All that was shown; the question was answered when it came."""
    told = b""
    while chunk := _read(terminal):
        asked, told = b"take it off" in told, told + chunk
        if not asked and b"take it off" in told:
            os.write(terminal, b"gone\n")
    return told


def _read(terminal: int) -> bytes:
    """Nothing once the other end is gone, which Linux tells as an error."""
    try:
        return os.read(terminal, 1024)
    except OSError:
        return b""
