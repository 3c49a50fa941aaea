"""What an MT-SICS balance does in time: stability, stream, ranges, and noise as its data say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from instruments.readings import Readings
from instruments.sim.physics.weighing import CellData
from instruments.stamped import Stamped
from instruments.wire import mt_sics as wire
from instruments.wire.framing import line_ends
from tests.instruments.sim.states import IDEAL, BalanceStanding, Pan, balance
from tests.instruments.wire.chunks import framed, noisy

NOISY = CellData(linearity_g=0.0, sensitivity_pct=0.0)
LINE_S = 18 * 10 / 9600


def moving() -> Pan:
    """A load that never settles: half a gram up and down in about a second."""
    return Pan(100.0, lambda moments_s: 0.5 * np.sin(7.0 * moments_s))


def lines(standing: BalanceStanding, *, for_s: float, step_s: float = 3600.0) -> Stamped:
    """What comes within ``for_s``, waited for in steps."""
    end_s = standing.clock.now_s() + for_s
    parts = []
    while standing.clock.now_s() < end_s:
        standing.clock.sleep_until(min(end_s, standing.clock.now_s() + step_s))
        parts.append(standing.device.take())
    return Stamped.join(parts)


def stream(standing: BalanceStanding, *, for_s: float) -> Readings:
    standing.say(b"SIR\r\n")
    readings, others = wire.decode_block(lines(standing, for_s=for_s))
    assert not len(others)
    return readings


# --- stability ---


def test_on_a_quiet_pan_a_settled_weight_comes_at_once() -> None:
    standing = balance(Pan(100.0))
    standing.say(b"S\r\n")
    standing.pass_s(0.03)
    assert standing.heard() == b"S S     100.00 g\r\n"


def test_a_settled_weight_waits_for_a_second_of_calm() -> None:
    pan = moving()
    standing = balance(pan)
    standing.say(b"S\r\n")
    standing.pass_s(10.0)
    assert standing.heard() == b""
    pan.sway = None
    standing.pass_s(0.8)
    assert standing.heard() == b""
    standing.pass_s(0.4)
    assert standing.heard() == b"S S     100.00 g\r\n"


@pytest.mark.parametrize(("command", "failed"), [("S", "S I"), ("Z", "Z I"), ("T", "T I")])
def test_without_calm_the_wait_ends_after_40_seconds(command: str, failed: str) -> None:
    standing = balance(moving())
    standing.say(command.encode("ascii") + b"\r\n")
    standing.pass_s(39.99)
    assert standing.heard() == b""
    standing.pass_s(0.1)
    assert standing.text(standing.heard()) == failed


QUEUED = [b'I4 A "SIM0000001"', b"TA A       0.00 g", b"UPD A 18.3"]


@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_commands_wait_their_turn_behind_one_that_waits_for_calm_and_too_many_are_lost(length: int) -> None:
    pan = moving()
    standing = balance(pan, queue_length=length)
    standing.say(b"S\r\nI4\r\nTA\r\nUPD\r\n")
    standing.pass_s(5.0)
    assert standing.heard() == b""
    pan.sway = None
    standing.pass_s(3.0)
    assert standing.heard().splitlines() == [b"S S     100.00 g", *QUEUED[:length]]


def test_a_timed_weight_is_the_one_at_the_end_of_its_time() -> None:
    standing = balance(Pan(100.0))
    standing.restless(stable=False)
    standing.pass_s(0.2)
    standing.say(b"SC 1000\r\n")
    standing.pass_s(0.5)
    standing.pan.load_g = 120.0
    standing.pass_s(0.6)
    assert standing.heard() == b"S D     120.00 g\r\n"


@pytest.mark.parametrize(("asked_ms", "kept_ms"), [(1000, 1000), (1003, 1000), (1005, 1008), (3, 0), (65535, 65536)])
def test_its_time_is_kept_in_steps_of_8_ms(asked_ms: int, kept_ms: int) -> None:
    standing = balance(Pan(100.0))
    standing.restless(stable=False)
    standing.pass_s(0.2)
    asked_s = standing.clock.now_s()
    standing.say(f"SC {asked_ms}\r\n".encode("ascii"))
    standing.clock.wait(lambda: standing.device.waiting > 0, asked_s + 100.0)
    assert standing.clock.now_s() - asked_s == pytest.approx(kept_ms / 1000 + 0.004 + LINE_S, abs=1e-5)


@pytest.mark.parametrize("argument", ["", "x", "-1", "65536", "1.5", "²"])
def test_a_timed_weight_needs_its_time(argument: str) -> None:
    assert balance().asks([f"SC {argument}".strip()]) == ["S L"]


# --- stream ---


@pytest.mark.parametrize(("asked", "rate_hz"), [("1", 1.0), ("4", 5.0), ("10", 10.0), ("20", 18.311), ("22.9", 18.311)])
def test_the_stream_has_the_nearest_rate_that_the_balance_can(asked: str, rate_hz: float) -> None:
    standing = balance(Pan(100.0))
    assert standing.asks([f"UPD {asked}", "UPD"]) == ["UPD A", f"UPD A {rate_hz:.1f}"]
    readings = stream(standing, for_s=100.0)
    assert len(readings) == pytest.approx(100 * rate_hz, abs=1)
    assert np.diff(readings.stamps_us) == pytest.approx(1e6 / rate_hz, abs=1.0)


@pytest.mark.parametrize("rate", ["0", "0.5", "23", "290", "-5", "x", "", "²"])
def test_a_rate_out_of_range_is_refused(rate: str) -> None:
    answer = balance().asks([f"UPD {rate}", "UPD"])
    assert answer == [{"": "ES"}.get(rate, "UPD L"), "UPD A 18.3"]


@pytest.mark.parametrize(("baudrate", "rate_hz"), [(9600, 10.0), (2400, 10.0), (1200, 1200 / 180), (300, 300 / 180)])
def test_the_stream_is_never_faster_than_the_line(baudrate: int, rate_hz: float) -> None:
    standing = balance(Pan(100.0), update_rate_hz=10.0, baudrate=baudrate)
    readings = stream(standing, for_s=60.0)
    assert np.diff(readings.stamps_us) == pytest.approx(1e6 / rate_hz, abs=1.0)


@pytest.mark.parametrize("command", ["S", "SI", "SC 1", "@"])
def test_a_weighing_command_and_a_reset_end_the_stream(command: str) -> None:
    standing = balance(Pan(100.0))
    stream(standing, for_s=2.0)
    last = standing.ask(command.encode("ascii") + b"\r\n").splitlines()[-1]
    assert last == (b'I4 A "SIM0000001"' if command == "@" else b"S S     100.00 g")
    standing.pass_s(10.0)
    assert standing.heard() == b""


def test_a_command_that_weighs_nothing_leaves_the_stream_alone() -> None:
    standing = balance(Pan(100.0))
    stream(standing, for_s=2.0)
    heard = standing.ask(b"I4\r\n").splitlines()
    assert b'I4 A "SIM0000001"' in heard
    assert len(lines(standing, for_s=1.0)) == pytest.approx(18, abs=1)


@pytest.mark.parametrize(("unit", "line"), [("3", b"S S   100000.0 mg\r\n"), ("1", b"S S  0.1000000 kg\r\n")])
def test_the_stream_is_in_the_host_unit(unit: str, line: bytes) -> None:
    standing = balance(Pan(100.0), replace(IDEAL, readability_g=1e-4))
    standing.asks([f"M21 0 {unit}"])
    standing.say(b"SIR\r\n")
    heard = list(lines(standing, for_s=1.0))
    assert {piece for piece, _ in heard} == {line}
    assert len(heard) == pytest.approx(18, abs=1)


def test_a_stream_over_the_range_says_so_line_by_line() -> None:
    standing = balance(Pan(100.0))
    standing.say(b"SIR\r\n")
    standing.pass_s(0.5)
    standing.put(250.0)
    heard = standing.heard().splitlines()
    assert set(heard[:8]) == {b"S S     100.00 g"}
    assert heard[-1] == b"S +"


# --- ranges ---

RANGES = [
    # load in g on a balance of 220 g, command, answer
    (220.09, "SI", "S S     220.09 g"), (220.10, "SI", "S +"), (-4.40, "SI", "S S      -4.40 g"), (-4.41, "SI", "S -"),
    (4.40, "Z", "Z A"), (4.41, "Z", "Z +"), (-4.40, "Z", "Z A"), (-4.41, "Z", "Z -"), (4.41, "ZI", "ZI +"),
    (100.0, "T", "T S     100.00 g"), (-0.01, "T", "T -"), (220.10, "T", "T +"), (-0.01, "TI", "TI -"),
    (0.0, "TI", "TI S       0.00 g"),
]  # fmt: skip


@pytest.mark.parametrize(("load_g", "command", "answer"), RANGES)
def test_beyond_its_ranges_the_balance_gives_no_value(load_g: float, command: str, answer: str) -> None:
    assert balance(Pan(load_g)).asks([command]) == [answer]


def test_zero_and_tare_shift_what_is_shown_and_zero_clears_tare() -> None:
    standing = balance(Pan(2.0))
    assert standing.asks(["Z", "SI"]) == ["Z A", "S S       0.00 g"]
    standing.put(12.0)
    assert standing.asks(["SI", "T", "SI", "TA"]) == [
        "S S      10.00 g",
        "T S      10.00 g",
        "S S       0.00 g",
        "TA A      10.00 g",
    ]
    standing.put(2.0)
    assert standing.asks(["SI", "TAC", "SI"]) == ["S S     -10.00 g", "TAC A", "S S       0.00 g"]
    standing.put(3.0)
    assert standing.asks(["T", "Z", "TA", "SI"]) == ["T S       1.00 g", "Z A", "TA A       0.00 g", "S S       0.00 g"]


def test_zero_has_no_sign() -> None:
    assert balance(Pan(-0.004)).asks(["SI"]) == ["S S       0.00 g"]


@pytest.mark.parametrize("preset", ["abc g", "5", "5 mg", "-5 g", "221 g", "² g", "9" * 30 + " g"])
def test_a_tare_that_cannot_be_is_refused_and_the_old_one_stays(preset: str) -> None:
    assert balance().asks(["TA 1.005 g", f"TA {preset}", "TA"])[1:] == ["TA L", "TA A       1.00 g"]


# --- reset, standby, adjustment ---


@pytest.mark.parametrize(("clears", "left"), [(False, "10.00"), (True, "0.00")])
def test_a_reset_keeps_zero_and_rate_and_may_clear_tare(clears: bool, left: str) -> None:
    standing = balance(Pan(10.0), reset_clears_tare=clears)
    standing.asks(["T", "UPD 5"])
    assert standing.asks(["@", "UPD", "TA"]) == ['I4 A "SIM0000001"', "UPD A 5.0", f"TA A {left:>10} g"]


def test_a_reset_ends_a_wait_and_forgets_what_was_queued_behind_it() -> None:
    standing = balance(moving())
    standing.say(b"S\r\nI2\r\n@\r\n")
    standing.pass_s(60.0)
    assert standing.heard() == b'I4 A "SIM0000001"\r\n'


def test_in_standby_the_balance_does_not_weigh() -> None:
    standing = balance(Pan(100.0))
    asked = ["PWR 0", "S", "SI", "SIR", "Z", "TI", "I4"]
    assert standing.asks(asked) == ["PWR A", "S I", "S I", "S I", "Z I", "TI I", 'I4 A "SIM0000001"']
    assert standing.asks(["PWR 1", "SI"]) == ['PWR A\r\nI4 A "SIM0000001"', "S S     100.00 g"]


def test_a_reset_wakes_the_balance() -> None:
    assert balance(Pan(100.0)).asks(["PWR 0", "@", "SI"]) == ["PWR A", 'I4 A "SIM0000001"', "S S     100.00 g"]


def test_a_hardware_error_stands_in_every_weight() -> None:
    standing = balance(Pan(100.0))
    standing.device.scale.hardware_error = "9t"
    assert standing.asks(["SI"]) == ["S S   Error 9t"]
    assert set(stream(standing, for_s=2.0).statuses) == {ord("E")}


SYNTAX = {"si": "ES", "XYZ": "ES", "S ": "ES", "TA  5 g": "ES", " S": "ES", "": "", "TAR": "ES", "K 5": "K L", "M21 0 2": "M21 L"}


@pytest.mark.parametrize(("text", "answer"), SYNTAX.items(), ids=map(repr, SYNTAX))
def test_spelling(text: str, answer: str) -> None:
    assert balance().asks([text]) == [answer]


def test_the_list_of_commands_is_sorted_and_complete() -> None:
    standing = balance()
    standing.say(b"I0\r\n")
    standing.pass_s(5.0)
    answers = [wire.decode_answer(line) for line in standing.heard().splitlines()]
    keys = [answer.words for answer in answers]
    assert keys == sorted(keys)
    assert [answer.status for answer in answers] == ["B"] * (len(answers) - 1) + ["A"]
    for _, name in keys:
        assert "ES" not in standing.asks([name])
        standing.asks(["@"])


@given(data=noisy(b'SIRZTAUPDCM210KW@ \r\n".-5g\xb2'))
def test_no_bytes_bring_the_balance_down_and_all_it_says_are_lines(data: bytes) -> None:
    standing = balance(Pan(100.0))
    standing.say(data)
    standing.pass_s(1.0)
    frames, held = framed(line_ends, [standing.device.take()])
    assert held == b""
    assert all(frame.endswith(b"\r\n") for frame, _ in frames)


# --- noise ---

STORIES = {"quiet": (NOISY, []), "in mg": (NOISY, ["M21 0 3"]), "slow line": (replace(NOISY, response_s=0.0), ["UPD 10"])}


@pytest.mark.parametrize(("cell", "asked"), STORIES.values(), ids=STORIES)
@pytest.mark.parametrize("step_s", [1.0, 61.7, 600.0], ids=["1 s", "61.7 s", "10 min"])
def test_the_same_seed_gives_the_same_bytes_however_the_waiting_is_chunked(
    cell: CellData, asked: list[str], step_s: float
) -> None:
    def story(step_s: float) -> Stamped:
        standing = balance(Pan(35.0, lambda moments_s: moments_s * 1e-4), cell, seed=7)
        standing.asks([*asked, "SIR"])
        return lines(standing, for_s=3600.0, step_s=step_s)

    chunked, whole = story(step_s), story(3600.0)
    assert chunked.data == whole.data
    assert np.array_equal(chunked.stamps_us, whole.stamps_us)
    assert len(whole) > 30_000


def test_another_seed_gives_other_noise() -> None:
    first, second = (stream(balance(Pan(35.0), NOISY, seed=seed), for_s=60.0).masses_g for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("repeatability_g", [2e-4, 1e-3])
def test_the_readings_scatter_by_the_repeatability(repeatability_g: float) -> None:
    cell = replace(NOISY, repeatability_g=repeatability_g, drift_g_h=0.0)
    masses_g = stream(balance(Pan(35.0), cell, seed=3), for_s=600.0).masses_g
    assert masses_g.std() == pytest.approx(repeatability_g, rel=0.05)
    assert masses_g.mean() == pytest.approx(35.0, abs=repeatability_g / 10)
    assert abs(np.corrcoef(masses_g[:-1], masses_g[1:])[0, 1]) < 0.05


@pytest.mark.parametrize("readability_g", [1e-4, 1e-3, 1e-2])
def test_the_readings_are_whole_digits_of_the_readability(readability_g: float) -> None:
    standing = balance(Pan(35.0), replace(NOISY, readability_g=readability_g, repeatability_g=2 * readability_g))
    digits = stream(standing, for_s=60.0).masses_g / readability_g
    assert digits == pytest.approx(np.rint(digits), abs=1e-6)
    assert len(np.unique(np.rint(digits))) > 3


def test_the_zero_drifts_no_faster_than_the_data_say() -> None:
    cell = replace(IDEAL, readability_g=1e-6, drift_g_h=1e-3)
    masses_g = stream(balance(Pan(35.0), cell, update_rate_hz=1.0), for_s=24 * 3600.0).masses_g
    slopes_g_h = np.diff(masses_g[::600]) * 6
    assert np.abs(slopes_g_h).max() <= 1e-3 + 2e-5
    assert np.abs(slopes_g_h).max() > 1e-4


def test_the_filter_follows_a_step_with_its_time_constant() -> None:
    standing = balance(Pan(0.0), replace(IDEAL, readability_g=1e-4, response_s=0.5), update_rate_hz=10.0)
    standing.pan.load_g = 100.0
    masses_g = stream(standing, for_s=3.05).masses_g
    assert masses_g[4] == pytest.approx(100 * (1 - np.exp(-1)), abs=1e-3)
    assert masses_g[-1] == pytest.approx(100 * (1 - np.exp(-6)), abs=1e-3)


def test_a_stuck_balance_repeats_its_last_value() -> None:
    standing = balance(Pan(35.0, lambda moments_s: moments_s * 0.01), NOISY)
    standing.device.cell.stuck_from_s = 60.0
    readings = stream(standing, for_s=120.0)
    late = readings.masses_g[readings.stamps_us > 60_100_000]
    assert len(np.unique(late)) == 1
    assert len(late) > 1000
