"""A line that is lost and comes back within its grace time is used again; what was under way is never done twice by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.bench import load_bench
from harness.recorder import Recorder
from harness.rig import Rig
from harness.stations import Stations, open_ports
from instruments.errors import BenchError, LinkLost, Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers, WrongDevice
from instruments.sim.device import SimDevice
from instruments.sim.registry import find_bench

Pull = Callable[[str, float, float], None]


@pytest.fixture
def rig(simulated_bench: Path, tmp_path: Path) -> Iterator[Rig]:
    bench = load_bench(simulated_bench)
    ports = open_ports(bench)
    rig = Rig(bench, ports, Recorder(tmp_path / "run", "r", ports.data_source))
    rig.connect()
    yield rig
    with suppress(BenchError):
        rig.close()
    rig.recorder.close()


class Hand:
    """Pulls a cable at one moment and puts it back at another."""

    def __init__(self, device: SimDevice, out_s: float, in_s: float) -> None:
        self._due = [(out_s, device.unplug), (in_s, device.plug_in)]

    def next_event_s(self) -> float:
        return self._due[0][0] if self._due else float("inf")

    def next_output_s(self) -> float:
        return float("inf")

    def advance_to(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            self._due.pop(0)[1]()


@pytest.fixture
def pull(rig: Rig) -> Pull:
    """Pull the cable of a role in so many seconds, for so long."""

    def pull(role: str, in_s: float, for_s: float) -> None:
        clock: Any = rig.clock
        at_s = clock.now_s() + in_s
        clock.add(Hand(device_of(role), at_s, at_s + for_s))

    return pull


def device_of(role: str) -> Any:
    bench = find_bench("simulated")
    assert bench is not None
    return bench.devices[role]


def notes(rig: Rig, kind: str) -> list[dict[str, Any]]:
    return [dict(event.data) for event in rig.recorder.record().of_kind(kind)]


def test_a_balance_that_comes_back_goes_on_weighing_and_the_gap_is_in_the_record(rig: Rig, pull: Pull) -> None:
    rig.start(1.0)
    pull("balance", 60.0, 4.0)
    rig.wait(120.0)
    assert [note["role"] for note in notes(rig, "link lost")] == ["balance"]
    steps_s = np.sort(np.diff(rig.recorder.record().readings.stamps_us)) / 1e6
    assert steps_s[-2] < 0.5
    assert 4.0 <= steps_s[-1] <= 12.0 + 4.0  # we look every 12 s, as the pump's watchdog asks
    assert notes(rig, "link back")[0]["gap_s"] == pytest.approx(steps_s[-1], abs=1.5)  # the line has to fall quiet first
    assert rig.poll().running


def test_the_pump_hears_from_us_while_the_balance_is_looked_for(rig: Rig, pull: Pull) -> None:
    rig.bench.file.balance.__dict__["grace"] = 100.0  # longer than the watchdog of 30 s
    rig.start(1.0)
    pull("balance", 10.0, 90.0)
    rig.wait(120.0)
    assert rig.poll().running
    assert not notes(rig, "alarm")


def test_a_pump_that_comes_back_is_asked_again_and_runs_on(rig: Rig, pull: Pull) -> None:
    rig.start(1.0)
    rig.wait(20.0)
    pull("pump", 1.0, 3.0)
    rig.wait(60.0)
    assert [note["role"] for note in notes(rig, "link lost")] == ["pump"]
    assert rig.poll().running
    assert not [note for note in notes(rig, "pump") if note["word"] == "stopped"][1:]


@pytest.mark.parametrize("role", ["balance", "pump"])
def test_a_line_that_stays_away_is_lost_when_the_grace_time_is_over(rig: Rig, pull: Pull, role: str) -> None:
    rig.start(1.0)
    pull(role, 20.0, 1e6)
    with pytest.raises(LinkLost, match=rf"^sim://simulated/{role}: the line was lost"):
        rig.wait(120.0)
    assert 30.0 <= rig.clock.now_s() <= 60.0


def test_another_balance_that_comes_back_is_not_taken_for_the_first(rig: Rig, pull: Pull) -> None:
    device = device_of("balance")
    pull("balance", 1.0, 3.0)
    device.data = replace(device.data, serial="SIM0000002")
    with pytest.raises(WrongDevice, match=r"SIM0000001 was lost there, and .* SIM0000002 came back; check the cables"):
        rig.wait(60.0)


def test_a_balance_that_comes_back_with_another_rate_is_not_blamed_on_the_pump(
    rig: Rig, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.start(1.0)
    pull("balance", 1.0, 3.0)
    monkeypatch.setattr(rig.balance, "set_update_rate", lambda _: 5.0)
    with pytest.raises(BenchError, match=r"after its line came back: balance: asked for 10 .*, it took 5;") as caught:
        rig.wait(60.0)
    assert not isinstance(caught.value, SettingDiffers)


def test_a_setting_that_was_under_way_is_not_sent_again(rig: Rig) -> None:
    device_of("pump").unplug()
    device_of("pump").plug_in()
    with pytest.raises(LinkLost):
        rig.start(1.0)
    assert not notes(rig, "link lost")


def test_the_pump_is_looked_for_at_the_end_although_the_balance_is_lost_for_good(rig: Rig, pull: Pull) -> None:
    rig.start(1.0)
    pull("pump", 0.5, 4.0)
    pull("balance", 0.5, 1e6)
    rig.clock.sleep_until(rig.clock.now_s() + 1.0)
    rig.make_safe()
    assert notes(rig, "safe state")[-1]["confirmed"]
    assert device_of("pump").status != "I"


def test_a_plug_that_loses_its_contact_again_is_looked_for_again(rig: Rig, pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    start_stream = rig.balance.start_stream

    def bounce() -> None:
        monkeypatch.undo()
        device_of("balance").unplug()
        device_of("balance").plug_in()
        start_stream()

    rig.start(1.0)
    pull("balance", 2.0, 3.0)
    monkeypatch.setattr(rig.balance, "start_stream", bounce)
    rig.wait(60.0)
    assert [note["role"] for note in notes(rig, "link back")] == ["balance", "balance"]
    assert rig.clock.now_s() - rig.recorder.record().readings.stamps_us[-1] / 1e6 < 1.0


def test_a_line_that_never_holds_is_lost_in_the_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def bounce() -> None:
        raise LinkLost("again")

    monkeypatch.setattr(rig.balance, "readings", bounce)
    with pytest.raises(LinkLost, match="again"):
        rig.wait(60.0)


@pytest.mark.parametrize("error", [Refused("I4: syntax error", "ES"), ReplyError("not a line", b"?"), ReplyTimeout("half")])
def test_a_device_that_comes_back_in_the_middle_of_a_word_is_asked_again(
    rig: Rig, pull: Pull, monkeypatch: pytest.MonkeyPatch, error: BenchError
) -> None:
    def not_yet() -> None:
        monkeypatch.undo()
        raise error

    rig.start(1.0)
    pull("balance", 2.0, 3.0)
    monkeypatch.setattr(rig.balance, "resume", not_yet)
    rig.wait(60.0)
    assert [note["role"] for note in notes(rig, "link back")] == ["balance"]


def test_a_line_that_stays_away_says_how_long_it_was_looked_for_and_why_it_is_not_back(rig: Rig, pull: Pull) -> None:
    rig.start(1.0)
    pull("balance", 2.0, 1e6)
    with pytest.raises(LinkLost, match=r"the line was lost .*; it was not back within 10 s \(.* cannot be opened"):
        rig.wait(60.0)


SCANNER = """
[pressure]
driver = "keysight-daq"
address = "sim://simulated/daq"
options = { channel = 101 }
[alarm_relay]
driver = "keysight-daq"
address = "sim://simulated/daq"
options = { channel = "301", bit = 0 }
"""


def test_all_roles_on_one_line_find_their_input_again(
    simulated_bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(simulated_bench.read_text() + SCANNER)
    bench = load_bench(path)
    ports = open_ports(bench)
    resumed: list[str] = []

    def noted(role: str, resume: Callable[[], Any]) -> Any:
        resumed.append(role)
        return resume()

    with closing(ports), closing(Recorder(tmp_path / "run", "r", "simulated")) as recorder:
        stations = Stations(bench, ports, recorder, lambda *_, **__: None)
        stations.connect()
        for role in ("pressure", "alarm_relay"):
            resume = stations[role].resume
            monkeypatch.setattr(stations[role], "resume", partial(noted, role, resume))
        stations.regain("alarm_relay", LinkLost("gone"), lambda: None)
        assert resumed == ["pressure", "alarm_relay"]
        assert stations["alarm_relay"].level().value in (0.0, 1.0)  # its channel was written as text


@pytest.mark.parametrize(("back_after_s", "safe"), [(3.0, True), (1e6, False)])
def test_the_stop_at_the_end_looks_for_the_pump_too(rig: Rig, pull: Pull, back_after_s: float, safe: bool) -> None:
    rig.start(1.0)
    pull("pump", 0.5, back_after_s)
    rig.clock.sleep_until(rig.clock.now_s() + 1.0)
    with nullcontext() if safe else pytest.raises(SafetyError, match="did not confirm that it stands"):
        rig.make_safe()
    assert notes(rig, "safe state")[-1]["confirmed"] is safe
    assert (device_of("pump").status == "I") is not safe
