"""What all simulated SCPI devices have: messages in their order, the status model, the error queue, operations that take time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from instruments.identity import Identity
from instruments.sim.scpi import COMMON, Answer, Command, Given, Later, Persona, ScpiDevice, Tree, action, register_commands
from instruments.sim.scpi_status import EventRegister
from instruments.wire.scpi_errors import ScpiError
from tests.instruments.sim.scpi_states import ScpiStanding, errors

NEVER_S = float("inf")


class Source(ScpiDevice):
    """Three outputs with a voltage each, a sweep that takes 2 s, and a question that takes as long."""

    def __init__(self, persona: Persona) -> None:
        super().__init__(persona, baudrate=1_000_000, latency_s=0.001)
        self.volts = {1: 0.0, 2: 0.0, 3: 0.0}
        self.swept_s = NEVER_S
        self.status.nested.append(EventRegister())

    def voltage(self, given: Given) -> str:
        return self.nr3(self.volts[given.suffixes[0]])

    def set_voltage(self, given: Given) -> None:
        value = given.number("V", low=0.0, high=30.0, words={"DEFault": 1.0})
        for output in given.channels([1, 2]) if given.left else given.suffixes:
            self.volts[output] = value

    def sweep(self, given: Given) -> None:
        self.swept_s = self.now_s + 2.0

    def swept(self, given: Given) -> Answer:
        return Later(lambda: not self.busy(), lambda: self.nr1(7))

    def mode(self, given: Given) -> None:
        given.word("FIXed", "LIST")

    def busy(self) -> bool:
        return self.now_s < self.swept_s < NEVER_S

    def next_event_s(self) -> float:
        return self.swept_s if self.busy() else NEVER_S

    def reset(self) -> None:
        self.volts = dict.fromkeys(self.volts, 0.0)

    tree = Tree(
        {
            **COMMON,
            "[:SOURce<1:3>]:VOLTage[:LEVel][:IMMediate][:AMPLitude]": Command(voltage, set_voltage, takes=(1, 2)),
            "[:SOURce<1:3>]:VOLTage:MODE": Command(set=mode),
            "SWEep[:STARt]": action(sweep),
            "SWEep:RESult": Command(swept),
            **register_commands("STATus:QUEStionable:OUTPut", lambda device, _: device.status.nested[0]),
        }
    )


def source(**persona: Any) -> ScpiStanding:
    device = ScpiStanding(Source(Persona("Maker", Identity("M1", "S1", "F1"), **persona)))
    device.told("*CLS")
    return device


# --- headers ---

SAME = [
    "VOLT?", "volt?", ":VOLT?", "VOLTAGE?", "SOUR:VOLT?", "SOUR1:VOLT?", ":SOURce1:VOLTage:LEVel:IMMediate:AMPLitude?",
    "VOLT:AMPL?", "SOUR:VOLT:IMM?", "VOLT:LEV?",
]  # fmt: skip


@pytest.mark.parametrize("header", SAME)
def test_a_header_may_be_spelled_in_many_ways(header: str) -> None:
    device = source()
    device.told("VOLT 5")
    assert device.told(header) == "+5.00000000E+00"


UNDEFINED = {
    "VOLTA?": -113,
    "SOURC:VOLT?": -113,
    "VOLT:IMM:LEV?": -113,
    "SOUR?": -113,
    "VOLT1?": -113,
    "LEV?": -113,
    "SOUR9:VOLT?": -114,
    "SOUR0:VOLT 1": -114,
    "*IDN": -113,
    "*RST?": -113,
    "VOLT:MODE?": -113,
    "*FOO?": -113,
}


@pytest.mark.parametrize(("message", "code"), UNDEFINED.items())
def test_an_unknown_header_is_an_error_and_never_answered(message: str, code: int) -> None:
    device = source()
    assert device.told(message) == ""
    assert errors(device) == [code]


# --- parameters ---

TAKEN = {
    "VOLT 5 V": 5.0, "VOLT 500 mV": 0.5, "VOLT MAX": 30.0, "VOLT MINIMUM": 0.0, "VOLT DEF": 1.0, "VOLT 3.3, (@1)": 3.3,
    "VOLT 30": 30.0, "VOLT .5E1": 5.0, "VOLT #HA": 10.0,
}  # fmt: skip


@pytest.mark.parametrize(("message", "volts"), TAKEN.items())
def test_a_setting_takes_its_parameters(message: str, volts: float) -> None:
    device = source()
    device.told(message)
    assert device.told("VOLT?") == f"{volts:+.8E}"
    assert errors(device) == []


REFUSED = {
    "VOLT": -109, "VOLT 1,2,3": -108, "*RST 1": -108, "VOLT? 1": -108, "VOLT 30.1": -222, "VOLT -1": -222, "VOLT 1,(@3)": -222,
    "VOLT 1,(@1:5)": -222, 'VOLT "1"': -104, "VOLT ON": -148, "VOLT 1 A": -131, "VOLT 1,2": -128, "VOLT:MODE LIS": -141,
    "VOLT:MODE 1": -128, "*ESE 256": -222, "*SRE -1": -222, "STAT:OPER:ENAB 32768": -222, "*ESE 1E99": -222,
    "VOLT 1;;;VOLT": -109,
}  # fmt: skip


@pytest.mark.parametrize(("message", "code"), REFUSED.items())
def test_a_setting_refuses_the_others_and_keeps_what_it_had(message: str, code: int) -> None:
    device = source()
    device.told("VOLT 1")
    device.told(message)
    assert device.told("VOLT?") == "+1.00000000E+00"
    assert errors(device) == [code]


def test_a_channel_list_sets_each_of_its_outputs() -> None:
    device = source()
    device.told("VOLT 4,(@1:2)")
    assert device.told("SOUR1:VOLT?;:SOUR2:VOLT?;:SOUR3:VOLT?") == "+4.00000000E+00;+4.00000000E+00;+0.00000000E+00"


# --- messages ---

MESSAGES: dict[str, tuple[str, list[int]]] = {
    "*IDN?;*OPC?": ("Maker,M1,S1,F1;1", []),
    "VOLT 5;VOLT?;*OPC?": ("+5.00000000E+00;1", []),
    "VOLT 99;VOLT?": ("+0.00000000E+00", [-222]),
    "*OPC?;FOO;VOLT?": ("1", [-113]),
    "*OPC?;VOLT::;VOLT?": ("1", [-102]),
    "FOO?": ("", [-113]),
    "": ("", []),
    "\r": ("", []),
    "*OPC?;": ("1", []),
    "SYST:VERS?;*TST?;*OPT?": ("1994.0;+0;0", []),
    "*PSC?;*PSC 0;*PSC?": ("+1;+0", []),
    "VOLT 5;*RST;VOLT?": ("+0.00000000E+00", []),
}


@pytest.mark.parametrize(("message", "told"), MESSAGES.items())
def test_a_message_is_answered_with_one_line(message: str, told: tuple[str, list[int]]) -> None:
    device = source()
    assert (device.told(message), errors(device)) == told


PERSONAS: dict[str, tuple[dict[str, Any], str, bytes]] = {
    "signed": ({}, "*ESR?", b"+0\n"),
    "unsigned": ({"signed_nr1": False}, "*ESR?", b"0\n"),
    "signed codes": ({}, "SYST:ERR?", b'+0,"No error"\n'),
    "unsigned codes": ({"signed_codes": False}, "SYST:ERR?", b'0,"No error"\n'),
    "OPC with sign": ({"opc_answer": "+1"}, "*OPC?", b"+1\n"),
    "CR LF": ({"end": b"\r\n"}, "*OPC?", b"1\r\n"),
    "blames": ({"blames": True}, "FOO:BAR;\nSYST:ERR?", b'-113,"Undefined header;FOO:BAR"\n'),
    "own texts": ({"error_texts": {-113: "No such thing"}}, "FOO\nSYST:ERR?", b'-113,"No such thing"\n'),
    "own error for words": ({"unknown_word": -224}, "VOLT:MODE FOO\nSYST:ERR?", b'-224,"Illegal parameter value"\n'),
}


@pytest.mark.parametrize(("persona", "message", "answer"), PERSONAS.values(), ids=PERSONAS)
def test_makers_write_differently(persona: dict[str, Any], message: str, answer: bytes) -> None:
    device = source(**persona)
    assert device.ask(message.encode("ascii") + b"\n") == answer


# --- the error queue ---


def test_the_queue_gives_the_oldest_first_and_then_no_error() -> None:
    device = source()
    for message in ("FOO", "VOLT 99", "VOLT"):
        device.told(message)
    assert device.told("SYST:ERR:COUN?") == "+3"
    assert errors(device) == [-113, -222, -109]


def test_what_does_not_fit_turns_the_last_entry_into_an_overflow() -> None:
    device = source()
    device.told("VOLT")
    for _ in range(25):
        device.told("FOO")
    assert errors(device) == [-109, *[-113] * 18, -350]


@pytest.mark.parametrize(("message", "left"), [("*CLS", []), ("*RST", [-113])])
def test_the_queue_survives_a_reset_but_not_a_clear(message: str, left: list[int]) -> None:
    device = source()
    device.told("FOO")
    device.told(message)
    assert errors(device) == left


# --- registers ---

STATUS: dict[str, list[tuple[str, str]]] = {
    "each class of error has its bit": [
        ("FOO", ""), ("*ESR?", "+32"), ("VOLT 99", ""), ("*ESR?", "+16"), ("*ESR?", "+0"),
    ],
    "an overflow is the device's own error": [*[("FOO", "")] * 20, ("*ESR?", "+32"), ("FOO", ""), ("*ESR?", "+40")],
    "errors are shown in the status byte": [
        ("*STB?", "+0"), ("FOO", ""), ("*STB?", "+4"), ("SYST:ERR?", '-113,"Undefined header"'), ("*STB?", "+0"),
    ],
    "an enabled event sums up": [
        ("*ESE 32", ""), ("FOO", ""), ("*CLS", ""), ("FOO", ""), ("*STB?", "+36"), ("*ESR?", "+32"), ("*STB?", "+4"),
    ],
    "an event that is not enabled does not": [("*ESE 16", ""), ("FOO", ""), ("*STB?", "+4")],
    "the master summary": [("*SRE 4", ""), ("*STB?", "+0"), ("FOO", ""), ("*STB?", "+68"), ("*SRE?", "+4")],
    "bit 6 cannot be enabled": [("*SRE 255", ""), ("*SRE?", "+191")],
    "an answer that waits": [("*OPC?;*STB?", "1;+16"), ("*STB?", "+0"), ("*SRE 16;*OPC?;*STB?", "1;+80")],
    "a clear leaves the enables": [("*ESE 60;*SRE 36", ""), ("*CLS", ""), ("*ESE?;*SRE?", "+60;+36")],
    "a reset leaves them too": [("*ESE 60;*SRE 36", ""), ("FOO", ""), ("*RST", ""), ("*ESE?;*SRE?;*ESR?", "+60;+36;+32")],
    "a preset clears those of the other registers": [
        ("STAT:OPER:ENAB 16;:STAT:QUES:ENAB 1;:STAT:QUES:OUTP:ENAB 2;*ESE 4", ""), ("STAT:PRES", ""),
        ("STAT:OPER:ENAB?;:STAT:QUES:ENAB?;:STAT:QUES:OUTP:ENAB?;*ESE?", "+0;+0;+0;+4"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("turns", STATUS.values(), ids=STATUS)
def test_the_status_model(turns: list[tuple[str, str]]) -> None:
    device = source()
    assert [(asked, device.told(asked)) for asked, _ in turns] == turns


def test_power_on_is_an_event_until_it_is_read() -> None:
    device = ScpiStanding(Source(Persona("Maker", Identity("M1"))))
    assert [device.told("*ESR?"), device.told("*ESR?")] == ["+128", "+0"]


SUMMARY = [("operation", 16, "OPER", 128), ("questionable", 1, "QUES", 8)]


@pytest.mark.parametrize(("name", "bit", "node", "summary"), SUMMARY)
def test_a_condition_is_an_event_once_and_sums_up_while_that_is_not_read(name: str, bit: int, node: str, summary: int) -> None:
    device = source()
    register = getattr(device.device.status, name)
    device.told(f"STAT:{node}:ENAB {bit}")
    register.become(bit)
    assert device.told(f"STAT:{node}:COND?;:STAT:{node}:ENAB?;*STB?") == f"+{bit};+{bit};+{summary + 16}"
    assert device.told("*STB?") == f"+{summary}"
    assert [device.told(f"STAT:{node}?"), device.told(f"STAT:{node}:EVEN?")] == [f"+{bit}", "+0"]
    register.become(bit)
    assert device.told(f"STAT:{node}:EVEN?;COND?") == f"+0;+{bit}"
    register.become(0)
    register.become(bit)
    assert device.told(f"STAT:{node}:EVEN?") == f"+{bit}"


def test_a_clear_forgets_events_and_keeps_conditions() -> None:
    device = source()
    for register in (device.device.status.operation, device.device.status.questionable, device.device.status.nested[0]):
        register.become(5)
    device.told("*CLS")
    for node in ("OPER", "QUES", "QUES:OUTP"):
        assert device.told(f"STAT:{node}?;:STAT:{node}:COND?") == "+0;+5"


# --- operations that take time ---


def test_opc_asks_when_the_sweep_is_over_and_holds_what_comes_behind() -> None:
    device = source()
    device.told("SWE;VOLT 5")
    assert device.told("*OPC?;VOLT?", within_s=1.5) == ""
    device.say(b"VOLT 6;VOLT?\n")
    device.pass_s(0.5)
    assert device.heard() == b"1;+5.00000000E+00\n+6.00000000E+00\n"


def test_opc_notes_the_end_of_the_sweep_in_the_event_register() -> None:
    device = source()
    device.told("SWE;*OPC")
    assert device.told("*ESR?") == "+0"
    device.pass_s(2.0)
    assert device.told("*ESR?") == "+1"


@pytest.mark.parametrize("message", ["*CLS", "*RST"])
def test_a_clear_or_a_reset_cancels_the_note(message: str) -> None:
    device = source()
    device.told(f"SWE;*OPC;{message}")
    device.pass_s(2.0)
    assert device.told("*ESR?") == "+0"


def test_opc_with_nothing_under_way_is_noted_at_once() -> None:
    device = source()
    assert device.told("*OPC;*ESR?") == "+1"


def test_wai_holds_the_units_behind_it() -> None:
    device = source()
    device.told("SWE;*WAI;VOLT 5")
    assert device.device.volts[1] == 0.0  # type: ignore[attr-defined]
    device.pass_s(2.0)
    assert device.device.volts[1] == 5.0  # type: ignore[attr-defined]


def test_an_answer_that_takes_its_time_comes_when_it_is_there() -> None:
    device = source()
    device.told("SWE")
    started_s = device.clock.now_s()
    device.say(b"SWE:RES?\n")
    assert device.hear(3, within_s=5.0) == b"+7\n"
    assert device.clock.now_s() - started_s == pytest.approx(1.9, abs=0.01)


def test_a_trigger_that_nobody_waits_for_is_ignored_with_an_error() -> None:
    device = source()
    device.told("*TRG")
    assert errors(device) == [-211]


# --- the message exchange ---

Exchange = Callable[[ScpiStanding], None]
INTERRUPTED: dict[str, tuple[Exchange, list[int]]] = {
    "answer not begun": (lambda device: device.say(b"*IDN?\n"), [-410]),
    "answer waits at the host": (lambda device: (device.say(b"*IDN?\n"), device.pass_s(1.0))[0], [-410]),
    "answer in the making": (lambda device: device.say(b"SWE;SWE:RES?\n"), [-410]),
    "answer was read": (lambda device: device.told("*IDN?") and None, []),
    "nothing asked": (lambda device: device.say(b"VOLT 5\n"), []),
    "unknown question": (lambda device: device.say(b"FOO?\n"), [-113]),
}


@pytest.mark.parametrize(("before", "codes"), INTERRUPTED.values(), ids=INTERRUPTED)
def test_strictly_a_message_before_the_answer_was_read_discards_it(before: Exchange, codes: list[int]) -> None:
    device = source(strict=True)
    before(device)
    device.say(b"VOLT 1\n")
    device.pass_s(3.0)
    assert device.heard() == b""
    assert errors(device) == codes


def test_on_a_socket_every_answer_comes_in_its_turn() -> None:
    device = source()
    assert device.ask(b"*IDN?\nVOLT?\nSYST:ERR?\n") == b'Maker,M1,S1,F1\n+0.00000000E+00\n+0,"No error"\n'


def test_an_answer_that_waits_is_in_the_status_byte_of_a_strict_device_only() -> None:
    device = source(strict=True)
    device.told("*SRE 16")
    device.say(b"*OPC?\n")
    device.pass_s(0.1)
    assert device.device.status.byte(message_available=device.device.unread) == 80


READS: dict[str, tuple[bytes, list[int]]] = {
    "nothing asked": (b"", [-420]),
    "only a setting": (b"VOLT 5\n", [-420]),
    "unknown question": (b"FOO?\n", [-113, -420]),
    "an answer is there": (b"*IDN?\n", []),
    "an answer is in the making": (b"SWE;SWE:RES?\n", []),
}


@pytest.mark.parametrize(("message", "codes"), READS.values(), ids=READS)
def test_reading_without_an_answer_is_an_error(message: bytes, codes: list[int]) -> None:
    device = source(strict=True)
    device.say(message)
    device.device.asked_to_talk()
    device.pass_s(3.0)
    device.heard()
    assert errors(device) == codes


def test_errors_of_messages_are_told_without_a_bus() -> None:
    with pytest.raises(ScpiError) as caught:
        Source.tree.find(":FOO")
    assert (caught.value.code, caught.value.blamed) == (-113, "FOO")
