"""Real runs that come to real ends: a bench on ptys, the harness in a process of its own. Not on Windows.

The simulators are served by this process, so that whether the pump stands is seen where nobody can be wrong: at its drive. What
the balance has put on its line is kept here too, with the moment at which each line had arrived.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT
from typing import Any

import numpy as np

from harness import samples
from harness.bench import load_bench
from harness.evidence.verifier import FAILS, check_path, what_is_wrong
from harness.rawlog import frames_of
from harness.readback import Journal, read_journal
from harness.recorder import JOURNAL, SAMPLES
from instruments.clock import stopwatch
from instruments.errors import BenchError
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.device import SimDevice
from instruments.stamped import NOTHING, Stamped
from instruments.wire.framing import FrameBuffer, line_ends
from instruments.wire.mt_sics import decode_block
from tests.conftest import NO_NODE, ROOT
from tests.instruments.sim.served import Cable, served

PATIENCE_S = 90.0
"""How long is waited for what has to come; never that long unless something fails."""
STANDS_WITHIN_S = 3.0
AT_RISK_S = 1.0
EARLIEST_S, LATEST_S = -2.0, 6.0
"""Moments of a run are counted from when its pump first infuses; two seconds before that it has only begun its record."""
SCHEDULING_S = 1.0
"""What a machine that does other things too may add: the writer's thread has to get its turn."""

SIMULATED = (ROOT / "benches" / "simulated.toml").read_text(encoding="utf-8").partition("[simulation]")[0]
STIFF = """
[simulation]
seed = 1
[simulation.drive]
backlash = "0 mL"
[simulation.line]
syringe_compliance = "1e-8 mL/Pa"
[simulation.cell]
response = "0.05 s"
[simulation.vessel]
evaporation = "0.2 mg/h"
"""
"""What runs is pushed at once, and what is pushed is weighed at once: seconds are enough for a verdict."""

BRISK = {"lag": "0.05 s", "response": "0.1 s", "drift": "1 g/h", "evaporation_at_most": "1 g/h"}
"""The same for the harness. A blank of a second cannot tell noise from evaporation: what is allowed here covers both."""

PLAN = """
[plan]
id = "ENDS"
title = "Two infusions in real seconds"
[preparation]
settle = "0 s"
blank = "1 s"
[[case]]
id = "SHORT"
title = "An infusion of two seconds and a half"
procedure = "steady-flow"
rate = "100 mL/h"
settle = "0.5 s"
duration = "2 s"
flow_error = { within = "30 %" }
requirement = ["R1"]
[[case]]
id = "LONG"
title = "An infusion that most ends come into"
procedure = "steady-flow"
rate = "30 mL/h"
settle = "0.5 s"
duration = "DURATION"
flow_error = { within = "30 %" }
requirement = ["R2"]
"""
CASES = ("SHORT", "LONG")
STREAM = b"SIR\r\n"
"""What the balance is told to weigh on and on."""


class Site:
    """A served bench, and a folder for plans and runs."""

    def __init__(self, folder: Path, bench: SimulatedBench, environment: Mapping[str, str]) -> None:
        self.environment, self.folder, self.out, self._bench, self._numbers = (
            environment,
            folder,
            folder / "runs",
            bench,
            count(1),
        )
        self.cables = {role: Cable(bench, role) for role in bench.roles}
        self.balance = Overheard(bench.device("balance"))

    @property
    def now_s(self) -> float:
        """Time of the served bench: real time."""
        return self._bench.clock.now_s()

    @property
    def infusing(self) -> bool:
        """Whether the plunger moves."""
        return self._bench.path.stretches[-1].motion.flow_ml_s != 0

    @property
    def stands_since_s(self) -> float:
        """When the plunger came to stand for the last time; infinity while it moves."""
        last = self._bench.path.stretches[-1]
        moving = [at for at, stretch in enumerate(self._bench.path.stretches) if stretch.motion.flow_ml_s]
        if last.motion.flow_ml_s:
            return float("inf")
        return self._bench.path.stretches[moving[-1] + 1].start_s if moving else 0.0

    def blurt(self, role: str, data: bytes) -> None:
        """Noise on a line."""
        self.cables[role]._do(lambda: self._bench.device(role).blurt(data))

    def bench_file(self, **changed: str) -> Path:
        """For a harness that knows nothing of a simulation. ``changed``: values of the bench file's keys."""
        text = SIMULATED.replace("sim://simulated/", f"{self.folder}/line/").replace("driver =", 'grace = "10 s"\ndriver =')
        text = text.replace('watchdog = "30 s"', 'watchdog = "30 s"\nstop_watch = "1.5 s"')
        for key, value in {
            "lag": "0.05 s",
            "response": "0.1 s",
            "drift": "1 g/h",
            "evaporation_at_most": "1 g/h",
            **changed,
        }.items():
            text, found = re.subn(rf'\b{key} = "[^"]*"', f'{key} = "{value}"', text)
            assert found, key
        path = self.folder / "bench.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def plan_file(self, duration: str = "10 min", conftest: str = "") -> Path:
        """In a folder of its own, with a conftest beside it."""
        folder = self.folder / f"plan-{next(self._numbers)}"
        folder.mkdir()
        (folder / "conftest.py").write_text(SHORT_BLANKS + conftest, encoding="utf-8")
        plan = folder / "ends.toml"
        plan.write_text(PLAN.replace("DURATION", duration), encoding="utf-8")
        return plan


SHORT_BLANKS = """
import annotated_types
from harness.plan import PlanFile, Preparation

blank = Preparation.model_fields["blank"]
blank.metadata = [told for told in blank.metadata if not isinstance(told, annotated_types.Ge)]
Preparation.model_rebuild(force=True)
PlanFile.model_rebuild(force=True)
"""
"""A blank of ten minutes is what a plan has to have at least; what is looked at here does not depend on it."""


class Overheard:
    """Both directions of a device's line: what it was asked, and what it said as it arrived at the other end."""

    def __init__(self, device: SimDevice) -> None:
        self._device, self._receive, self._take = device, device.receive, device.take
        self._asked, self._said = list[tuple[float, bytes]](), list[Stamped]()
        device.receive, device.take = self._hear_question, self._hear_answer  # type: ignore[method-assign]

    def _hear_question(self, data: bytes) -> None:
        self._asked.append((self._device.now_s, data))
        self._receive(data)

    def _hear_answer(self) -> Stamped:
        self._said.append(taken := self._take())
        return taken

    def asked_s(self, word: bytes, since_s: float) -> float:
        """When it was last asked for something, in s of the served bench's time; infinity when it was not."""
        return max((at_s for at_s, data in list(self._asked) if word in data and at_s >= since_s), default=float("inf"))

    def lines(self, since_s: float, until_s: float) -> list[tuple[bytes, float]]:
        """Each line that arrived between two moments, with its moment."""
        frames = FrameBuffer(line_ends).feed(Stamped.join(list(self._said)))
        return [(line, stamp_us / 1e6) for line, stamp_us in frames if since_s * 1e6 < stamp_us <= until_s * 1e6]


@contextmanager
def site(folder: Path, environment: Mapping[str, str] = NO_NODE) -> Iterator[Site]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulated.toml").write_text(SIMULATED + STIFF, encoding="utf-8")
    bench = build_bench("ends", load_bench(folder / "simulated.toml").tables)
    on = Site(folder, bench, environment)
    with served(bench, link_dir=folder / "line"):
        yield on


def patiently(done: Callable[[], object], what: str = "it") -> None:
    """Wait for what others do, without keeping the processor from them."""
    elapsed_s, rest = stopwatch(), threading.Event()
    while not done():
        assert elapsed_s() < PATIENCE_S, f"{what} did not come"
        rest.wait(0.02)


# --- the harness ---


class Run:
    """``dosebench run`` in a process of its own."""

    def __init__(self, on: Site, plan: Path, bench: Path, out: Path | None = None, **environment: str) -> None:
        self.site, self._out = on, out or on.out
        self._before = set(self._folders())
        command = [sys.executable, "-m", "dosebench", "run", str(plan), "--bench", str(bench), "--out", str(self._out)]
        environment = {**os.environ, **on.environment, **environment}
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=environment, bufsize=0)
        self.began_s, self._said = on.now_s, bytearray()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Its guardian may hold the line longer than itself."""
        assert self.process.stdout is not None
        with self.process.stdout as line:
            while said := line.read(4096):
                self._said += said

    def _folders(self) -> list[Path]:
        return [path.parent for path in self._out.glob(f"*/{JOURNAL}")]

    @property
    def said(self) -> str:
        return self._said.decode("utf-8", "replace")

    @property
    def folder(self) -> Path:
        (found,) = set(self._folders()) - self._before
        return found

    def journal(self) -> Journal:
        return read_journal(self.folder / JOURNAL)

    def waits_for(self, done: Callable[[], object], what: str) -> None:
        def there() -> bool:
            assert self.process.poll() is None, f"it ended before {what}: {self.said}"
            with suppress(ValueError, BenchError):  # there is no folder yet, or no line in it
                return bool(done())
            return False

        patiently(there, what)

    def begins(self) -> None:
        """Wait until there is a record."""
        self.waits_for(self.journal, "a record")

    def infuses(self, case: str = "LONG") -> None:
        """Wait until the record says that a case has the pump running, and it does."""
        self.waits_for(lambda: self.site.infusing and any(_starts(event, case) for event in self.journal().entries), case)

    def ends(self) -> int:
        return self.process.wait(PATIENCE_S)

    def has(self, kind: str) -> list[Mapping[str, Any]]:
        """What the journal tells of this kind."""
        return [event.data for event in self.journal().entries if event.kind == kind]


def _starts(event: Any, case: str) -> bool:
    return bool(event.kind == "commanded" and event.case == case and event.data["rate_ml_h"] > 0)


@contextmanager
def running(on: Site, **options: Any) -> Iterator[Run]:
    run = Run(on, options.pop("plan", None) or on.plan_file(), options.pop("bench", None) or on.bench_file(), **options)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait(PATIENCE_S)


# --- what a run leaves ---


def verdicts(folder: Path) -> dict[str, str]:
    """The verdict of each case, and of the run as ``""``."""
    path = folder / "verdicts.json"
    if not path.is_file():  # killed in its first moments
        return {}
    plain = json.loads(path.read_bytes())
    return {"": plain["verdict"], **{case["id"]: case["verdict"] for case in plain["cases"]}}


def results(folder: Path) -> list[dict[str, Any]]:
    """All Allure results that are anywhere in a run folder."""
    return [json.loads(path.read_bytes()) for path in sorted(folder.rglob("*-result.json"))]


def green(folder: Path) -> list[str]:
    """Whatever in a run folder, or on its pages, could be taken for a pass."""
    found = [f"verdicts.json: {case or 'the run'}" for case, verdict in verdicts(folder).items() if verdict == "PASS"]
    found += [f"result: {result['name']}" for result in results(folder) if result["status"] == "passed"]
    for page in (folder / "summary.html",):
        found += [page.name] if page.is_file() and "PASS" in page.read_text(encoding="utf-8") else []
    return found


def not_said(folder: Path) -> list[str]:
    """What is wrong with the Allure results of a run: one for each case, that says what its verdict says, by name if aborted."""
    there = [json.loads(path.read_bytes()) for path in sorted(folder.glob("allure-results/*-result.json"))]
    told = {_case_in(result["name"]): result for result in there}
    wrong = [f"{len(there)} results of {', '.join(told)}"] if sorted(told) != sorted(CASES) or len(there) != len(CASES) else []
    for case, verdict in verdicts(folder).items():
        if case in told and (told[case]["status"], told[case]["name"].startswith("ABORTED: ")) != _should_say(verdict):
            wrong.append(f"{verdict}, and the result {told[case]['name']!r} is {told[case]['status']}")
    return wrong


def _case_in(name: str) -> str:
    return name.removeprefix("ABORTED: ").partition(":")[0]


def _should_say(verdict: str) -> tuple[str, bool]:
    return {"PASS": "passed", "FAIL": "failed"}.get(verdict, "broken"), verdict == "ABORTED"


def broken_chain(folder: Path) -> list[str]:
    """What does not hold in a run folder, be it closed or cut."""
    return [str(found) for _, run in check_path(folder) for found in what_is_wrong(run) if found.kind == FAILS]


@dataclass(frozen=True)
class Kept:
    """What a run kept of what its balance sent: what is wrong with it, and how old the first line was that is missing (s)."""

    wrong: list[str]
    at_risk_s: float
    lines: int


def kept(run: Run, killed_s: float) -> Kept:
    """Compare the record of a run that was killed at ``killed_s`` with what its balance put on the line since it was told to."""
    raw, line = run.folder / "raw" / "balance.log", run.site.balance
    frames, _ = frames_of(raw.read_bytes(), "<") if raw.is_file() else (NOTHING, 0)
    sent = line.lines(line.asked_s(STREAM, run.began_s), killed_s)
    recorded = [line for line, _ in frames]
    before = _before(recorded, [line for line, _ in sent])
    missing = [moment_s for _, moment_s in sent[len(recorded) - before :]]
    wrong = _samples_differ(run.folder, frames.split(before)[1])
    return Kept(wrong, killed_s - missing[0] if missing else 0.0, len(recorded) - before)


def _before(recorded: list[bytes], sent: list[bytes]) -> int:
    """How many recorded lines came before the first that was sent: from there on they have to be the same, without a gap.

    What came between the last look at the bench and the kill may be recorded and not be in ``sent``.
    """
    for before in range(len(recorded)):
        same = min(len(recorded) - before, len(sent))
        if same and recorded[before : before + same] == sent[:same]:
            return before
    return len(recorded)


def _samples_differ(folder: Path, frames: Stamped) -> list[str]:
    """The samples are what the raw lines say, up to what was still to be understood when the end came."""
    path = folder / SAMPLES
    kept, _ = samples.from_bytes(path.read_bytes()) if path.is_file() else (samples.joined([]), 0)
    weighed, _ = decode_block(frames) if len(frames) else (samples.joined([]), NOTHING)
    ahead = len(weighed) - len(kept)
    told = ("stamps_us", "masses_g", "statuses")
    if ahead < 0 or not all(np.array_equal(getattr(kept, name), getattr(weighed, name)[: len(kept)]) for name in told):
        return [f"the samples ({len(kept)}) are not what the raw lines say ({len(weighed)})"]
    behind_s = (weighed.stamps_us[-1] - weighed.stamps_us[len(kept)]) / 1e6 if ahead else 0.0
    return [f"the samples are {behind_s:.2f} s behind the raw lines"] if behind_s > AT_RISK_S else []


# --- kill -9 ---


@dataclass(frozen=True)
class Killed:
    """A run that was killed at a moment (s, see ``EARLIEST_S``), and what became of it.

    ``stood_s``: from the kill until the plunger stood, 0 where it stood already; ``at_risk_s``: age at the kill of the oldest
    line of the balance that is lost; ``wrong``: whatever does not hold.
    """

    folder: Path
    moment_s: float
    infusing: bool
    stood_s: float
    at_risk_s: float
    lines: int
    wrong: list[str]


def kill(on: Site, moment_s: float) -> Killed:
    """Run, kill -9 at a moment, look at everything."""
    with running(on) as run:
        if moment_s < 0:
            run.begins()
        else:
            run.infuses("SHORT")
        folder, due_s = run.folder, on.now_s + (moment_s if moment_s >= 0 else moment_s - EARLIEST_S)
        run.waits_for(lambda: on.now_s >= due_s, "its moment")
        killed_s, infusing = on.now_s, on.infusing
        run.process.send_signal(signal.SIGKILL)
        run.ends()
    patiently(lambda: not on.infusing and stop_confirmed(folder), "the guardian's stop")
    found = kept(run, killed_s)
    stood_s = max(0.0, on.stands_since_s - killed_s)
    wrong = [*found.wrong, *green(folder), *not_said(folder), *broken_chain(folder)]
    wrong += [f"a line {found.at_risk_s:.2f} s old is lost"] if found.at_risk_s > AT_RISK_S + SCHEDULING_S else []
    wrong += [f"the pump ran on for {stood_s:.2f} s"] if stood_s > STANDS_WITHIN_S else []
    return Killed(folder, moment_s, infusing, stood_s, found.at_risk_s, found.lines, wrong)


def diary(folder: Path) -> dict[str, Mapping[str, Any]]:
    """What the guardian of a run has done, by kind; of each the last."""
    path = folder / "guardian.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    return {entry["kind"]: entry["data"] for entry in map(json.loads, lines)}


def stop_confirmed(folder: Path) -> bool:
    """By the guardian; a run that was killed before it had one never started its pump."""
    told = diary(folder)
    return not told or bool(told.get("stopped", {}).get("confirmed"))


def not_recovered(folder: Path) -> list[str]:
    """What does not hold for a run that was killed, when a later one has begun on the same bench."""
    journal = read_journal(folder / JOURNAL)
    wrong = [] if journal.closed else ["it has not been closed"]
    found = verdicts(folder)
    wrong += [f"{name or 'the run'} is {found.get(name)}" for name in ("", CASES[-1]) if found.get(name) != "ABORTED"]
    wrong += ["it is not in the summary"] if not (folder / "summary.html").is_file() else []
    return [*wrong, *green(folder), *not_said(folder), *broken_chain(folder)]


def later_run(on: Site) -> list[str]:
    """What does not hold of a run that comes after: it has to get its pump infusing. It is ended by hand, in a hurry."""
    with running(on) as run:
        run.infuses("SHORT")
        run.process.send_signal(signal.SIGINT)
        run.waits_for(lambda: not on.infusing, "the stop")
        run.process.send_signal(signal.SIGINT)
        status = run.ends()
        return [] if status == 4 and run.journal().closed else [f"the later run ended with {status}: {run.said}"]
