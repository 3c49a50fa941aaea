"""Cables that are pulled and put back: on a simulated line, and by a fault of the bench."""

from __future__ import annotations

from typing import Any

import pytest
import serial

from instruments.errors import ConfigError
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.faults import with_faults
from instruments.sim.registry import register_bench
from instruments.sim.setup import Setup

BALANCE = {"balance": {"driver": "mt-sics", "address": "sim://cables/balance"}}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> SimulatedBench:
    monkeypatch.setattr(serial, "protocol_handler_packages", ["instruments.sim"])
    bench = SimulatedBench(with_faults(Setup(), ["balance-unplug:at=1min,for=30s"]), BALANCE)
    register_bench("cables", bench)
    return bench


def opened() -> Any:
    return serial.serial_for_url("sim://cables/balance", timeout=1.0)


def asked(port: Any) -> bytes:
    port.write(b"I4\r\n")
    return bytes(port.read_until(b"\n"))


def test_the_cable_is_out_for_as_long_as_the_fault_says(bench: SimulatedBench) -> None:
    balance = bench.devices["balance"]
    seen = []
    for moment_s in (59.9, 60.0, 89.9, 90.0, 200.0):
        bench.clock.sleep_until(moment_s)
        seen.append(balance.plugged_in)
    assert seen == [True, False, False, True, True]


def test_a_port_that_was_open_stays_dead_and_a_new_one_works(bench: SimulatedBench) -> None:
    before = opened()
    assert asked(before) == b'I4 A "SIM0000001"\r\n'
    bench.clock.sleep_until(75.0)
    with pytest.raises(serial.SerialException, match="could not open port"):
        opened()
    bench.clock.sleep_until(95.0)
    with pytest.raises(serial.SerialException, match="device disconnected"):
        asked(before)
    after = opened()
    assert asked(after) == b'I4 A "SIM0000001"\r\n'
    after.write(b"I4\r\n")
    bench.clock.sleep_until(96.0)
    for look in (lambda: before.in_waiting, before.take, before.read):
        with pytest.raises(serial.SerialException, match="device disconnected"):
            look()
    assert after.read_until(b"\n") == b'I4 A "SIM0000001"\r\n'


def test_the_balance_goes_on_weighing_and_what_it_says_meanwhile_is_lost(bench: SimulatedBench) -> None:
    opened().write(b"UPD 10\r\nSIR\r\n")
    bench.clock.sleep_until(100.0)
    after = opened()
    bench.clock.sleep_until(101.0)
    stamps_us = [stamp_us for _, stamp_us in after.take()]
    assert len(stamps_us) == 10
    assert stamps_us[0] > 100e6


def test_putting_a_cable_in_that_is_in_changes_nothing(bench: SimulatedBench) -> None:
    port = opened()
    bench.devices["balance"].plug_in()
    assert asked(port) == b'I4 A "SIM0000001"\r\n'


def test_a_cable_that_is_not_there_cannot_be_pulled() -> None:
    pump = {"driver": "new-era", "address": "sim://pumps/pump"}
    with pytest.raises(ConfigError, match="nothing can happen to the balance: this bench has none; it has pump"):
        build_bench("pumps", {"pump": pump, "simulation": {"faults": ["balance-unplug:at=1min"]}})
