"""``dosebench sim serve`` in a process of its own, for tests. Not on Windows."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

PATIENCE_S = 60.0
"""How long a test waits for what has to come; it never waits that long unless it fails."""
BENCH = ROOT / "benches" / "simulated.toml"


class Program:
    """Speaks first: ``told`` is its first line."""

    def __init__(self, *options: str | Path, bench: Path = BENCH) -> None:
        command = [sys.executable, "-m", "dosebench", "sim", "serve", "--bench", str(bench), *map(str, options)]
        self.process = subprocess.Popen(command, cwd=ROOT, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], PATIENCE_S)[0], "it says nothing"
        self.told = self.process.stdout.readline().decode()

    @property
    def addresses(self) -> dict[str, dict[str, Any]]:
        return dict(json.loads(self.told))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit status, and what it has said since on standard output and error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out.decode(), err.decode()


@contextmanager
def serving(*options: str | Path, bench: Path = BENCH) -> Iterator[Program]:
    program = Program("--json", *options, bench=bench)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.communicate(timeout=PATIENCE_S)
