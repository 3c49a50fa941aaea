"""Every way out of a run but ``kill -9``, on ptys: its verdict, exit status and record, and a pump that is known to stand."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ends import CASES, Run, broken_chain, diary, not_said, patiently, running, site, verdicts

ENOUGH = """
import signal, pytest
def enough(*_): pytest.exit("enough for today")
"""
BETWEEN = (
    ENOUGH
    + """
def pytest_runtest_setup(item):
    if item.name == "LONG":
        enough()
"""
)
WITHIN = (
    ENOUGH
    + """
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    if item.name == "LONG":
        signal.signal(signal.SIGALRM, enough)
        signal.setitimer(signal.ITIMER_REAL, 2.0)
"""
)
IN_A_HOOK = """
def pytest_runtest_setup(item):
    if item.name == "LONG":
        raise RuntimeError("the door is open")
"""
IN_A_PROCEDURE = """
import harness.procedures
as_it_was = harness.procedures.PROCEDURES["steady-flow"]
def slips(rig, case):
    if case.id == "LONG":
        rig.start(case.rate)
        rig.wait(0.5)
        raise ZeroDivisionError("a slip")
    as_it_was(rig, case)
harness.procedures.PROCEDURES["steady-flow"] = slips
"""


def nothing(run: Run) -> None:
    """It ends by itself."""


def told(number: signal.Signals) -> Callable[[Run], None]:
    def act(run: Run) -> None:
        run.infuses()
        run.process.send_signal(number)

    return act


def told_twice(run: Run) -> None:
    told(signal.SIGINT)(run)
    run.waits_for(lambda: not run.site.infusing, "the stop")
    run.process.send_signal(signal.SIGINT)


def pulled(role: str, for_s: float | None = None) -> Callable[[Run], None]:
    def act(run: Run) -> None:
        run.infuses()
        run.site.cables[role].pull()
        if for_s is not None:
            until_s = run.site.now_s + for_s
            patiently(lambda: run.site.now_s > until_s, "the time to put it back")
            run.site.cables[role].put_back()

    return act


def pulled_until_given_up(run: Run) -> None:
    """The pump's cable, until the harness has handed the pump over to its guardian."""
    pulled("pump")(run)
    patiently(lambda: "harness gone" in diary(run.folder), "the guardian")
    run.site.cables["pump"].put_back()


def noise(run: Run) -> None:
    """Neither line's own bytes, on both."""
    run.infuses()
    for role in ("pump", "balance"):
        run.site.blurt(role, bytes(range(0x80, 0xA8)) + b"\r\n")


def full(run: Run) -> None:
    """Something else takes all the room that is left on the disk."""
    run.infuses()
    with (run.folder.parent / "films").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def limited(run: Run) -> None:
    """No file of the process may grow any more."""
    run.infuses()
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (1, 1))


@dataclass(frozen=True)
class End:
    """How a run comes to its end, and what it has to leave: ``cases`` are the verdicts of SHORT and LONG.

    ``confirmed`` is what the record's last word on the safe state says, None where no record can be closed any more;
    ``says``: pieces of what is printed, or of the reasons of the verdicts.
    """

    act: Callable[[Run], None]
    status: int
    cases: tuple[str, str]
    confirmed: bool | None = True
    says: tuple[str, ...] = ()
    conftest: str = ""
    duration: str = "10 min"
    bench: Mapping[str, str] = field(default_factory=dict)
    options: str = ""


STOPPED = ("ABORTED", "ABORTED")
PULLED = {"grace": "1 s", "watchdog": "4 s"}
ENDS: Mapping[str, Mapping[str, End]] = {
    "signals": {
        "SIGTERM": End(told(signal.SIGTERM), 4, STOPPED, says=("the run was ended by SIGTERM",)),
        "SIGHUP": End(told(signal.SIGHUP), 4, STOPPED, says=("the run was ended by SIGHUP",)),
        "Ctrl-C": End(told(signal.SIGINT), 4, STOPPED, says=("by hand (Ctrl-C)",)),
        "Ctrl-C twice": End(told_twice, 4, STOPPED, says=("by hand (Ctrl-C)",)),
    },
    "pytest": {
        "pytest.exit between two cases": End(nothing, 4, STOPPED, says=("enough for today",), conftest=BETWEEN),
        "pytest.exit in a case": End(nothing, 4, STOPPED, says=("Exit: enough for today",), conftest=WITHIN),
        "an exception in a hook": End(nothing, 4, STOPPED, says=("RuntimeError: the door is open",), conftest=IN_A_HOOK),
        "an exception in a procedure": End(nothing, 4, STOPPED, says=("ZeroDivisionError: a slip",), conftest=IN_A_PROCEDURE),
        "--timeout": End(nothing, 4, STOPPED, says=("Timeout",), options="--timeout=6 --timeout-method=signal"),
    },
    "lines": {
        "left alone": End(nothing, 0, ("PASS", "PASS"), duration="3 s"),
        "balance unplugged for 5 s": End(
            pulled("balance", 5.0), 3, ("PASS", "INVALID"), says=("no reading for",), duration="12 s"
        ),
        "balance unplugged for ever": End(pulled("balance"), 3, ("PASS", "INVALID"), says=("balance",), bench=PULLED),
        "pump unplugged": End(pulled_until_given_up, 4, STOPPED, confirmed=False, says=("\a",), bench=PULLED),
        "noise on both lines": End(noise, 3, ("PASS", "INVALID"), says=("were no weighings",), duration="5 s"),
    },
    "disk": {
        "file size limit": End(limited, 4, STOPPED, confirmed=None, says=("make room on the disk", "\a")),
        "--timeout by a thread": End(nothing, 4, STOPPED, says=("Timeout",), options="--timeout=6 --timeout-method=thread"),
    },
    "full disk": {"full": End(full, 3, ("PASS", "INVALID"), says=("make room on the disk",))},
}


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Four megabytes of memory as a disk: root may have one. Raises OSError or SubprocessError."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def may_mount(folder: Path) -> bool:
    try:
        with small_disk(folder):
            return True
    except (OSError, subprocess.SubprocessError):
        return False


def came_to(end: End, folder: Path) -> list[str]:
    """What is not as it should be after this end."""
    with ExitStack() as beside, site(folder) as on:
        if end.act is full:
            beside.enter_context(small_disk(on.out))
        plan, bench = on.plan_file(end.duration, end.conftest), on.bench_file(**end.bench)
        with running(on, plan=plan, bench=bench, PYTEST_ADDOPTS=end.options) as run:
            end.act(run)
            status = run.ends()
            patiently(lambda: not on.infusing, "a standing pump")
            return [*_differs(end, run, status), *broken_chain(run.folder), *not_said(run.folder)]


def _differs(end: End, run: Run, status: int) -> Iterator[str]:
    safe = [None, *(entry["confirmed"] for entry in run.has("safe state"))]
    found = {
        "status": (status, end.status),
        "cases": (tuple(verdicts(run.folder).get(case) for case in CASES), end.cases),
        "closed": (run.journal().closed, end.confirmed is not None),
        "confirmed": (safe[-1] if end.confirmed is not None else None, end.confirmed),
    }
    yield from (f"{what}: {told!r}, not {should!r}" for what, (told, should) in found.items() if told != should)
    reasons = (run.folder / "verdicts.json").read_text(encoding="utf-8")
    if found["cases"][0] != end.cases:
        yield reasons
    there = run.said + reasons
    yield from (f"nowhere {piece!r}" for piece in end.says if piece not in there)


@pytest.mark.parametrize("group", ENDS)
def test_every_end(group: str, tmp_path: Path) -> None:
    """Together, as most of their time is waiting."""
    if group == "full disk" and not may_mount(tmp_path / "try"):
        pytest.skip("whoever runs this may not mount a disk of a few megabytes")
    ends = ENDS[group]
    with ThreadPoolExecutor(len(ends)) as together:
        wrong = dict(zip(ends, together.map(came_to, ends.values(), [tmp_path / name for name in ends]), strict=True))
    assert {name: found for name, found in wrong.items() if found} == {}
