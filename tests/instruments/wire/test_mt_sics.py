"""MT-SICS bytes: commands, weight fields, statuses, answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.wire import mt_sics as wire
from instruments.wire.framing import line_ends
from instruments.wire.mt_sics import Answer, Command, Notice, Text, Weighing
from tests.instruments.exchanges import MT_SICS, Row, octets, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise

COMMANDS, LINES = said(MT_SICS, "host"), said(MT_SICS, "device")
WEIGHTS = {name: line for name, line in LINES.items() if line.endswith(b" g\r\n") and b'"' not in line}
PROMPTS = {name: line for name, line in LINES.items() if line.startswith(b'C2 "')}
ERRORS = {name: line for name, line in LINES.items() if line in (b"ES\r\n", b"ET\r\n", b"EL\r\n")}
HARDWARE = {name: line for name, line in LINES.items() if b"Error" in line}
CHECKED = {name: line for name, line in LINES.items() if line.startswith(b"SIC1")}
ANSWERS = {
    name: line for name, line in LINES.items() if name not in WEIGHTS | PROMPTS | ERRORS | HARDWARE | CHECKED
}  # fmt: skip
NUMBERS = [row for row in MT_SICS["number"] if row.get("decimal", True) and row["value"]]


def each(lines: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", lines.values(), ids=lines)


# --- what the exchanges show ---


@each(WEIGHTS)
def test_every_weight_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    weighing = wire.decode_weighing(line)
    assert wire.encode_weight(wire.identifier_of(line), weighing.status, str(weighing.mass_g)) == line


@each(ANSWERS)
def test_every_answer_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    answer = wire.decode_answer(line)
    assert wire.encode_answer(answer.identifier, answer.status, *answer.words) == line


@each(HARDWARE)
def test_a_hardware_error_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    weighing = wire.decode_weighing(line)
    assert (weighing.mass_g, weighing.status) == (None, "E")
    assert wire.encode_hardware_error(weighing.code) == line


@each(PROMPTS)
def test_a_prompt_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    notice = wire.decode_notice(line)
    assert wire.encode_notice(notice.identifier, *notice.words) == line


@each(CHECKED)
def test_a_weight_with_its_crc_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    weighing = wire.decode_checked(line)
    assert wire.encode_checked("SIC1", wire.encode_weight("S", weighing.status, str(weighing.mass_g))) == line


@each(ERRORS | PROMPTS | CHECKED)
def test_lines_that_answer_nothing_are_refused_by_both_decoders(line: bytes) -> None:
    for decode in (wire.decode_weighing, wire.decode_answer):
        with pytest.raises(ReplyError):
            decode(line)


@pytest.mark.parametrize("row", MT_SICS["general_error"], ids=lambda row: row["line"])
def test_a_general_error_is_named(row: Row) -> None:
    with pytest.raises(ReplyError, match=f"^{row['when'].partition(' error')[0]} error") as caught:
        wire.decode_answer(octets(row["bytes"]))
    assert caught.value.raw == octets(row["bytes"])


@pytest.mark.parametrize("lines", [COMMANDS, LINES], ids=["host", "device"])
def test_all_lines_run_together_come_apart_again(lines: dict[str, bytes]) -> None:
    frames = list(lines.values())
    assert whole_and_bytewise(line_ends, b"".join(frames)) == (frames, frames)


@each(COMMANDS)
def test_every_command_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    command = wire.decode_command(line)
    assert wire.encode_command(command.name, *command.words) == line


# --- commands ---

ASKED = [
    (b"@\r\n", Command("@")),
    (b"SI\n", Command("SI")),
    (b"TA 50.00 g\r\n", Command("TA", ("50.00", "g"))),
    (b'D "HELLO  YOU"\r\n', Command("D", (Text("HELLO  YOU"),))),
    (b'D ""\r\n', Command("D", (Text(""),))),
    (b'D "a \\"b\\" c"\r\n', Command("D", (Text('a "b" c'),))),
    (b'D "a b\r\n', Command("D", ('"a', "b"))),
    (b'D "a"b\r\n', Command("D", ('"a"b',))),
    (b"UPD \xb2\r\n", Command("UPD", ("\xb2",))),
    (b"S \r\n", None),
    (b" S\r\n", None),
    (b"TA  5 g\r\n", None),
    (b"TA 5  g\r\n", None),
    (b"TA\t5 g\r\n", None),
    (b"si\r\n", None),
    (b"SI\rSI\r\n", None),
    (b"1S\r\n", None),
    (b"SI@\r\n", None),
    (b"\r\n", None),
    (b"", None),
]


@pytest.mark.parametrize(("line", "command"), ASKED, ids=[repr(line) for line, _ in ASKED])
def test_a_command_is_read_or_refused(line: bytes, command: Command | None) -> None:
    if command is not None:
        read = wire.decode_command(line)
        assert (read, [type(word) for word in read.words]) == (command, [type(word) for word in command.words])
        return
    with pytest.raises(ReplyError) as caught:
        wire.decode_command(line)
    assert caught.value.raw == line


# --- the weight field ---


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row["rule"].partition(":")[0])
def test_the_weight_field_obeys_the_rule(row: Row) -> None:
    shown = row["value"] + " " * row.get("blanked_digits", 0)
    line = wire.encode_weight("S", "S", shown)
    assert line == b"S S " + row["field"].encode("ascii") + b" g\r\n"
    assert str(wire.decode_weighing(line).mass_g) == row["value"]
    assert "never" not in row or row["never"].encode("ascii") not in line


WEIGHINGS = [
    (b"S S     100.00 g\r\n", Weighing(Decimal("100.00"), "S")),
    (b"S D    -1.2345 g\r\n", Weighing(Decimal("-1.2345"), "D")),
    (b"S S    100.00  g\r\n", Weighing(Decimal("100.00"), "S")),
    (b"S S        100 g", Weighing(Decimal(100), "S")),
    (b"S S   1.000000 kg\r\n", Weighing(Decimal("1000.000000"), "S")),
    (b"S D     1500.0 mg\r\n", Weighing(Decimal("1.5000"), "D")),
    (b"T S     100.00 g\r\n", Weighing(Decimal("100.00"), "S")),
    (b"TA A     50.00 g\r\n", None),
    (b"TA A      50.00 g\r\n", Weighing(Decimal("50.00"), "A")),
    (b"S I\r\n", Weighing(None, "I")),
    (b"S L\r\n", Weighing(None, "L")),
    (b"S +\r\n", Weighing(None, "+")),
    (b"S -\r\n", Weighing(None, "-")),
    (b"S S  Error 10b\r\n", Weighing(None, "E", "10b")),
    (b"S S   Error 9t\r\n", Weighing(None, "E", "9t")),
    (b"S M     100.00 g\r\n", Weighing(Decimal("100.00"), "M")),
    (b"S N     100.00 g\r\n", Weighing(Decimal("100.00"), "N")),
    (b"S S 102\r\n", Weighing(None, "E", "102")),
    (b"S S     100\r\n", None),
    (b"S S  102\r\n", None),
    (b"S S     100.00\r\n", None),
    (b"S S     100.00 ozt\r\n", None),
    (b"S S 12:07.50 lb:oz\r\n", None),
    (b"S S    +100.00 g\r\n", None),
    (b"S S    100.00 g\r\n", None),
    (b"S S     100,00 g\r\n", None),
    (b"S S         1. g\r\n", None),
    (b"S X     100.00 g\r\n", None),
    (b"s S     100.00 g\r\n", None),
    (b"S S     100.00 g x\r\n", None),
    (b'I4 A "B021002593"\r\n', None),
    (b"", None),
]


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS, ids=[repr(line) for line, _ in WEIGHINGS])
def test_a_weighing_is_read_or_refused(line: bytes, weighing: Weighing | None) -> None:
    if weighing is not None:
        assert wire.decode_weighing(line) == weighing
        return
    with pytest.raises(ReplyError) as caught:
        wire.decode_weighing(line)
    assert caught.value.raw == line


@given(counts=st.integers(-99_999_999, 999_999_999), decimals=st.integers(0, 6), status=st.sampled_from("SD"))
def test_any_weight_survives_the_wire(counts: int, decimals: int, status: str) -> None:
    mass_g = Decimal(counts).scaleb(-decimals)
    line = wire.encode_weight("S", status, f"{mass_g:.{decimals}f}")
    assert wire.decode_weighing(line) == Weighing(mass_g, status)
    assert len(line) == 18


@pytest.mark.parametrize("code", ["1b", "10b", "9t", "15b", "102", "7"])
def test_any_hardware_error_survives_the_wire(code: str) -> None:
    assert wire.decode_weighing(wire.encode_hardware_error(code)) == Weighing(None, "E", code)


def test_the_crc_has_its_published_check_value() -> None:
    assert wire.crc(b"123456789") == b"29B1"


@given(counts=st.integers(-99_999_999, 999_999_999), status=st.sampled_from("SD"), name=st.sampled_from(["SIC1", "SIC2"]))
def test_any_weight_with_a_crc_survives_the_wire_and_no_changed_byte_does(counts: int, status: str, name: str) -> None:
    mass_g = Decimal(counts).scaleb(-4)
    line = wire.encode_checked(name, wire.encode_weight("S", status, f"{mass_g:.4f}"))
    assert wire.decode_checked(line) == Weighing(mass_g, status)
    for at in range(len(line) - 2):
        with pytest.raises(ReplyError):
            wire.decode_checked(line[:at] + bytes([line[at] ^ 0x10]) + line[at + 1 :])


@pytest.mark.parametrize("line", [b"SIC1 +", b"SIC1 S  Error 10b"])
def test_a_crc_covers_what_is_no_weight_too(line: bytes) -> None:
    plain = b"S" + line.removeprefix(b"SIC1") + b"\r\n"
    assert wire.encode_checked("SIC1", plain).startswith(line + b" ")
    assert wire.decode_checked(wire.encode_checked("SIC1", plain)) == wire.decode_weighing(plain)


# --- other answers ---

OTHERS = [
    (b"ZI D\r\n", Answer("ZI", "D")),
    (b"ZI S\r\n", Answer("ZI", "S")),
    (b"Z +\r\n", Answer("Z", "+")),
    (b'I4 A "a \\"b\\" c"\r\n', Answer("I4", "A", ('a "b" c',))),
    (b'I1 A "" "2.2x"\r\n', Answer("I1", "A", ("", "2.2x"))),
    (b"K R 3\r\n", Answer("K", "R", ("3",))),
    (b"UPD A 18.3\r\n", Answer("UPD", "A", ("18.3",))),
    (b"C E 0\r\n", Answer("C", "E", ("0",))),
    (b'C0 A 2 1 "   100.000 g"\r\n', Answer("C0", "A", ("2", "1", "   100.000 g"))),
    (b"DAT A 01 10 2017\r\n", Answer("DAT", "A", ("01", "10", "2017"))),
]


@pytest.mark.parametrize(("line", "answer"), OTHERS, ids=[repr(line) for line, _ in OTHERS])
def test_an_answer_is_read(line: bytes, answer: Answer) -> None:
    assert wire.decode_answer(line) == answer


@pytest.mark.parametrize(
    "line", [b"S S     100.00 g\r\n", b"EX\r\n", b"I4 Q\r\n", b"I4\r\n", b"I4 A  x\r\n", b"I4 A \r\n", b"\r\n", b"", b"\xff\x00"]
)
def test_what_is_no_answer_is_refused(line: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_answer(line)


WORDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f\\"), max_size=20).filter(
    str.isprintable
)


PLAIN = st.from_regex(r"[!#-~\xa1-\xff]{1,8}", fullmatch=True)
ANY_WORDS = st.lists(WORDS.map(Text) | PLAIN, max_size=4)
NAMES = st.from_regex(r"[A-Z]{1,3}[0-9]{0,2}", fullmatch=True)


def kinds(words: tuple[str, ...] | list[str]) -> list[tuple[type[str], str]]:
    return [(type(word), word) for word in words]


@given(identifier=NAMES, status=st.sampled_from("ABEILR+-"), words=ANY_WORDS)
def test_any_answer_survives_the_wire(identifier: str, status: str, words: list[str]) -> None:
    answer = wire.decode_answer(wire.encode_answer(identifier, status, *words))
    assert (answer.identifier, answer.status, kinds(answer.words)) == (identifier, status, kinds(words))


@given(name=NAMES | st.just("@"), words=ANY_WORDS)
def test_any_command_survives_the_wire(name: str, words: list[str]) -> None:
    command = wire.decode_command(wire.encode_command(name, *words))
    assert (command.name, kinds(command.words)) == (name, kinds(words))


@given(identifier=NAMES, words=st.lists(WORDS.map(Text) | PLAIN, min_size=1, max_size=4))
def test_any_notice_survives_the_wire(identifier: str, words: list[str]) -> None:
    assert wire.decode_notice(wire.encode_notice(identifier, *words)) == Notice(identifier, tuple(words))


@pytest.mark.parametrize("line", [b"\r\n", b"C2\r\n", b"C2  x\r\n", b'c2 "x"\r\n'])
def test_what_is_no_notice_is_refused(line: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_notice(line)


@given(line=noisy(b'SDI \r\n+-.0129g"\\AE'))
def test_decoders_raise_nothing_but_reply_errors(line: bytes) -> None:
    for decode in (wire.decode_weighing, wire.decode_checked, wire.decode_answer, wire.decode_command, wire.decode_notice):
        with suppress(ReplyError):
            decode(line)
    wire.identifier_of(line)


QUOTES = [b'I4 A "' + b'\\"' * 2000 + b"  ", b"I4 A" + b' "' * 2000 + b"  ", b"I4 A" + b' " "' * 1000 + b"  "]


@pytest.mark.parametrize("line", QUOTES, ids=["escaped", "single", "pairs"])
@pytest.mark.parametrize("decode", [wire.decode_answer, wire.decode_command, wire.decode_notice])
def test_a_crooked_line_full_of_quotes_is_refused_without_trying_every_pairing(
    line: bytes, decode: Callable[[bytes], object]
) -> None:
    with pytest.raises(ReplyError):
        decode(line)
