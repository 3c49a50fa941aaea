"""Signals: when they are heard, when they wait, and what they may never cut in two."""

from __future__ import annotations

import itertools
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from harness.evidence.verifier import FAILS, FolderFiles, check_run
from harness.interrupts import INTERRUPTS, Interrupts, uninterrupted
from harness.recorder import Recorder
from instruments.stamped import Stamped

KEPT = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGALRM")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    numbers = [getattr(signal, name) for name in KEPT if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def told() -> Interrupts:
    interrupts = Interrupts()
    interrupts.install()
    return interrupts


@pytest.mark.parametrize("name", [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)])
def test_the_first_word_interrupts_and_is_named(name: str, told: Interrupts) -> None:
    with pytest.raises(KeyboardInterrupt, match=name):
        signal.raise_signal(getattr(signal, name))
    assert told.words == f"the run was ended by {'hand (Ctrl-C)' if name == 'SIGINT' else name}"
    assert not told.hurry


def test_what_was_ignored_before_is_ignored_still() -> None:
    """As by nohup, and for what a shell puts into the background."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Interrupts().install()
    signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


@pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="this system has no Ctrl-Z")
def test_a_harness_is_not_put_to_sleep_while_its_pump_infuses(told: Interrupts) -> None:
    for name in ("SIGTSTP", "SIGTTIN", "SIGTTOU"):
        assert signal.getsignal(getattr(signal, name)) is signal.SIG_IGN


def test_behind_the_shield_a_word_only_hurries(told: Interrupts) -> None:
    with told.shield():
        assert not told.hurry
        signal.raise_signal(signal.SIGINT)
        assert told.hurry
        with told.shield():
            assert told.hurry
    assert not told.hurry
    with told.shield():
        assert not told.hurry


def whole(told: Interrupts, number: int, done: list[str]) -> None:
    with told:
        with told:
            signal.raise_signal(number)
            done.append("inner")
        done.append("outer")


def test_while_something_is_done_whole_a_word_waits(told: Interrupts) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        whole(told, signal.SIGTERM, done)
    assert done == ["inner", "outer"]
    with told:
        done.append("once")
    assert done[-1] == "once"


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no timer signals")
def test_a_time_limit_keeps_to_the_same_rules(told: Interrupts) -> None:
    def limit(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("too long")

    signal.signal(signal.SIGALRM, limit)
    told.adopt_time_limit()
    with told.shield():
        signal.raise_signal(signal.SIGALRM)
    done: list[str] = []
    with pytest.raises(TimeoutError, match="too long"):
        whole(told, signal.SIGALRM, done)
    assert done == ["inner", "outer"]


def test_a_function_that_is_uninterrupted_gives_back_what_it_gives() -> None:
    assert uninterrupted(lambda value, *, more: value + more)(1, more=2) == 3


STAMPED = Stamped.one(b"S S     35.0001 g\r\n", 61_000_000)


def busy(recorder: Recorder) -> None:
    recorder.sent("balance", b"SIR\r\n", 1)
    recorder.received("balance", STAMPED)
    recorder.exchanged("balance", b"SIR\r\n", b"S S\r\n", 1, 2)
    recorder.event(61_000_001, "phase", "C", {"name": "flow", "edge": "begin"})


def cut_after(count: int, folder: Path) -> bool:
    """Interrupted after so many instructions of the recorder; returns whether it came to that."""
    ticks = itertools.count()

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode" and next(ticks) == count:
            signal.raise_signal(signal.SIGINT)
        return trace

    with Recorder(folder, "r", "simulated") as recorder:
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            busy(recorder)
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
    return False


def test_an_interrupt_never_cuts_an_entry_in_two(tmp_path: Path) -> None:
    """At every ninth instruction of a recorder that has its hands full; the record holds all the same."""
    INTERRUPTS.install()
    wrong, cut = {}, 0
    for count in itertools.count(0, 9):
        folder = tmp_path / str(count)
        if not cut_after(count, folder):
            break
        cut += 1
        found = [finding for finding in check_run(FolderFiles(folder)) if finding.kind == FAILS]
        wrong |= {count: str(found[0])} if found and found[0].file != "manifest.json" else {}
    assert wrong == {}
    assert cut > 50
