"""Every worked exchange of the protocol references, answered by the simulated devices byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.instruments.exchanges import MT_SICS, NEW_ERA, Row, octets
from tests.instruments.sim.states import BalanceStanding, PumpStanding, Standing, change, given_balance, given_pump

SLACK_S = 0.5
READY = {row["id"]: row for row in NEW_ERA["exchange"] + MT_SICS["exchange"] if not row.get("beyond")}
SPOKEN = pytest.mark.parametrize("speak", [Standing.say, Standing.spell], ids=["whole", "one byte at a time"])
Speak = Callable[[Standing, bytes], None]


def standing(exchange: Row) -> PumpStanding | BalanceStanding:
    return given_pump(exchange) if exchange["id"].startswith("ne-") else given_balance(exchange)


def ask(device: Standing, step: Row, speak: Speak) -> None:
    """The host's part of a step; what has changed on the pan is there before it asks."""
    if not step["host"]:
        return
    changed = isinstance(device, BalanceStanding) and step.keys() & {"load_g", "stable", "given"}
    device.pass_s(step.get("after_s", SLACK_S if changed else 0.0))
    speak(device, octets(step["host"]))


@SPOKEN
@pytest.mark.parametrize("exchange", [row for row in READY.values() if not row.get("excerpt")], ids=lambda row: row["id"])
def test_an_exchange_is_answered_byte_for_byte(exchange: Row, speak: Speak) -> None:
    device = standing(exchange)
    for step in exchange["steps"]:
        if isinstance(device, BalanceStanding):
            change(device, step)
        ask(device, step, speak)
        expected = b"".join(map(octets, step["device"]))
        wait_s = SLACK_S + (0.0 if step["host"] else step.get("after_s", 0.0))
        assert device.hear(len(expected), within_s=wait_s) == expected
    device.pass_s(SLACK_S)
    assert device.heard() == b""


@SPOKEN
@pytest.mark.parametrize("exchange", [row for row in READY.values() if row.get("excerpt")], ids=lambda row: row["id"])
def test_the_lines_of_an_excerpt_come_in_their_order(exchange: Row, speak: Speak) -> None:
    device = standing(exchange)
    for step in exchange["steps"]:
        speak(device, octets(step["host"]))
        device.pass_s(5.0)
        lines = device.heard().splitlines(keepends=True)
        expected = list(map(octets, step["device"]))
        assert [line for line in lines if line in expected] == expected
        assert lines[-1] == expected[-1]


def test_an_alarm_due_after_silence_does_not_come_before() -> None:
    device = given_pump(NEW_ERA["exchange"][27])
    device.pass_s(3.8)
    assert device.heard() == b""


def test_all_exchanges_are_tested_but_those_beyond_us() -> None:
    beyond = [row["id"] for row in NEW_ERA["exchange"] + MT_SICS["exchange"] if row.get("beyond")]
    assert beyond == []
    assert len(READY) == 31 + 22
