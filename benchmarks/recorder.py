"""What recording costs, how much is ever at risk, and how fast a run that was cut is opened.

    python -m benchmarks.recorder [--seconds S] [--hours H]

Recording is done in real time, by the recorder itself: 100 readings a second, in portions as a rig takes them in. What is at
risk is what has been handed to the recorder and is not on the disk yet: its age is that of the oldest such byte. The run that
was cut is one of H hours at 10 Hz in which the pump was asked every 12 s.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np

from harness import appending
from harness.disk import to_disk
from harness.rawlog import raw_lines
from harness.readback import read_record
from harness.recorder import JOURNAL, SAMPLES, Recorder
from instruments.clock import WallClock, stopwatch
from instruments.readings import Readings
from instruments.stamped import Stamped, microseconds

RATE_HZ, PORTION_S = 100, 0.25
LINE = b"S S     35.0001 g\r\n"
RAW = "raw/balance.log"
DAY_RATE_HZ, LOOK_S, ASKED_EVERY_S = 10, 12.0, 12.0
TRIES = 3


def portion(count: int, from_us: int, every_us: int) -> tuple[Stamped, Readings]:
    """So many lines, and the readings that are in them."""
    stamps_us = from_us + every_us * np.arange(count, dtype=np.int64)
    frames = Stamped(LINE * count, len(LINE) * np.arange(1, count + 1, dtype=np.int64), stamps_us)
    return frames, Readings(stamps_us, np.full(count, 35.0001), np.full(count, ord("S"), dtype=np.uint8))


def cpu_s() -> float:
    used = os.times()
    return used.user + used.system


def in_real_time(seconds: float, take: Callable[[Stamped, Readings], None]) -> tuple[float, float]:
    """Hand over a portion every quarter of a second; the processor time used and the time that went by."""
    clock, before_s = WallClock(), cpu_s()
    for number in range(1, round(seconds / PORTION_S) + 1):
        clock.sleep_until(number * PORTION_S)
        count = round(RATE_HZ * PORTION_S)
        take(*portion(count, microseconds((number - 1) * PORTION_S), round(1e6 / RATE_HZ)))
    return cpu_s() - before_s, clock.now_s()


class Watched:
    """When which bytes of the raw file were handed over, and when they were on the disk."""

    def __init__(self) -> None:
        self._since_s, self._handed, self.synced = stopwatch(), list[tuple[float, int]](), list[tuple[float, int, int]]()

    def to_disk(self, descriptor: int) -> None:
        to_disk(descriptor)
        told = os.fstat(descriptor)
        self.synced.append((self._since_s(), told.st_ino, told.st_size))

    def handing_over(self, size: int) -> None:
        self._handed.append((self._since_s(), size))

    def at_risk_s(self, raw: Path) -> list[float]:
        """For each portion, how long its first byte was not on the disk."""
        moments = [(at_s, size) for at_s, inode, size in self.synced if inode == raw.stat().st_ino]
        return [next(at_s for at_s, size in moments if size > start) - handed_s for handed_s, start in self._handed]


def recording(folder: Path, seconds: float) -> None:
    watched, handed = Watched(), [0]

    def take(frames: Stamped, readings: Readings) -> None:
        watched.handing_over(handed[0])
        recorder.received("balance", frames)
        recorder.readings(readings)
        handed[0] += len(raw_lines(frames.split(1)[0], "<")) * len(frames)

    with patch.object(appending, "to_disk", watched.to_disk):
        recorder = Recorder(folder, "benchmark", "simulated")
        used_s, wall_s = in_real_time(seconds, take)
        recorder.sync()
    recorder.close()
    assert (folder / RAW).stat().st_size == handed[0]
    ages_s = np.array(watched.at_risk_s(folder / RAW))
    print(f"recording {RATE_HZ} readings a second for {wall_s:.0f} s")
    print(f"  processor: {used_s / wall_s:.2%} of a core, making the readings up included; wanted: under 1 %")
    print(f"  at risk: {ages_s.max():.2f} s at most, {np.median(ages_s):.2f} s in the median; wanted: 1 s")
    print(f"  syncs: {len(watched.synced) / wall_s:.1f} a second, of raw file and samples together")


def cut_run(folder: Path, hours: float) -> tuple[Recorder, int]:
    """A run that goes on, with half a line at the end of its journal and of its samples."""
    recorder = Recorder(folder, "benchmark", "simulated")
    count = round(LOOK_S * DAY_RATE_HZ)
    for look in range(round(hours * 3600 / LOOK_S)):
        now_us = microseconds(look * LOOK_S)
        frames, readings = portion(count, now_us, round(1e6 / DAY_RATE_HZ))
        recorder.received("balance", frames)
        recorder.readings(readings)
        if look * LOOK_S % ASKED_EVERY_S == 0:
            recorder.exchanged("pump", b"\r", b"\x0200I\x03", now_us, now_us + 20_000)
    recorder.sync()
    for name in (JOURNAL, SAMPLES):
        os.truncate(folder / name, (folder / name).stat().st_size - 5)
    return recorder, round(hours * 3600 * DAY_RATE_HZ)


def fastest_s(act: Callable[[], object]) -> float:
    def once() -> float:
        since_s = stopwatch()
        act()
        return since_s()

    return min(once() for _ in range(TRIES))


def opening(folder: Path, hours: float) -> None:
    recorder, count = cut_run(folder, hours)
    record = read_record(folder)
    assert (len(record.readings), len(record.torn)) == (count - 1, 2)
    opened_s, frames_s = fastest_s(lambda: read_record(folder)), fastest_s(lambda: (record.samples(), record.events_frame()))
    lines = (folder / JOURNAL).read_bytes().split(b"\n")[:-1]
    parsed_s = fastest_s(lambda: [json.loads(line) for line in lines])
    print(f"opening a run of {hours:g} h that was cut: {count:,} readings, {len(lines):,} lines of journal")
    print(f"  {opened_s:.2f} s, {opened_s / parsed_s:.1f} times what parsing the journal alone takes; wanted: under 2 s")
    print(f"  its pandas frames: {frames_s:.2f} s more")
    recorder.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--hours", type=float, default=24.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording(Path(folder) / "recording", chosen.seconds)
        opening(Path(folder) / "opening", chosen.hours)


if __name__ == "__main__":
    main()
