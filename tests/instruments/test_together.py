"""Two questions in one write get both answers in their order, on the device of every family and whole in every framer."""

from __future__ import annotations

import pytest

from instruments.drivers import drivers
from instruments.ports import Ports
from instruments.stamped import Stamped
from instruments.wire.framing import FrameBuffer
from tests.instruments.test_discovery import ADDRESS, plain

QUESTIONS = {
    "new-era": (b"DIA\r", b"RAT\r"),
    "harvard-ultra": (b"diameter\r", b"irate\r"),
    "harvard-44": (b"0DIA\r", b"0RAT\r"),
    "chemyx-fusion": (b"dispensed volume\r", b"read limit parameter\r"),
    "scpi-pump": (b"*IDN?\n", b"*ESE?\n"),
    "mt-sics": (b"I4\r\n", b"I3\r\n"),
    "sartorius-sbi": (b"\x1bx1_\r\n", b"\x1bx2_\r\n"),
    "ohaus": (b"IP\r\n", b"PSN\r\n"),
    "and": (b"Q\r\n", b"?SN\r\n"),
    "kern-kcp": (b"I4\r\n", b"I2\r\n"),
    "keysight-dmm": (b"*IDN?\n", b"*ESE?\n"),
    "keysight-daq": (b"*IDN?\n", b"*ESE?\n"),
    "keysight-e36300": (b"*IDN?\n", b"*ESE?\n"),
    "rigol-dp800": (b"*IDN?\n", b"*ESE?\n"),
}
PREPARED = {"harvard-ultra": b"poll on\r"}
"""Only with XON behind each prompt can the end of an answer be seen."""
LOSES_THE_SECOND = frozenset({"kern-kcp"})
"""Of commands less than a tenth of a second apart a KCP balance takes the first (balances-other, on KERN)."""
KINDS_OF = {name: kind for kind in ("pumps", "balances", "meters", "supplies") for name in drivers(kind)}


def answer(ports: Ports, data: bytes) -> bytes:
    ports["thing"].write(data)
    ports.clock.sleep_until(ports.clock.now_s() + 3.0)
    return ports["thing"].poll().data


def test_every_family_is_asked() -> None:
    assert set(QUESTIONS) == set(KINDS_OF)


@pytest.fixture
def ports(name: str) -> Ports:
    """The device, warm, without noise, and with the alarm taken that it may have had at power-up."""
    quiet = {"repeatability": "0 mg", "drift": "0 mg/h"} if KINDS_OF[name] == "balances" else {}
    ports = Ports(
        {"thing": ADDRESS},
        {key: table | quiet if key == "balance" else table for key, table in plain(KINDS_OF[name], name).items()},
    )
    ports.open("thing")
    ports.clock.sleep_until(3.0)
    answer(ports, PREPARED.get(name, QUESTIONS[name][0]))
    return ports


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_two_questions_in_one_write_get_two_answers(name: str, ports: Ports) -> None:
    first, second = (answer(ports, question) for question in QUESTIONS[name])
    assert first
    assert second
    assert first != second
    expected = first if name in LOSES_THE_SECOND else first + second
    assert answer(ports, b"".join(QUESTIONS[name])) == expected


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_two_answers_in_one_piece_are_the_frames_that_they_are_apart(name: str, ports: Ports) -> None:
    answers = [answer(ports, question) for question in QUESTIONS[name]]
    apart = [frame for data in answers for frame in frames(name, data)]
    assert frames(name, b"".join(answers)) == apart
    assert len(apart) >= 2


def frames(name: str, data: bytes) -> list[bytes]:
    framer = drivers(KINDS_OF[name])[name].framer
    return [frame for frame, _ in FrameBuffer(framer).feed(Stamped.one(data, 0))]
