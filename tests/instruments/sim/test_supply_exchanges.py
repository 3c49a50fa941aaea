"""The worked exchanges with supplies, answered byte for byte."""

from __future__ import annotations

import pytest

from tests.instruments.exchanges import Row
from tests.instruments.sim.answers import SPOKEN, Speak, assert_answered
from tests.instruments.sim.scpi_states import SCPI
from tests.instruments.sim.supply_states import given_supply

SUPPLIES = {row["id"]: row for row in SCPI["exchange"] if row["device"] in ("supply", "rigol")}
ALL = pytest.mark.parametrize("exchange", SUPPLIES.values(), ids=SUPPLIES)


@SPOKEN
@ALL
def test_an_exchange_is_answered_byte_for_byte(exchange: Row, speak: Speak) -> None:
    assert_answered(given_supply(exchange), exchange["steps"], speak)


@ALL
def test_all_messages_of_an_exchange_in_one_write_are_answered_the_same(exchange: Row) -> None:
    host = " ".join(step["host"] for step in exchange["steps"])
    device = [line for step in exchange["steps"] for line in step["device"]]
    assert_answered(given_supply(exchange), [{"host": host, "device": device}])


def test_they_are_four() -> None:
    assert list(SUPPLIES) == ["scpi-12", "scpi-13", "scpi-14", "scpi-15"]
