"""Stop the pump and prove it: what it says, what the balance sees, and what nobody may interrupt."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.bench import load_bench
from harness.interlocks import Limits
from harness.interrupts import INTERRUPTS
from harness.record import Series
from harness.recorder import Recorder
from harness.rig import Rig
from harness.safe_state import _flow
from instruments.errors import BenchError, Interlock, SafetyError
from instruments.ports import Ports
from instruments.sim.registry import find_bench

Build = Callable[..., Rig]
RATE_ML_H = 60.0


@pytest.fixture
def build(simulated_bench: Path, tmp_path: Path) -> Iterator[Build]:
    rigs: list[Rig] = []

    def make(*changes: tuple[str, str], faults: tuple[str, ...] = (), limits: Limits | None = None) -> Rig:
        text = simulated_bench.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "bench.toml"
        path.write_text(text)
        bench = load_bench(path, faults=faults)
        ports = Ports(bench.addresses, bench.tables)
        for role in bench.addresses:
            ports.open(role)
        rigs.append(Rig(bench, ports, Recorder(tmp_path / "run", "r", ports.data_source), limits=limits))
        rigs[-1].connect()
        return rigs[-1]

    yield make
    for rig in rigs:
        with suppress(BenchError):
            rig.close()
        rig.recorder.close()


def simulated() -> Any:
    found = find_bench("simulated")
    assert found is not None
    return found


def notes(rig: Rig) -> list[dict[str, Any]]:
    return [dict(event.data) for event in rig.recorder.record().of_kind("safe state")]


def running(rig: Rig, for_s: float = 60.0) -> Rig:
    rig.start(RATE_ML_H)
    rig.wait(for_s)
    return rig


def test_the_balance_is_the_second_witness_of_a_stop(build: Build) -> None:
    rig = running(build())
    rig.make_safe()
    (told,) = notes(rig)
    assert (told["confirmed"], told["word"], told["balance"]) == (True, "stopped", "watched")
    assert abs(told["flow_ml_h"]) < 0.3
    assert 0.01 < told["resolved_ml_h"] < 3.0
    assert rig.clock.now_s() == pytest.approx(60 + 5 * (5.2 + 0.5) + 15, abs=2)


def test_a_pump_that_says_it_stands_and_runs_on_is_not_believed(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = running(build())
    drive = simulated().devices["pump"].drive
    run = drive.run
    monkeypatch.setattr(drive, "run", lambda now_s, flow_ml_s, *more: run(now_s, flow_ml_s, *more) if flow_ml_s else None)
    with pytest.raises(
        SafetyError, match=r"it says 'stopped', and the balance still gains (59|60)\.\d mL/h\); go and stop it by hand"
    ):
        rig.make_safe()
    assert [told["confirmed"] for told in notes(rig)] == [False]


NOT_WATCHED = {
    "switched off": ((('driver = "new-era"', 'driver = "new-era"\nstop_watch = "0 s"'),), "not watched: pump.stop_watch is 0"),
    "balance gone": ((), "not watched: balance"),
}


@pytest.mark.parametrize(("changes", "said"), NOT_WATCHED.values(), ids=NOT_WATCHED)
def test_where_the_balance_cannot_say_the_pump_s_word_stands_alone(
    build: Build, changes: tuple[tuple[str, str], ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = running(build(*changes))
    if not changes:
        monkeypatch.setattr(simulated().devices["balance"], "send", lambda *_: None)
        monkeypatch.setattr(rig.balance, "readings", lambda: (_ for _ in ()).throw(BenchError("balance: gone")))
    rig.make_safe()
    (told,) = notes(rig)
    assert told["confirmed"]
    assert told["balance"].startswith(said)
    assert told["flow_ml_h"] is None


def test_a_pump_that_was_never_started_has_nothing_to_prove(build: Build) -> None:
    rig = build()
    since_s = rig.clock.now_s()
    rig.make_safe()
    assert notes(rig)[0]["balance"].startswith("not watched: the pump had not been started")
    assert rig.clock.now_s() - since_s < 2


def test_what_was_proved_once_is_not_watched_again_until_the_pump_has_run(build: Build) -> None:
    rig = running(build())
    for _ in range(2):
        rig.make_safe()
    running(rig).make_safe()
    assert [told["balance"].split(":")[0] for told in notes(rig)] == ["watched", "not watched", "watched"]


def test_a_second_word_skips_the_watch_and_never_the_stop(build: Build) -> None:
    rig = running(build())
    before = signal.getsignal(signal.SIGINT)
    INTERRUPTS.install()
    try:
        with INTERRUPTS.shield():
            signal.raise_signal(signal.SIGINT)
            rig.make_safe()
        with pytest.raises(KeyboardInterrupt, match="SIGINT"):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    (told,) = notes(rig)
    assert (told["confirmed"], told["balance"]) == (True, "not watched to the end: somebody was in a hurry")
    assert simulated().devices["pump"].status == "S"


def test_an_interlock_trips_in_the_middle_of_a_wait(build: Build) -> None:
    rig = build(limits=Limits(1.0, "what the vessel and the balance hold", 1e6))
    rig.start(RATE_ML_H)
    with pytest.raises(Interlock, match=r"interlock: 1\.\d+ mL have come, more than 1 mL, what the vessel"):
        rig.wait(600.0)
    rig.make_safe()
    assert notes(rig)[0]["confirmed"]


class Gone:
    """A guardian that has died, and that has no successor."""

    def ensure(self) -> None:
        raise BenchError("there is no guardian")


def test_no_pump_is_started_without_its_guardian(build: Build) -> None:
    rig = build()
    rig._guardianship = Gone()  # type: ignore[assignment]
    with pytest.raises(BenchError, match="there is no guardian"):
        rig.start(RATE_ML_H)
    assert simulated().devices["pump"].status == "S"


def test_a_balance_with_one_reading_in_an_edge_cannot_show_more_than_it_can_read() -> None:
    """0.01 mg up from reading to reading: rounding, and no flow of 9 uL/h."""
    series = Series(np.arange(0.0, 16.0), 1e-5 * np.arange(16.0))
    found = _flow(series, 0.0, 5.0, least_g=2e-5)
    assert found.flow_ml_h is not None
    assert found.resolved_ml_h is not None
    assert found.flow_ml_h < found.resolved_ml_h
