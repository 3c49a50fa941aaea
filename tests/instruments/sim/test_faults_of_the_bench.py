"""Faults of lines, instruments and the computer: what arrives, when, and what the host's clock says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial

from instruments.clock import utc_at
from instruments.errors import ConfigError
from instruments.sim.bench import build_bench
from instruments.stamped import Stamped
from tests.instruments.sim.faulty import SIR_LINE_S, Bench, plain

BALANCES = {
    "mt-sics": (b"SIR\r\n", b"SI\r\n", b"I4\r\n"),
    "kern-kcp": (b"SIR\r\n", b"SI\r\n", b"I4\r\n"),
    "sartorius-sbi": (b"", b"\x1bP\r\n", b"\x1bx2_\r\n"),
    "and": (b"SIR\r\n", b"Q\r\n", b"?SN\r\n"),
    "ohaus": (b"CP\r\n", b"IP\r\n", b"PSN\r\n"),
}
"""How each family is told to stream (this Sartorius does so by its menu), asked for a weight, and asked who it is."""
UNDER_WAY_S = 0.1
STREAMS = {"sartorius-sbi": {"auto": "any"}}


@pytest.fixture(autouse=True)
def simulated_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "protocol_handler_packages", ["instruments.sim"])


def streaming(family: str, *faults: str, seed: int = 1) -> Bench:
    """A noisy balance that has sent its lines from the beginning on."""
    bench_file = plain(*faults, balance=family, seed=seed, cell={"repeatability": "0.3 mg"})
    bench_file["simulation"]["balance"] = STREAMS.get(family, {})
    bench = Bench(bench_file)
    bench.at(0.5).say("balance", BALANCES[family][0])
    return bench


def pieces(family: str, *faults: str, seed: int = 1, until_s: float = 120.0) -> list[tuple[bytes, float]]:
    bench = streaming(family, *faults, seed=seed)
    return seconds(bench.at(until_s).sim.device("balance").take())


def seconds(arrived: Stamped) -> list[tuple[bytes, float]]:
    return [(piece, stamp_us / 1e6) for piece, stamp_us in arrived]


# --- lines and cables ---


@pytest.mark.parametrize("family", BALANCES)
@pytest.mark.parametrize(("more", "until_s"), [(",for=10s", 40.0), (",for=1min", 90.0), ("", 1000.0)])
def test_lost_lines_are_those_of_their_time_and_no_others(family: str, more: str, until_s: float) -> None:
    expected = [(piece, at_s) for piece, at_s in pieces(family) if not 30.0 <= at_s < until_s]
    assert 100 < len(expected) < len(pieces(family))
    assert pieces(family, f"lost-lines:at=30s{more}") == expected


@pytest.mark.parametrize("family", BALANCES)
@pytest.mark.parametrize(("more", "until_s"), [(",for=10s", 40.0), (",for=1min", 90.0), ("", 1000.0)])
def test_what_is_sent_over_a_pulled_cable_is_lost(family: str, more: str, until_s: float) -> None:
    """Of the line that is under way when the cable is put back nothing arrives either."""
    found, whole = pieces(family, f"balance-unplug:at=30s{more}"), pieces(family)
    sure = [entry for entry in found if not until_s <= entry[1] < until_s + UNDER_WAY_S]
    assert sure == [entry for entry in whole if not 30.0 <= entry[1] < until_s + UNDER_WAY_S]
    assert set(found) <= set(whole)


@pytest.mark.parametrize("for_s", [5.0, 60.0])
def test_a_port_on_a_pulled_cable_is_dead(for_s: float) -> None:
    bench = Bench(plain(f"balance-unplug:at=1min,for={for_s}s"))
    port = serial.serial_for_url("sim://faulty/balance", timeout=1.0)
    bench.at(60.0)
    with pytest.raises(serial.SerialException, match="could not open port"):
        serial.serial_for_url("sim://faulty/balance")
    bench.at(60.0 + for_s)
    with pytest.raises(serial.SerialException, match="device disconnected"):
        port.write(b"SI\r\n")
    again = serial.serial_for_url("sim://faulty/balance", timeout=1.0)
    again.write(b"I4\r\n")
    assert again.read_until(b"\n") == b'I4 A "SIM0000001"\r\n'
    assert bench.events() == [(60.0, "the balance's cable is pulled"), (60.0 + for_s, "the cable is put back")]


@pytest.mark.parametrize("family", BALANCES)
@pytest.mark.parametrize(("more", "count"), [("", 40), (",bytes=300", 300)])
def test_garbage_comes_between_the_lines_which_stay_as_they_are(family: str, more: str, count: int) -> None:
    found = pieces(family, f"serial-garbage:at=30s{more}")
    stray = [(piece, at_s) for piece, at_s in found if at_s == 30.0]
    assert [len(piece) for piece, _ in stray] == [count]
    assert [entry for entry in found if entry not in stray] == pieces(family)
    assert len(set(stray[0][0])) > 20


def garbage(seed: int) -> bytes:
    return next(piece for piece, at_s in pieces("mt-sics", "serial-garbage:at=30s", seed=seed) if at_s == 30.0)


def test_garbage_is_the_same_for_the_same_seed_and_other_for_another() -> None:
    assert garbage(1) == garbage(1) != garbage(2)


# --- the balance is another ---


@pytest.mark.parametrize("family", BALANCES)
@pytest.mark.parametrize("at_s", [20.0, 50.05])
def test_somebody_sets_the_balance_to_milligrams(family: str, at_s: float) -> None:
    bench = Bench(plain(f"unit-changed:at={at_s}s", balance=family))
    _, asks, _ = BALANCES[family]
    before, after = (bench.at(moment_s).ask("balance", asks).decode() for moment_s in (at_s - 1, at_s + 0.001))
    assert re.search(r"35\.0000 +g", before)
    assert re.search(r"35000\.0 +mg", after)


@pytest.mark.parametrize("family", [name for name in BALANCES if name != "sartorius-sbi"])
@pytest.mark.parametrize("at_s", [20.0, 50.05])
def test_a_stream_goes_on_in_milligrams(family: str, at_s: float) -> None:
    found = pieces(family, f"unit-changed:at={at_s}s")
    before = [piece for piece, sent_s in found if sent_s < at_s]
    after = [piece for piece, sent_s in found if sent_s > at_s + 0.3]
    assert before == [piece for piece, sent_s in pieces(family) if sent_s < at_s]
    assert all(re.search(rb"[ +]0?3(499|500)\d\.\d mg[ ?]*\r\n", piece) for piece in after)
    assert len(after) > 200


@pytest.mark.parametrize("family", BALANCES)
@pytest.mark.parametrize("expected", ["", "B0123456"])
def test_another_balance_has_another_serial_number(family: str, expected: str) -> None:
    _, asks, who = BALANCES[family]

    def told(*faults: str) -> tuple[bytes, bytes]:
        bench_file = plain(*faults, balance=family)
        bench_file["balance"] |= {"serial": expected} if expected else {}
        bench = Bench(bench_file)
        return bench.at(20.0).ask("balance", who), bench.ask("balance", asks)

    own, other = told(), told("other-instrument")
    assert expected.encode() in own[0]
    assert b"SIM9999999" in other[0]
    assert b"SIM9999999" not in own[0]
    assert other[1] == own[1]


# --- calendars and clocks ---


@pytest.mark.parametrize(
    ("pump_due", "balance_due", "day"),
    [
        (None, date(2030, 6, 30), datetime(2030, 7, 1, 12, tzinfo=UTC)),
        (date(2031, 12, 31), date(2030, 6, 30), datetime(2032, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_the_calendar_has_passed_every_calibration(pump_due: date | None, balance_due: date, day: datetime) -> None:
    bench_file = plain("calibration-overdue")
    bench_file["balance"]["calibration_due"] = balance_due
    bench_file["pump"] |= {"calibration_due": pump_due} if pump_due else {}
    clock = Bench(bench_file).clock
    assert utc_at(clock, clock.now_s()) == day


def test_a_calendar_cannot_pass_what_is_not_there() -> None:
    with pytest.raises(ConfigError, match="'calibration-overdue': the bench file has no calibration_due that could be passed"):
        build_bench("never-calibrated", plain("calibration-overdue"))


NEVER_S = float("inf")
STEPS = pytest.mark.parametrize("by_s", [3600.0, 7.5, -7.5, -3600.0])


@STEPS
def test_the_clock_shows_another_time_from_the_step_on(by_s: float) -> None:
    bench = Bench(plain(f"clock-step:at=1min,by={by_s}s"))
    clock = bench.at(59.999).clock
    assert (clock.now_s(), clock.shown_s(59.999), clock.due_s()) == (59.999, 59.999, 60.0)
    clock.wait(lambda: bool(bench.events()), NEVER_S)
    assert bench.events() == [(60.0, f"the clock of the computer is set by {by_s:+g} s")]
    assert clock.now_s() == pytest.approx(60.0 + by_s)
    assert [clock.shown_s(moment_s) for moment_s in (0.0, 59.9, 60.0, 100.0)] == pytest.approx([0.0, 59.9, 60 + by_s, 100 + by_s])


@STEPS
def test_stamps_of_lines_are_what_the_clock_showed(by_s: float) -> None:
    bench = Bench(plain(f"clock-step:at=1min,by={by_s}s"))
    port: Any = serial.serial_for_url("sim://faulty/balance", timeout=1.0)
    bench.listen().at(59.0)
    port.take()
    bench.clock.sleep_until(61.0 + max(0.0, by_s))
    steps_s = np.diff(port.take().stamps_us) / 1e6
    assert len(steps_s) >= 19
    assert sorted({round(step_s, 3) for step_s in steps_s[:19].tolist()}) == sorted({0.1, round(0.1 + by_s, 3)})
    assert int(np.argmax(np.abs(steps_s - 0.1))) == 9


@pytest.mark.parametrize(
    ("by_s", "deadline_s", "ends_at_s", "shows_s"),
    [
        (3600.0, 90.0, 60.0, 3660.0),
        (10.0, 90.0, 80.0, 90.0),
        (-10.0, 90.0, 100.0, 90.0),
        (-3600.0, 90.0, 3690.0, 90.0),
    ],
)
def test_who_sleeps_until_a_time_sleeps_until_the_clock_shows_it(
    by_s: float, deadline_s: float, ends_at_s: float, shows_s: float
) -> None:
    """The bench goes on meanwhile: as many lines come as its own time has seconds."""
    bench = Bench(plain(f"clock-step:at=1min,by={by_s}s")).listen(1)
    bench.clock.sleep_until(deadline_s)
    assert bench.clock.now_s() == pytest.approx(shows_s)
    device = bench.sim.device("balance")
    assert device.now_s == pytest.approx(ends_at_s)
    assert len(device.take()) == pytest.approx(ends_at_s, abs=1)


@pytest.mark.parametrize(("by_s", "ends_at_s"), [(3600.0, 60.0), (3.0, 62.0), (-3.0, 68.0), (-3600.0, 3665.0)])
def test_a_read_that_gets_nothing_ends_when_the_clock_shows_its_deadline(by_s: float, ends_at_s: float) -> None:
    bench = Bench(plain(f"clock-step:at=1min,by={by_s}s")).at(55.0)
    port = serial.serial_for_url("sim://faulty/balance", timeout=10.0)
    assert port.read(1) == b""
    assert bench.sim.device("balance").now_s == pytest.approx(ends_at_s)


@STEPS
def test_what_arrives_ends_a_wait_on_either_side_of_the_step(by_s: float) -> None:
    bench = Bench(plain(f"clock-step:at=1min,by={by_s}s")).at(59.99)
    port = serial.serial_for_url("sim://faulty/balance", timeout=1e5)
    port.write(b"SI\r\n")
    assert port.read_until(b"\n") == b"S S    35.0000 g\r\n"
    assert bench.sim.device("balance").now_s == pytest.approx(59.99 + SIR_LINE_S)


def test_the_steps_of_a_clock_add_up() -> None:
    clock = Bench(plain("clock-step:at=1min,by=+1h", "clock-step:at=2min,by=-30min")).clock
    assert clock.shown_s(30.0) == 30.0
    clock.sleep_until(3700.0)
    assert clock.shown_s(110.0) == 3710.0
    clock.sleep_until(3730.0)
    assert clock.now_s() == pytest.approx(3730.0)
    assert clock.shown_s(120.0) == pytest.approx(1920.0)


# --- the disk ---

FILLS = """
import sys
from pathlib import Path
from tests.instruments.sim.faulty import Bench, plain


def grown(bench, moment_s):
    bench.at(moment_s)
    try:
        with path.open("ab", buffering=0) as file:
            for _ in range(3):
                file.write(bytes(500_000))
    except OSError as err:
        print(err.strerror)
    print(path.stat().st_size)
    path.unlink()


path = Path(sys.argv[1])
for at_s in (10.0, 60.0):
    bench = Bench(plain(f"disk-full:at={at_s}s"))
    grown(bench, at_s - 1)
    grown(bench, at_s)
    bench.sim.close()
    grown(bench, at_s + 1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there: the fault is refused, as the next test shows")
def test_files_stop_growing_at_a_megabyte_until_the_bench_is_closed(tmp_path: Path) -> None:
    """In a process of its own: the limit is one of the process."""
    root, filled = Path(__file__).resolve().parents[3], str(tmp_path / "filled")
    ran = subprocess.run([sys.executable, "-c", FILLS, filled], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == 2 * ["1500000", "File too large", "1000000", "1500000"]


@pytest.fixture
def no_posix(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "instruments.sim.disk_posix", raising=False)
        patch.setitem(sys.modules, "resource", None)
        yield


@pytest.mark.usefixtures("no_posix")
def test_where_a_disk_cannot_be_filled_that_is_said() -> None:
    with pytest.raises(ConfigError, match="fault 'disk-full' needs a POSIX system"):
        Bench(plain("disk-full:at=10s")).at(10.0)


# --- what is not there ---


@pytest.mark.parametrize("missing", ["pump", "balance"])
def test_what_happens_to_an_instrument_needs_one(missing: str) -> None:
    faults = {
        "pump": ["reset-silent:at=10s"],
        "balance": [f"{name}:at=10s" for name in ("balance-unplug", "lost-lines", "serial-garbage", "unit-changed")],
    }
    for fault in faults[missing]:
        bench_file = {key: table for key, table in plain(fault).items() if key != missing}
        bench_file["simulation"].pop("pump", None)
        with pytest.raises(ConfigError, match=f"nothing can happen to the {missing}: this bench has none"):
            build_bench("bare", bench_file)
