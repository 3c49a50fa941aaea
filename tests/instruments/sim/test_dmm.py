"""The simulated 34461A: configuration, timing, trigger model, reading memory, overload."""

from __future__ import annotations

import pytest

from instruments.errors import ConfigError
from instruments.sim.dmm import Dmm, build
from instruments.sim.physics.motion import Motion
from instruments.sim.site import Site
from tests.instruments.sim.scpi_states import ScpiStanding, dmm, errors, series, site_of

Turns = list[tuple[str, str]]


# --- set-up ---

SETTINGS: dict[str, Turns] = {
    "after a reset": [
        ("FUNC?;:CONF?", '"VOLT";"VOLT +1.000000E+01,+1.000000E-05"'),
        ("VOLT:DC:NPLC?;RANG:AUTO?;:VOLT:ZERO:AUTO?;:VOLT:IMP:AUTO?", "+1.00000000E+01;1;1;0"),
        ("TRIG:SOUR?;COUN?;DEL?;DEL:AUTO?;:SAMP:COUN?", "IMM;+1;+0.00000000E+00;1;+1"),
        ("DATA:POIN?;LAST?", "+0;9.91000000E+37 VDC"),
    ],
    "a fixed range": [("CONF:VOLT:DC 10", ""), ("VOLT:NPLC?;RANG?;RANG:AUTO?", "+1.00000000E+01;+1.00000000E+01;0")],
    "the range that holds a value": [("VOLT:DC:RANG 1.5", ""), ("VOLT:RANG?;RANG:AUTO?", "+1.00000000E+01;0")],
    "the lowest and the highest": [("VOLT:RANG MIN;RANG?", "+1.00000000E-01"), ("VOLT:RANG MAX;RANG?", "+1.00000000E+03")],
    "resolution chooses the time": [("CONF:VOLT:DC 10,0.001", ""), ("VOLT:NPLC?;RES?", "+2.00000000E-02;+1.00000000E-03")],
    "finer than the step needs the longer": [("CONF:VOLT:DC 10,0.00002", ""), ("VOLT:NPLC?", "+1.00000000E+01")],
    "finest": [("CONF:VOLT:DC 10,MIN", ""), ("CONF?", '"VOLT +1.000000E+01,+3.000000E-06"')],
    "coarsest": [("CONF:VOLT:DC 10,MAX", ""), ("CONF?", '"VOLT +1.000000E+01,+1.000000E-03"')],
    "default": [("CONF:VOLT:DC DEF,DEF", ""), ("VOLT:NPLC?;RANG:AUTO?", "+1.00000000E+01;1")],
    "auto": [("CONF:VOLT:DC AUTO", ""), ("VOLT:RANG:AUTO?", "1")],
    "long forms": [("SENSe:VOLTage:DC:NPLCycles 1", ""), ("SENSe:VOLTage:DC:NPLC 1;RESolution?", "+3.00000000E-05")],
    "between two times the longer": [("VOLT:NPLC 0.5;NPLC?", "+1.00000000E+00")],
    "auto range for once": [("VOLT:RANG:AUTO ONCE", ""), ("VOLT:RANG?;RANG:AUTO?", "+1.00000000E+00;0")],
    "auto range on again": [("VOLT:RANG 100;RANG:AUTO ON;AUTO?", "1")],
    "another function": [("CONF:RES", ""), ("FUNC?;:CONF?", '"RES";"RES +1.000000E+08,+1.000000E+02"')],
    "function by name": [('FUNC "VOLT:AC";FUNC?', '"VOLT:AC"'), ('FUNC "VOLT:DC";FUNC?', '"VOLT"')],
    "current": [("CONF:CURR:DC 1;:CONF?", '"CURR +1.000000E+00,+1.000000E-06"')],
    "counts without an end": [("TRIG:COUN INF;COUN?", "+9.90000000E+37")],
    "a delay": [("TRIG:DEL 500 ms;DEL?;DEL:AUTO?", "+5.00000000E-01;0")],
    "CONF resets the trigger": [
        ("TRIG:SOUR BUS;COUN 3;:SAMP:COUN 5;:CONF:VOLT:DC", ""), ("TRIG:SOUR?;COUN?;:SAMP:COUN?", "IMM;+1;+1"),
    ],
    "mains": [("SYST:LFR?", "+50")],
    "slope": [("TRIG:SLOP?", "NEG"), ("TRIG:SLOP POS;SLOP?", "POS"), ("TRIG:SLOP NEG;SLOP?", "NEG")],
    "the screen": [("DISP?", "1"), ("DISP:STAT OFF;STAT?", "0")],
    "AC current": [('FUNC "CURR:AC";FUNC?', '"CURR:AC"'), ("CONF:CURR:AC 1;:CONF?", '"CURR:AC +1.000000E+00,+1.000000E-06"')],
    "the display": [('DISP:TEXT "run 7";TEXT?', '"run 7"'), ("DISP:TEXT:CLE;:DISP:TEXT?", '""')],
}  # fmt: skip


@pytest.mark.parametrize("turns", SETTINGS.values(), ids=SETTINGS)
def test_settings_are_taken_and_told(turns: Turns) -> None:
    device = dmm(0.5)
    assert [(asked, device.told(asked)) for asked, _ in turns] == turns


REFUSED = {
    "CONF:VOLT:DC 1001": -222, "VOLT:RANG 2000": -222, "VOLT:NPLC 0.01": -222, "VOLT:NPLC 101": -222,
    "CONF:VOLT:DC 10,1E-9": -222, "CONF:VOLT:DC AUTO,0.001": -221, "SAMP:COUN 0": -222, "SAMP:COUN 1000001": -222,
    "TRIG:COUN 0": -222, "TRIG:DEL 3601": -222, "TRIG:SOUR FOO": -141, "TRIG:SOUR TIM": -141, 'FUNC "FOO"': -224,
    "CONF:VOLT:DC (@101)": -108, "CONF:VOLT:DC 10,1,1": -108, "R? 0": -222, "DATA:REM?": -109,
}  # fmt: skip


@pytest.mark.parametrize(("message", "code"), REFUSED.items())
def test_settings_out_of_range_are_refused(message: str, code: int) -> None:
    device = dmm()
    device.told("*CLS")
    before = device.told("CONF?;:TRIG:SOUR?;COUN?;DEL?;:SAMP:COUN?;:VOLT:NPLC?")
    assert device.told(message) == ""
    assert errors(device) == [code]
    assert device.told("CONF?;:TRIG:SOUR?;COUN?;DEL?;:SAMP:COUN?;:VOLT:NPLC?") == before


# --- timing ---

TIMES = [
    ("CONF:VOLT:DC", 50.0, 0.4),
    ("CONF:VOLT:DC", 60.0, 1 / 3),
    ("VOLT:NPLC 0.02", 50.0, 0.0008),
    ("VOLT:NPLC 0.2", 50.0, 0.008),
    ("VOLT:NPLC 1", 50.0, 0.04),
    ("VOLT:NPLC 100", 50.0, 4.0),
    ("VOLT:ZERO:AUTO OFF", 50.0, 0.2),
    ("SAMP:COUN 3", 50.0, 1.2),
    ("TRIG:COUN 2;:SAMP:COUN 3", 50.0, 2.4),
    ("TRIG:DEL 1", 50.0, 1.4),
    ("TRIG:DEL 1;:SAMP:COUN 2", 50.0, 2.8),
]


@pytest.mark.parametrize(("set_up", "mains_hz", "lasts_s"), TIMES)
def test_a_reading_takes_its_integration_time_twice(set_up: str, mains_hz: float, lasts_s: float) -> None:
    device = dmm(1.0, mains_hz=mains_hz)
    device.told(set_up)
    asked_s = device.clock.now_s()
    device.say(b"READ?\n")
    assert device.hear(16, within_s=10.0)
    assert device.clock.now_s() - asked_s == pytest.approx(lasts_s, abs=0.0025)


def test_readings_are_those_of_their_moments() -> None:
    device = dmm(lambda now_s: now_s)
    device.told("VOLT:NPLC 1;:SAMP:COUN 3")
    begun_s = device.clock.now_s()
    values = [float(text) for text in device.told("READ?", within_s=1.0).split(",")]
    assert values == pytest.approx([begun_s + step * 0.04 for step in (1, 2, 3)])


def test_a_day_of_readings_is_seconds_of_work_and_kept_to_the_size_of_the_memory() -> None:
    device = dmm(lambda now_s: now_s % 1.0)
    device.told("TRIG:COUN INF;:INIT")
    device.pass_s(86_400.0)
    assert device.told("DATA:POIN?") == "+10000"


# --- ranges and overload ---

RANGES = [
    (0.05, 0.1), (0.12, 0.1), (0.121, 1.0), (-1.2, 1.0), (-1.21, 10.0), (12.0, 10.0), (12.1, 100.0), (121.0, 1000.0),
    (1000.0, 1000.0),
]  # fmt: skip


@pytest.mark.parametrize(("volts", "limit"), RANGES)
def test_auto_range_takes_the_smallest_that_holds_the_value(volts: float, limit: float) -> None:
    device = dmm(volts)
    assert float(device.told("READ?", within_s=1.0)) == pytest.approx(volts)
    assert float(device.told("VOLT:RANG?")) == limit


OVERLOADS = [
    (0.5, "0.1", "+9.90000000E+37"), (-0.5, "0.1", "-9.90000000E+37"), (0.121, "0.1", "+9.90000000E+37"),
    (0.12, "0.1", "+1.20000000E-01"), (1000.0, "1000", "+1.00000000E+03"), (1000.1, "AUTO", "+9.90000000E+37"),
]  # fmt: skip


@pytest.mark.parametrize(("volts", "limit", "told"), OVERLOADS)
def test_what_is_beyond_the_range_is_an_overload(volts: float, limit: str, told: str) -> None:
    device = dmm(volts)
    device.told("*CLS")
    assert device.told(f"MEAS:VOLT:DC? {limit}", within_s=1.0) == told
    assert device.told("STAT:QUES?") == ("+1" if "E+37" in told else "+0")
    assert errors(device) == []


def test_the_overload_bit_lasts_until_the_next_run() -> None:
    device = dmm(series([0.5, 0.05]))
    device.told("CONF:VOLT:DC 0.1")
    device.told("READ?", within_s=1.0)
    assert device.told("STAT:QUES:COND?") == "+1"
    device.told("READ?", within_s=1.0)
    assert device.told("STAT:QUES:COND?") == "+0"


def test_what_has_nothing_connected_reads_nothing() -> None:
    device = dmm(5.0)
    assert [device.told(f"MEAS:{name}?", within_s=1.0) for name in ("VOLT:AC", "CURR:DC", "RES")] == [
        "+0.00000000E+00", "+0.00000000E+00", "+9.90000000E+37",
    ]  # fmt: skip


# --- trigger model ---

TRIGGERS: dict[str, tuple[Turns, list[int]]] = {
    "READ? waits for nobody on BUS": ([("TRIG:SOUR BUS", ""), ("READ?", "")], [-214]),
    "READ? without an end": ([("TRIG:COUN INF", ""), ("READ?", "")], [-214]),
    "FETC? while nobody triggers": ([("TRIG:SOUR BUS;:INIT", ""), ("FETC?", "")], [-214]),
    "FETC? of a run without an end": ([("TRIG:COUN INF;:INIT", ""), ("FETC?", "")], [-214]),
    "*TRG while idle": ([("*TRG", "")], [-211]),
    "*TRG with another source": ([("INIT;*TRG", "")], [-211]),
    "*TRG while measuring": ([("TRIG:SOUR BUS;:INIT;*TRG;*TRG", "")], [-211]),
    "INIT while measuring": ([("INIT;INIT", "")], [-213]),
    "INIT while waiting": ([("TRIG:SOUR BUS;:INIT;INIT", "")], [-213]),
    "nothing to fetch": ([("FETC?", "")], [-230]),
    "a trigger per sample": (
        [
            ("TRIG:SOUR BUS;COUN 2;:VOLT:NPLC 1;:INIT;*TRG", ""), ("DATA:POIN?;*TRG", "+1"),
            ("FETC?", "+1.00000000E+00,+1.00000000E+00"),
        ],
        [],
    ),
    "ABOR keeps what there is": ([("VOLT:NPLC 1;:TRIG:COUN INF;:INIT", ""), ("ABOR;:DATA:POIN?;:INIT;:ABOR", "+2")], []),
    "after ABOR a new INIT": ([("TRIG:COUN INF;:INIT", ""), ("ABOR;:TRIG:COUN 1;:VOLT:NPLC 1;:READ?", "+1.00000000E+00")], []),
    "FETC? as often as you like": (
        [("VOLT:NPLC 1;:READ?", "+1.00000000E+00"), ("FETC?;FETC?", "+1.00000000E+00;+1.00000000E+00")],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("turns", "codes"), TRIGGERS.values(), ids=TRIGGERS)
def test_the_trigger_model(turns: Turns, codes: list[int]) -> None:
    device = dmm(1.0)
    device.told("*CLS")
    assert [(asked, device.told(asked)) for asked, _ in turns] == turns
    assert errors(device) == codes


def test_the_operation_register_tells_waiting_from_measuring() -> None:
    device = dmm(1.0)
    device.told("TRIG:SOUR BUS")
    conditions = [device.told(f"{message}STAT:OPER:COND?") for message in ("", "INIT;:", "*TRG;:")]
    device.pass_s(0.5)
    assert [*conditions, device.told("STAT:OPER:COND?")] == ["+0", "+32", "+16", "+0"]


def test_opc_waits_for_the_run() -> None:
    device = dmm(1.0)
    device.say(b"SAMP:COUN 5;:INIT;*OPC?\n")
    assert device.hear(2, within_s=5.0) == b"1\n"
    assert device.clock.now_s() == pytest.approx(2.0, abs=0.01)


# --- reading memory ---

VALUES = [0.1, 0.2, 0.3, 0.4, 0.5]
TOLD = [f"{value:+.8E}" for value in VALUES]


def stored() -> ScpiStanding:
    device = dmm(series(VALUES))
    device.told("VOLT:NPLC 0.2;:SAMP:COUN 5;:INIT")
    return device


MEMORY: dict[str, Turns] = {
    "the first ones go": [
        ("R? 2", f"#231{TOLD[0]},{TOLD[1]}"), ("DATA:POIN?", "+3"), ("R?", f"#247{','.join(TOLD[2:])}"), ("DATA:POIN?", "+0"),
    ],
    "nothing is an empty block": [("R? 9", f"#279{','.join(TOLD)}"), ("R?", "#10")],
    "without a block": [("DATA:REM? 2", f"{TOLD[0]},{TOLD[1]}"), ("DATA:COUN?", "+3")],
    "fetching keeps them": [("FETC?", ",".join(TOLD)), ("DATA:POIN?", "+5")],
    "the last one": [("DATA:LAST?", f"{TOLD[4]} VDC"), ("DATA:POIN?", "+5")],
    "another function forgets them": [("CONF:RES;:DATA:POIN?", "+0")],
    "the same one keeps them": [("CONF:VOLT:DC 10;:DATA:POIN?", "+5")],
    "a reset forgets them": [("*RST;:DATA:POIN?", "+0")],
    "a preset forgets them": [("SYST:PRES;:DATA:POIN?", "+0")],
    "INIT forgets them": [("INIT;:DATA:POIN?", "+0")],
}  # fmt: skip


@pytest.mark.parametrize("turns", MEMORY.values(), ids=MEMORY)
def test_the_reading_memory(turns: Turns) -> None:
    device = stored()
    assert [(asked, device.told(asked)) for asked, _ in turns] == turns


def test_more_than_there_is_cannot_be_removed_but_may_be_waited_for() -> None:
    device = stored()
    device.told("*CLS;:DATA:REM? 6")
    device.told("DATA:REM? 6,WAIT")
    assert errors(device) == [-222, -222]
    device.told("VOLT:NPLC 10;:INIT")
    asked_s = device.clock.now_s()
    device.say(b"DATA:REM? 2,WAIT\n")
    assert device.hear(32, within_s=5.0) == f"{TOLD[4]},{TOLD[4]}\n".encode("ascii")
    assert device.clock.now_s() - asked_s == pytest.approx(0.7, abs=0.01)


def test_readings_that_were_removed_are_not_waited_for_again() -> None:
    device = dmm(series(VALUES))
    device.told("VOLT:NPLC 1;:SAMP:COUN 100;:INIT", within_s=0.1)
    assert device.told("R? 2", within_s=0.01).count("E") == 2
    device.say(b"DATA:REM? 3,WAIT\n")
    assert device.hear(48, within_s=5.0) == ",".join(TOLD[2:]).encode("ascii") + b"\n"
    assert device.clock.now_s() == pytest.approx(0.2, abs=0.003)
    assert device.device.next_event_s() == pytest.approx(4.0, abs=0.001)


def test_what_overflows_the_memory_replaces_the_oldest_and_sets_a_bit_without_an_error() -> None:
    device = dmm(series(VALUES), memory=3)
    device.told("*CLS;:VOLT:NPLC 0.2;:SAMP:COUN 5;:INIT")
    assert device.told("FETC?") == ",".join(TOLD[2:])
    assert device.told("STAT:QUES?") == f"+{1 << 14}"
    assert errors(device) == []


# --- on the bench ---


def placed(roles: list[str], **options: object) -> tuple[Dmm, Site]:
    site = site_of(roles, **options)
    return build(site), site


def test_the_transducer_follows_the_pressure_in_the_line() -> None:
    device, site = placed(["pressure"], zero_v=1.0, sensitivity_v_kpa=0.5)
    standing = ScpiStanding(device)
    assert standing.told("READ?", within_s=1.0) == "+1.00000000E+00"
    site.path.move(standing.clock.now_s(), Motion(0.01))
    told_v = float(standing.told("READ?", within_s=1.0))
    expected_pa = site.path.stored_ml(device.memory[-1].moment_s) / site.setup.line.compliance_ml_pa
    assert expected_pa > 0
    assert told_v == pytest.approx(1.0 + 0.5 * expected_pa / 1000, rel=1e-6)


def test_the_alarm_line_is_low_while_the_pump_alarms() -> None:
    device, site = placed(["alarm_relay"])
    standing = ScpiStanding(device)
    assert standing.told("READ?", within_s=1.0) == "+5.00000000E+00"
    site.devices["pump"].alarming = True
    assert standing.told("READ?", within_s=1.0) == "+0.00000000E+00"


def test_it_says_the_serial_number_of_the_bench_file() -> None:
    device, _ = placed(["pressure"])
    assert ScpiStanding(device).told("*IDN?").split(",")[:3] == ["Keysight Technologies", "34461A", "MY1"]


def test_one_meter_cannot_play_two_roles() -> None:
    with pytest.raises(ConfigError, match="alarm_relay and pressure"):
        placed(["alarm_relay", "pressure"])
