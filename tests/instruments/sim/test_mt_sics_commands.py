"""Every command of every class of MT-SICS balance: what it answers, what it refuses, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.sim.mt_sics.options import PERSONAS
from instruments.wire import mt_sics as wire
from tests.instruments.sim.states import IDEAL, BalanceStanding, Pan, balance

FINE = replace(IDEAL, readability_g=1e-4, capacity_g=210.0)
MODULE = {"persona": "weigh-module"}


def answers(standing: BalanceStanding, text: str) -> list[str]:
    return standing.asks([text])[0].split("\r\n")


# --- what each class has ---


def listed(standing: BalanceStanding) -> list[tuple[int, str]]:
    standing.say(b"I0\r\n")
    standing.pass_s(5.0)
    lines = [wire.decode_answer(line) for line in standing.heard().splitlines()]
    assert [line.status for line in lines] == ["B"] * (len(lines) - 1) + ["A"]
    return [(int(line.words[0]), line.words[1]) for line in lines]


@pytest.mark.parametrize("persona", PERSONAS)
def test_each_class_lists_exactly_the_commands_it_knows_by_level_and_name(persona: str) -> None:
    found = listed(balance(persona=persona))
    known = {name for _, name in found}
    assert found == sorted(found)
    assert known >= {"@", "I0", "I1", "I2", "I3", "I4", "S", "SI", "SIR", "Z", "SR", "T", "TA", "TAC"}
    everything = known.union(*(one.commands for one in PERSONAS.values()))
    for name in sorted(everything):
        assert (answers(balance(persona=persona), name) != ["ES"]) == (name in known)


HAS = [
    # command, the classes that have it
    ("SIC1", {"weigh-module"}),
    ("COM", {"weigh-module"}),
    ("SIS", {"weigh-module", "xpr"}),
    ("SIUM", {"xpr"}),
    ("D", {"analytical", "xpr", "approved", "clone"}),
    ("UPD", {"analytical", "xpr", "weigh-module"}),
    ("ZI", {"analytical", "xpr", "weigh-module", "clone"}),
    ("C3", {"analytical", "xpr", "weigh-module"}),
    ("TC", set()),
]


@pytest.mark.parametrize(("command", "classes"), HAS)
def test_the_classes_differ_in_their_commands(command: str, classes: set[str]) -> None:
    assert {name for name, persona in PERSONAS.items() if command in persona.commands} == classes


def test_an_approved_balance_has_no_immediate_zero_and_tare_and_timed_ones_have_to_be_asked_for() -> None:
    standing = balance(approved=True, timed_zero=True)
    assert standing.asks(["ZI", "TI", "ZC 100", "TC 100"]) == ["ES", "ES", "ZC S", "TC S       0.00 g"]


def test_the_list_may_end_in_a_bare_line() -> None:
    standing = balance(persona="clone", bare_list_end=True)
    standing.say(b"I0\r\n")
    standing.pass_s(5.0)
    assert standing.heard().splitlines()[-2:] == [b'I0 B 1 "TI"', b"I0 A"]


# --- answers ---

IDENTITY = {
    "analytical": ('"SIM204 220.00 g"', '"0123" "2.00" "2.20" "1.00" "1.50"'),
    "xpr": ('"SIM205X 220.00 g"', '"0123" "2.00" "2.20" "1.00" "1.50"'),
    "weigh-module": ('"SIM403-L WMS-Bridge 220.00 g"', '"0123" "2.00" "2.20" "1.00" "1.50"'),
    "approved": ('"SIM2002 220.00 g"', '"01" "2.00" "2.20" "1.00" "1.50"'),
    "clone": ('"SIM72 220.00 g"', '"" "2.2x"'),
}


@pytest.mark.parametrize("persona", IDENTITY)
def test_each_class_says_who_it_is(persona: str) -> None:
    model, levels = IDENTITY[persona]
    assert balance(persona=persona).asks(["I1", "I2", "I4", "I5"]) == [
        f"I1 A {levels}",
        f"I2 A {model}",
        'I4 A "SIM0000001"',
        'I5 A "12121306C"',
    ]


FORMS = [
    # options, asked one after the other, answered
    ({}, ["I11", "I15"], ['I11 A "SIM204"', "I15 A 0"]),
    ({}, ['I10 "PUMP 3"', "I10", '@', "I10"], ["I10 A", 'I10 A "PUMP 3"', 'I4 A "SIM0000001"', 'I10 A "PUMP 3"']),
    ({}, ['I10 "' + 20 * "x" + '"', 'I10 "' + 21 * "x" + '"', "I10 x"], ["I10 A", "I10 L", "I10 L"]),
    ({}, ["I14 0", "I14 4"], ['I14 B 0 1 "Bridge"\r\nI14 A 0 2 "Terminal"', 'I14 B 4 1 "SIM0000001"\r\nI14 A 4 2 "SIM0000001"']),
    (MODULE, ["I14 0", "I14 1"], ['I14 A 0 1 "Bridge"', 'I14 A 1 1 "SIM403-L WMS-Bridge"']),
    ({}, ["I14 6", "I14", "I14 x"], ["I14 L", "I14 L", "I14 L"]),
    ({"calendar": "2017-10-01T09:56:08"}, ["DAT", "TIM"], ["DAT A 01 10 2017", "TIM A 09 56 10"]),
    ({}, ["DAT 28 02 2028", "TIM 23 59 59", "TIM", "DAT"], ["DAT A", "TIM A", "TIM A 23 59 59", "DAT A 28 02 2028"]),
    ({}, ["DAT 30 02 2027", "DAT 1 2", "DAT 31 12 9999", "DAT"], ["DAT L", "DAT L", "DAT L", "DAT A 01 01 2026"]),
    ({}, ["TIM 24 00 00", "TIM x y z"], ["TIM L", "TIM L"]),
    ({}, ["M28", "M28 1"], ["M28 A 1 22.5", "EL"]),
    ({}, ["M01", "M01 6", "M01", "M01 4"], ["M01 A 0", "M01 A", "M01 A 6", "M01 L"]),
    ({}, ["M02", "M02 4", "M02", "M02 5", "M02 x", "M02 01"], ["M02 A 2", "M02 A", "M02 A 4", "M02 L", "M02 L", "M02 L"]),
    ({}, ["M03", "M03 1", "M03"], ["M03 A 0", "M03 A", "M03 A 1"]),
    ({}, ["M29 4", "M29", "M29 5"], ["M29 A", "M29 A 4", "M29 L"]),
    ({}, ["M67", "M67 65535", "M67", "M67 65536", "M67 -1"], ["M67 A 40", "M67 A", "M67 A 65535", "M67 L", "M67 L"]),
    ({}, ["M19", "M19 100.123 g", "M19", "M20"], ["M19 A 200.00 g", "M19 A", "M19 A 100.12 g", "M20 A 200.00 g"]),
    ({}, ["M19 0 g", "M19 221 g", "M19 5 kg", "M19 x g", "M19 5"], 5 * ["M19 L"]),
    ({}, ["C0", "C0 2 1", "C0"], ['C0 A 0 0 ""', "C0 A", 'C0 A 2 1 "    200.00 g"']),
    ({}, ["C0 3 0", "C0 0 2", "C0 0"], ["C0 L", "C0 L", "C0 L"]),
    ({}, ["ST", "ST 1", "ST", "ST 2"], ["ST A 0", "ST A", "ST A 1", "ST L"]),
    ({}, ['D "' + 20 * "x" + '"', 'D "' + 21 * "x" + '"', "D HELLO", "D"], ["D A", "D L", "D L", "D L"]),
    ({"display_cuts": True}, ['D "' + 90 * "x" + '"'], ["D A"]),
    ({"persona": "xpr"}, ['D "' + 40 * "x" + '"', 'D "' + 41 * "x" + '"'], ["D A", "D L"]),
    ({}, ["K 2", "K 0", "K", "K 5"], ["K A", "K L", "K L", "K L"]),
    ({}, ["PWR 2", "PWR", "PWR 1"], ["PWR L", "PWR L", "PWR A"]),
    (MODULE, ["COM", "COM 0 7 3 0", "COM"], ["COM A 0 6 3 0", "COM A", "COM A 0 7 3 0"]),
    (MODULE, ["COM 1 7 3 0", "COM 0 9 3 0", "COM 0 7 8 0", "COM 0 7 3 3", "COM 0 7"], 5 * ["COM L"]),
    (MODULE, ["COM 0 2 3 0", "UPD 1", "COM 0 2 3 0"], ["COM I", "UPD A", "COM A"]),
    (MODULE, ["M89", "M89 0 0", "M89 0 2", "M89 1 0"], ["M89 A 0 0", "M89 A", "M89 L", "M89 L"]),
    (MODULE, ["USTB"], ["USTB B 0 6 1\r\nUSTB B 1 6 1\r\nUSTB B 2 6 1\r\nUSTB A 3 6 1"]),
    (MODULE, ["USTB 2 0.1 4", "USTB"], ["USTB A", "USTB B 0 6 1\r\nUSTB B 1 6 1\r\nUSTB B 2 0.1 4\r\nUSTB A 3 6 1"]),
    (MODULE, ["USTB 4 1 1", "USTB 0 0.05 1", "USTB 0 1001 1", "USTB 0 1 4.1", "USTB 0 1 x", "USTB 0"], 6 * ["USTB L"]),
    (MODULE, ["E01", "E02", "E03"], ['E01 0 ""', "E02 A 0", 'E03 A 0 0 ""']),
    (MODULE, ["SIC1 1", "SIS 1"], ["SIC1 L", "SIS L"]),
    ({}, ["S 1", "SI x", "SIR 1", "SR 1", "SNR 5 kg", "SR 0 g", "SR x g"], 7 * ["S L"]),
    ({}, ["T 1", "TA 1", "TAC 1"], ["T L", "TA L", "TAC L"]),
    ({}, ["Z 1", "I4 x", "@ x", "DW 1", "C 1", "I0 0"], 6 * ["EL"]),
    ({"immediate_as_plain": True}, ["ZI", "TI"], ["Z S", "T S       0.00 g"]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "asked", "answered"), FORMS, ids=[" ".join(row[1])[:40] for row in FORMS])
def test_what_is_asked_and_set_is_answered(options: dict[str, object], asked: list[str], answered: list[str]) -> None:
    assert balance(**options).asks(asked) == answered


def test_two_commands_in_one_write_are_answered_in_their_order() -> None:
    standing = balance(Pan(100.0))
    standing.say(b"SI\r\nI4\r\nTA\r\nXYZ\r\nZ 1\r\n")
    standing.pass_s(1.0)
    assert standing.text(standing.heard()).split("\r\n") == [
        "S S     100.00 g",
        'I4 A "SIM0000001"',
        "TA A       0.00 g",
        "ES",
        "EL",
    ]


def test_the_display_shows_the_text_until_it_is_to_show_the_weight() -> None:
    standing = balance()
    standing.asks(['D "HELLO"'])
    assert standing.device.terminal.text == "HELLO"
    standing.asks(["DW"])
    assert standing.device.terminal.text == ""


def test_the_minutes_since_power_up_are_counted() -> None:
    standing = balance()
    standing.pass_s(179.0)
    assert standing.asks(["I15"]) == ["I15 A 3"]


# --- weights in every shape ---

SHAPES = [
    # options, load in g, asked first, asked then, answered
    ({}, 100.0, ["M21 0 5"], "SI", "S S    500.000 ct"),
    ({}, 100.0, ["M21 0 4"], "SI", "S S  100000000 µg"),
    ({}, 100.0, ["M21 0 8"], "SI", "S S    3.52740 oz"),
    ({}, -0.0001, ["M21 0 7"], "SI", "S S   0.000000 lb"),
    ({}, 1.0, ["M21 0 6"], "SI", "S S   0.009807 N"),
    ({}, 100.0, ["M21 1 1"], "SIU", "S S  0.1000000 kg"),
    ({}, 100.0, ["M21 1 1"], "SU", "S S  0.1000000 kg"),
    ({}, 100.0, ["M21 1 1"], "SI", "S S   100.0000 g"),
    ({}, 100.0267, ["M23 1"], "SI", "S S    100.027 g"),
    ({}, 100.0267, ["M23 2"], "SI", "S S     100.03 g"),
    ({}, 100.0267, ["M23 3"], "SI", "S S      100.0 g"),
    ({}, 100.0267, ["M23 4"], "SI", "S S   100.0268 g"),
    ({}, 100.0268, ["M23 5"], "SI", "S S   100.0270 g"),
    ({}, 100.0267, ["M23 1", "M21 0 3"], "SI", "S S     100027 mg"),
    ({"fine_range_g": 100.0}, 100.0, [], "SI", "S S   100.0000 g"),
    ({"fine_range_g": 100.0}, 100.0267, [], "SI", "S S   100.027  g"),
    ({"fine_range_g": 1.0}, 100.0267, ["M23 1"], "SI", "S S    100.03  g"),
    ({"persona": "xpr", "minimum_weight_g": 0.1}, 0.1, [], "SIUM", "S S     0.1000 g"),
    ({"persona": "xpr", "minimum_weight_g": 0.1}, 0.0999, [], "SIUM", "S M     0.0999 g"),
    ({"persona": "xpr", "minimum_weight_g": 0.1}, 0.0999, [], "SUM", "S M     0.0999 g"),
    ({"persona": "xpr", "minimum_weight_g": 0.1}, 0.0999, [], "SI", "S S     0.0999 g"),
    (MODULE, 100.0, [], "SIS", 'SIS A 0 "  100.0000" 0 4 1 0 0'),
    (MODULE, 100.0, ["T"], "SIS", 'SIS A 0 "    0.0000" 0 4 1 0 1'),
    (MODULE, 100.0, ["TA 40 g", "M21 0 3", "M23 5"], "SIS", 'SIS A 0 "   60000.0" 3 1 5 0 2'),
    (MODULE, 100.0, ["M23 1"], "SIS", 'SIS A 0 "   100.000" 0 3 1 0 0'),
    (MODULE, 230.0, [], "SIS", 'SIS A 4 "  230.0000" 0 4 1 0 0'),
    (MODULE, -30.0, [], "SIS", 'SIS A 5 "  -30.0000" 0 4 1 0 0'),
    (MODULE, 100.0, [], "SIC1", "SIC1 S   100.0000 g"),
    (MODULE, 100.0, [], "SIC2", "SIC2 S   100.0000 g"),
    (MODULE, 230.0, [], "SIC1", "SIC1 +"),
]


@pytest.mark.parametrize(
    ("options", "load_g", "first", "asked", "answered"), SHAPES, ids=[f"{row[3]} {row[4]}" for row in SHAPES]
)
def test_a_weight_is_told_in_every_shape(
    options: dict[str, object], load_g: float, first: list[str], asked: str, answered: str
) -> None:
    standing = balance(Pan(load_g), FINE, **options)
    standing.asks(first)
    (said,) = standing.asks([asked])
    if asked.startswith("SIC"):
        wire.decode_checked(said.encode("latin-1"))
        said = said[:-5]
    assert said == answered


def test_a_moving_load_below_the_minimum_has_a_letter_of_its_own() -> None:
    standing = balance(Pan(0.05), FINE, persona="xpr", minimum_weight_g=0.1)
    standing.restless(stable=False)
    standing.pass_s(1.0)
    assert standing.asks(["SIUM", "SIU"]) == ["S N     0.0500 g", "S D     0.0500 g"]


def test_a_moving_load_has_a_state_of_its_own() -> None:
    standing = balance(Pan(0.05), FINE, **MODULE)
    standing.restless(stable=False)
    standing.pass_s(1.0)
    assert standing.asks(["SIS"]) == ['SIS A 1 "    0.0500" 0 4 1 0 0']


@pytest.mark.parametrize(("unit", "taken"), [("3", True), ("4", False), ("2", False), ("13", False), ("27", False), ("x", False)])
def test_a_unit_that_the_capacity_does_not_fit_or_that_is_none_is_refused(unit: str, taken: bool) -> None:
    standing = balance(cell=replace(IDEAL, capacity_g=20_000.0))
    assert standing.asks([f"M21 0 {unit}"]) == ["M21 A" if taken else "M21 L"]


@pytest.mark.parametrize(
    ("channel", "unit", "answer"), [("1", "5", "A"), ("1", "27", "L"), ("2", "27", "A"), ("2", "2", "L"), ("3", "0", "L")]
)
def test_the_info_field_may_have_units_that_no_weight_has(channel: str, unit: str, answer: str) -> None:
    assert balance().asks([f"M21 {channel} {unit}"]) == [f"M21 {answer}"]


def test_a_stream_in_the_unit_of_the_display() -> None:
    standing = balance(Pan(100.0))
    standing.asks(["M21 1 1", "UPD 5"])
    standing.say(b"SIRU\r\n")
    standing.pass_s(2.1)
    assert set(standing.heard().splitlines()) == {b"S S    0.10000 kg"}


@pytest.mark.parametrize("first", [[], ["M23 1"]])
def test_a_stream_tells_the_resolution_that_is_set(first: list[str]) -> None:
    standing = balance(Pan(100.0267), FINE)
    standing.asks(first)
    standing.say(b"SIR\r\n")
    standing.pass_s(1.0)
    assert set(standing.heard().splitlines()) == {b"S S    100.027 g" if first else b"S S   100.0267 g"}


# --- pace ---

PACES = [
    # class, asked, rate taken in 1/s; None: refused
    ("analytical", "10", "10.0"), ("analytical", "20", "18.3"), ("analytical", "23", None),
    ("xpr", "10", "10.2"), ("xpr", "20", "18.3"), ("xpr", "22.9", "22.9"), ("xpr", "23", None),
    ("weigh-module", "10", "10.2"), ("weigh-module", "50", "45.8"), ("weigh-module", "1000", "91.6"),
    ("weigh-module", "1", "1.0"), ("weigh-module", "0.9", None), ("weigh-module", "1001", None),
]  # fmt: skip


@pytest.mark.parametrize(("persona", "asked", "taken"), PACES)
def test_each_class_takes_the_nearest_of_its_own_rates(persona: str, asked: str, taken: str | None) -> None:
    expected = ["UPD L", "UPD A 18.3"] if taken is None else ["UPD A", f"UPD A {taken}"]
    assert balance(persona=persona).asks([f"UPD {asked}", "UPD"]) == expected


@pytest.mark.parametrize(("fits", "answer"), [(False, "UPD A"), (True, "UPD L")])
def test_a_rate_beyond_the_line_may_be_refused(fits: bool, answer: str) -> None:
    assert balance(persona="weigh-module", rate_fits_line=fits, baudrate=1200).asks(["UPD 7"]) == [answer]


def test_a_new_line_speed_holds_behind_its_own_answer() -> None:
    standing = balance(**MODULE)
    standing.asks(["UPD 1"])
    standing.say(b"COM 0 1 3 0\r\n")
    standing.pass_s(0.02)
    assert standing.heard() == b"COM A\r\n"
    standing.say(b"UPD\r\n")
    standing.pass_s(0.36)
    assert standing.heard() == b""
    standing.pass_s(0.02)
    assert standing.heard() == b"UPD A 1.0\r\n"


@pytest.mark.parametrize(("tolerance", "time_s", "calm_after_s"), [("0.5", "0.5", 0.5), ("0.5", "3", 3.0), ("1000", "0.5", 0.0)])
def test_the_criterion_of_calm_can_be_set(tolerance: str, time_s: str, calm_after_s: float) -> None:
    standing = balance(Pan(10.0), update_rate_hz=10.0, **MODULE)
    standing.pass_s(4.0)
    standing.asks([f"USTB 0 {tolerance} {time_s}"])
    standing.pan.load_g = 12.0
    standing.pass_s(0.2)
    standing.say(b"S\r\n")
    standing.pass_s(max(0.05, calm_after_s - 0.35))
    assert (standing.heard() == b"") == (calm_after_s > 0)
    standing.pass_s(0.5)
    assert calm_after_s == 0 or standing.heard() == b"S S      12.00 g\r\n"


# --- anything at all ---

EVERY_NAME = sorted(set().union(*(persona.commands for persona in PERSONAS.values())) | {"ZC", "TC", "XYZ"})
WORDS = [
    "",
    "0",
    "1",
    "3",
    "9",
    "1 0",
    "0 3",
    "0 9 9 9",
    "5 g",
    "-5 g",
    "5 mg",
    "1e9 g",
    "99999999999 g",
    '"x"',
    '"',
    "\xb2",
    "0 1000 4",
    "01 01 0001",
]
SAID = st.tuples(st.sampled_from(EVERY_NAME), st.sampled_from(WORDS), st.sampled_from([0.0, 0.05, 3.0, 50.0]))


@settings(max_examples=150)
@given(
    said=st.lists(SAID, max_size=12), persona=st.sampled_from(sorted(PERSONAS)), load_g=st.sampled_from([0.0, 35.0, -9.0, 1e4])
)
def test_whatever_is_said_in_whatever_order_the_balance_says_whole_lines_and_answers_a_reset(
    said: list[tuple[str, str, float]], persona: str, load_g: float
) -> None:
    standing = balance(Pan(load_g), persona=persona, timed_zero=True, adjustment_s=2.0, operator_patience_s=5.0)
    for name, words, wait_s in said:
        standing.say(f"{name} {words}".strip().encode("latin-1") + b"\r\n")
        standing.pass_s(wait_s)
    standing.pass_s(20.0)
    assert all(line.endswith(b"\r\n") for line in standing.heard().splitlines(keepends=True))
    standing.say(b"@\r\n")
    standing.pass_s(1.0)
    assert standing.heard().endswith(b'I4 A "SIM0000001"\r\n')
