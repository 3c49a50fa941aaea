"""Breaks the harness on purpose where it decides verdicts, and shows that the project's tests go red for each place.

    python -m benchmarks.mutants [--only PART_OF_A_NAME ...] [--jobs N] [--json FILE]

A table and no mutation tool: a tool breaks what it likes, hundreds of times in every module, and cannot say what that means.

Only copies of this tree are broken, one for each job, in a temporary folder. First all tests that are named have to be green
there, in one process; then each mutant runs its own tests, which have to *fail*: what cannot be collected or takes too long is
no kill. The exit status is 1 when a mutant survives that is not listed with its reason, 2 when nothing could be shown: a text
that is not there, tests that are red before anything is broken.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import Queue

from benchmarks.mutants import MUTANTS, SURVIVORS
from benchmarks.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "runs", "build", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis")
_PACKAGES = ("dosebench", "fixtures", "harness", "instruments", "reports")
_PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "0")
_LONGEST_S, _ALL_S = 120.0, 1800.0
_GREEN, _RED = 0, 1
_FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)


class NothingShownError(Exception):
    """The mutants could not be tried."""


@dataclass(frozen=True, slots=True)
class Tried:
    """``red``: the first test that failed; empty when none did, and then ``told`` says what came instead."""

    mutant: Mutant
    place: str
    red: str
    told: str
    took_s: float

    @property
    def listed(self) -> bool:
        return self.mutant.name in SURVIVORS


class Copy:
    """A copy of the tree, whose own modules its tests import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=_LEFT_OUT)
        # Bytecode that goes by the hash of its source: a file that is changed and changed back within a second is never mistaken.
        for package in _PACKAGES:
            compileall.compile_dir(folder / package, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        self._prove()

    def _prove(self) -> None:
        """The project is installed from ROOT: a copy that imports from there would show nothing."""
        files = self._run(
            (sys.executable, "-c", f"import {', '.join(_PACKAGES)}; print({'.__file__, '.join(_PACKAGES)}.__file__)")
        )
        elsewhere = [path for path in files.stdout.split() if not Path(path).is_relative_to(self.folder)]
        if elsewhere or not files.stdout:
            raise NothingShownError(f"the copy in {self.folder} imports {elsewhere or 'nothing'}: {files.stderr[-500:]}")

    def _run(self, command: Sequence[str], timeout_s: float = _LONGEST_S) -> subprocess.CompletedProcess[str]:
        around = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
        told = {**around, "PYTHONPATH": str(self.folder), "COLUMNS": "1000"}
        return subprocess.run(command, cwd=self.folder, env=told, capture_output=True, text=True, timeout=timeout_s, check=False)

    def prove_green(self, tests: Iterable[str]) -> None:
        """Each test once. Raises NothingShownError when any is red although nothing is broken."""
        done = self._run((*_PYTEST, *dict.fromkeys(tests)), _ALL_S)
        if done.returncode != _GREEN:
            raise NothingShownError(
                f"red before anything is broken (status {done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-500:]}"
            )

    def tried(self, mutant: Mutant) -> Tried:
        place, began_s = f"{mutant.file}:{mutant.line(self.folder)}", time.monotonic()
        with mutant.broken(self.folder):
            red, told = self._red(mutant)
        return Tried(mutant, place, red, told, time.monotonic() - began_s)

    def _red(self, mutant: Mutant) -> tuple[str, str]:
        try:
            done = self._run((*_PYTEST, *mutant.tests))
        except subprocess.TimeoutExpired:
            return "", f"not done in {_LONGEST_S:g} s"
        failed = _FAILED.search(done.stdout)
        if done.returncode == _RED and failed:
            return failed[1], ""
        return "", "its tests are green" if done.returncode == _GREEN else f"pytest ended with status {done.returncode}"


def tried(mutants: Sequence[Mutant], jobs: int, folder: Path) -> list[Tried]:
    """Raises NothingShownError and ValueError, before the first is tried."""
    free: Queue[Copy] = Queue()
    copies = [Copy(folder / f"copy-{number}") for number in range(jobs)]
    for mutant in mutants:
        mutant.line(copies[0].folder)
    copies[0].prove_green(test for mutant in mutants for test in mutant.tests)
    for copy in copies:
        free.put(copy)

    def one(mutant: Mutant) -> Tried:
        copy = free.get()
        try:
            found = copy.tried(mutant)
        finally:
            free.put(copy)
        print(in_words(found), flush=True)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, mutants))


def in_words(found: Tried) -> str:
    became = f"red: {found.red}" if found.red else f"SURVIVES: {found.told}"
    reason = f" ({SURVIVORS[found.mutant.name]})" if found.listed else ""
    return f"{found.mutant.name:72} {found.place:44} {found.took_s:5.1f} s  {became}{reason}"


def as_json(found: Sequence[Tried]) -> dict[str, object]:
    """Schema ``dosebench/mutants/1``; survivors with the reason why, or what came instead of a red test."""
    killed = [{"name": one.mutant.name, "place": one.place, "red_by": one.red} for one in found if one.red]
    others = ((one, SURVIVORS.get(one.mutant.name, one.told)) for one in found if not one.red)
    survivors = [{"name": one.mutant.name, "place": one.place, "why": why} for one, why in others]
    return {"schema": "dosebench/mutants/1", "version": version("dosebench"), "mutants": killed, "survivors": survivors}


def end(found: Sequence[Tried], took_s: float) -> tuple[str, int]:
    """The last lines, and the exit status."""
    surviving = [one for one in found if not one.red and not one.listed]
    killed = [one for one in found if one.red]
    late = [one for one in killed if one.listed]
    told = f"\n{len(found)} places broken, {len(killed)} seen by the tests, {len(surviving)} survive; {took_s:.0f} s"
    lines = [
        *(f"survives: {one.mutant.name}" for one in surviving),
        *(f"is seen, and need not be listed: {one.mutant.name}" for one in late),
    ]
    return "\n".join([told, *lines]), int(bool(surviving or late))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="PART", help="mutants whose name or file has one of these in it"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where the result goes as well; mutants.json beside a drill is in its report")
    options = parser.parse_args()
    chosen = [one for one in MUTANTS if any(part in one.name or part in one.file for part in options.only)]
    began_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="dosebench-mutants-", ignore_cleanup_errors=True) as folder:
            found = tried(chosen, options.jobs, Path(folder).resolve())
    except (NothingShownError, ValueError, subprocess.TimeoutExpired) as err:
        print(err, file=sys.stderr)
        return 2
    told, status = end(found, time.monotonic() - began_s)
    print(told)
    if options.json:
        options.json.write_text(json.dumps(as_json(found), indent=1) + "\n", encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
