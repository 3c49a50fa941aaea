"""The manual of the SCPI pump has the examples that the simulated pump is tested with, and all of its commands."""

from __future__ import annotations

import re

from instruments.sim.implantable_commands import COMMANDS
from instruments.wire.scpi_pump import ALARMS
from instruments.wire.scpi_pump_commands import STANDARD
from tests.conftest import DATA
from tests.instruments.exchanges import load, octets

MANUAL = (DATA.parents[1] / "docs" / "reference" / "scpi-pump.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```text\n# (?P<title>.*?)(?: \([^()]*\))?\n(?P<body>.*?)```", re.DOTALL)
_FRAME = re.compile(r"^(?P<side>host ->|pump <-) (?P<text>.*)<LF>\n(?P<octets>(?:^ +[0-9A-F ]+\n)+)", re.MULTILINE)

Frames = list[tuple[str, bytes]]


def examples() -> dict[str, Frames]:
    """By its title what each side says in an example."""
    found: dict[str, Frames] = {}
    for block in _BLOCK.finditer(MANUAL):
        found[block["title"]] = []
        for frame in _FRAME.finditer(block["body"]):
            said = octets(frame["octets"])
            assert said == frame["text"].encode("ascii") + b"\n"
            found[block["title"]].append((frame["side"], said))
    return found


def test_the_examples_are_those_of_the_table() -> None:
    table: dict[str, Frames] = {}
    for row in load("scpi_pump")["exchange"]:
        told = [[("host ->", step["host"]), *(("pump <-", line) for line in step["device"])] for step in row["steps"]]
        table[row["title"]] = [(side, octets(text)) for step in told for side, text in step]
    assert examples() == table


def test_every_command_is_described() -> None:
    assert [header for header in COMMANDS if f"`{header}" not in MANUAL] == []


def test_every_name_of_the_driver_and_every_alarm_is_in_a_table() -> None:
    assert [name for name in STANDARD if f"| `{name}` |" not in MANUAL] == []
    assert [alarm.word for alarm in ALARMS.values() if f"| {alarm.bit} | `{alarm.word}` |" not in MANUAL] == []
