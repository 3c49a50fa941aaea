"""Every example of the pump's manual, answered by the simulated pump byte for byte."""

from __future__ import annotations

import pytest

from tests.instruments.exchanges import Row, octets
from tests.instruments.sim.answers import SPOKEN, Speak, assert_answered
from tests.instruments.sim.pump_states import SCPI_PUMP, given_pump

EXCHANGES = {row["id"]: row for row in SCPI_PUMP["exchange"]}
ALL = pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)


@SPOKEN
@ALL
def test_an_exchange_is_answered_byte_for_byte(exchange: Row, speak: Speak) -> None:
    assert_answered(given_pump(exchange), exchange["steps"], speak)


@ALL
def test_messages_in_one_write_are_answered_the_same(exchange: Row) -> None:
    """As far as nothing has to be waited for between them."""
    together: list[Row] = []
    for step in exchange["steps"]:
        if step.get("after_s", 0.0):
            break
        together.append(step)
    host = " ".join(step["host"] for step in together)
    assert_answered(given_pump(exchange), [{"host": host, "device": [line for step in together for line in step["device"]]}])


def test_the_table_has_all_examples() -> None:
    assert len(EXCHANGES) == 28
    assert all(octets(step["host"]).endswith(b"\n") for row in EXCHANGES.values() for step in row["steps"])
