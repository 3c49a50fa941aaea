"""Every worked exchange of the SCPI reference with a meter or a scanner, answered byte for byte."""

from __future__ import annotations

import pytest

from tests.instruments.exchanges import Row, octets
from tests.instruments.sim.scpi_states import SCPI, ScpiStanding, given_meter
from tests.instruments.sim.states import Standing
from tests.instruments.sim.test_exchanges import SPOKEN, Speak

SLACK_S = 0.5
METERS = {row["id"]: row for row in SCPI["exchange"] if row["device"] in ("dmm", "daq")}
ALL = pytest.mark.parametrize("exchange", METERS.values(), ids=METERS)


def answer(device: ScpiStanding, step: Row, expected: bytes) -> bytes:
    return device.hear(len(expected), within_s=step.get("within_s", SLACK_S)) if expected else b""


@SPOKEN
@ALL
def test_an_exchange_is_answered_byte_for_byte(exchange: Row, speak: Speak) -> None:
    device = given_meter(exchange)
    for step in exchange["steps"]:
        speak(device, octets(step["host"]))
        expected = b"".join(map(octets, step["device"]))
        assert answer(device, step, expected) == expected
    device.pass_s(SLACK_S)
    assert device.heard() == b""


@ALL
def test_all_messages_of_an_exchange_in_one_write_are_answered_the_same(exchange: Row) -> None:
    device = given_meter(exchange)
    Standing.say(device, b"".join(octets(step["host"]) for step in exchange["steps"]))
    device.pass_s(sum(step.get("within_s", SLACK_S) for step in exchange["steps"]))
    assert device.heard() == b"".join(octets(line) for step in exchange["steps"] for line in step["device"])


def test_all_exchanges_are_tested_but_those_of_supplies() -> None:
    assert [row["id"] for row in SCPI["exchange"] if row["id"] not in METERS] == [f"scpi-{n}" for n in (12, 13, 14, 15)]
    assert len(METERS) == 12
