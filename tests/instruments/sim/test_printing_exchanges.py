"""Every worked exchange of the balances that print lines, answered by the simulated devices byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.instruments.exchanges import Row, octets
from tests.instruments.sim.printing import SLACK_S, TABLES, Weighed, change, exchanges, given
from tests.instruments.sim.states import Standing

SPOKEN = pytest.mark.parametrize("speak", [Standing.say, Standing.spell], ids=["whole", "one byte at a time"])
Speak = Callable[[Standing, bytes], None]
WHOLE, EXCERPTS = list(exchanges(excerpt=False)), list(exchanges(excerpt=True))
AT_ONCE = [
    (family, row)
    for family, row in WHOLE
    if len(row["steps"]) == 1 and row["steps"][0]["device"] and row["given"] not in ("error-54", "zeroing")
]
STREAM_S = 2.0
ADJUSTED_S = 15.0


def each(rows: list[tuple[str, Row]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("family", "exchange"), rows, ids=[row["id"] for _, row in rows])


def _prepare(device: Weighed, step: Row) -> None:
    """What has changed on the pan is there before the host asks."""
    change(device, step)
    if step["host"]:
        device.pass_s(step.get("after_s", SLACK_S if step.keys() & {"load_g", "stable"} else 0.0))


@SPOKEN
@each(WHOLE)
def test_an_exchange_is_answered_byte_for_byte(family: str, exchange: Row, speak: Speak) -> None:
    device = given(family, exchange)
    for step in exchange["steps"]:
        _prepare(device, step)
        speak(device, octets(step["host"]))
        expected = b"".join(map(octets, step["device"]))
        wait_s = SLACK_S + (0.0 if step["host"] else step.get("after_s", 0.0))
        assert device.hear(len(expected), within_s=wait_s) == expected
    device.pass_s(SLACK_S)
    assert device.heard() == b""


@SPOKEN
@each(EXCERPTS)
def test_the_lines_of_an_excerpt_come_in_their_order(family: str, exchange: Row, speak: Speak) -> None:
    device = given(family, exchange)
    known = {octets(text) for step in exchange["steps"] for text in step["device"]}
    for step in exchange["steps"]:
        _prepare(device, step)
        speak(device, octets(step["host"]))
        device.pass_s(ADJUSTED_S if exchange["id"] == "sbi-16" else STREAM_S)
        lines, expected = device.lines(), list(map(octets, step["device"]))
        assert _in_order(expected, lines)
        assert lines[-1:] == expected[-1:] or not expected
        assert set(lines) <= known


def _in_order(expected: list[bytes], lines: list[bytes]) -> bool:
    left = iter(lines)
    return all(line in left for line in expected)


@each(AT_ONCE)
def test_two_commands_in_one_write_are_answered_one_after_the_other(family: str, exchange: Row) -> None:
    options = {**exchange.get("options", {}), **({"gap_s": 0.0} if family == "kern" else {})}
    device = given(family, {**exchange, "options": options})
    [step] = exchange["steps"]
    device.say(octets(step["host"]) * 2)
    device.pass_s(SLACK_S)
    assert device.heard() == b"".join(map(octets, step["device"])) * 2


def test_every_exchange_of_the_tables_is_tested() -> None:
    assert {family: len(table["exchange"]) for family, table in TABLES.items()} == {
        "sbi": 17, "ohaus": 11, "and_weighing": 13, "kern": 4
    }  # fmt: skip
    assert len(WHOLE) + len(EXCERPTS) == 45
