"""What every driver of a balance that prints lines does, on the simulated balances, however their menus are set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.balances import Balance, and_weighing, kern, ohaus, sbi
from instruments.driver import CAPABILITIES, Driver
from instruments.errors import BenchError, Refused, ReplyTimeout
from instruments.identity import Identity
from instruments.port import LineSettings
from tests.instruments.balances.driven import driven
from tests.instruments.script import scripted
from tests.instruments.sim import states
from tests.instruments.sim.printing import Weighed, balance
from tests.instruments.sim.states import Pan
from tests.instruments.wire.chunks import noisy

DRIVERS: Mapping[str, Driver[Any]] = {
    "sbi": sbi.DRIVER, "ohaus": ohaus.DRIVER, "and_weighing": and_weighing.DRIVER, "kern": kern.DRIVER
}  # fmt: skip
SBI_WHO = Identity("MSE1203S-100-DR", "0031801165", "00-39-21")
AND_WHO = Identity("GX-224A", "T0000001")
CLASSIC = {"columns": 16, "classic": True, "baudrate": 1200, "frame_bits": 10, "identifies": False}


@dataclass(frozen=True)
class Setting:
    """A balance as its menu is set, and who it says it is."""

    family: str
    identity: Identity
    menu: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def connected(self, pan: Pan | None = None, **options: Any) -> Iterator[tuple[Any, Weighed]]:
        standing = balance(self.family, pan or Pan(100.0), **self.menu)
        with driven(DRIVERS[self.family], standing, **options) as driver:
            assert driver.connect() == self.identity
            yield driver, standing


SETTINGS = {
    "SBI, asked": Setting("sbi", SBI_WHO),
    "SBI, asked, 16 columns": Setting("sbi", SBI_WHO, {"columns": 16}),
    "SBI, asked, classic": Setting("sbi", Identity(""), CLASSIC),
    "SBI, asked, stable only": Setting("sbi", SBI_WHO, {"print_when": "stable", "tare_when": "stable"}),
    "SBI, automatic": Setting("sbi", SBI_WHO, {"auto": "any"}),
    "SBI, automatic, classic": Setting("sbi", Identity(""), {**CLASSIC, "auto": "any", "columns": 22}),
    "SBI, automatic, slow filter": Setting("sbi", SBI_WHO, {"auto": "any", "rate_hz": 2.5}),
    "Ohaus": Setting("ohaus", Identity("", "B000000001", "Sr 2.00")),
    "Ohaus, for trade": Setting("ohaus", Identity("", "B000000001", "Sr 2.00"), {"legal_for_trade": True, "weight_columns": 11}),
    "Ohaus, quiet": Setting("ohaus", Identity("", "B000000001", "Sr 2.00"), {"acknowledges": False, "acknowledges_stream": True}),
    "A&D, silent": Setting("and_weighing", AND_WHO),
    "A&D, acknowledging": Setting("and_weighing", AND_WHO, {"answers_errors": True}),
    "A&D, slow to zero": Setting("and_weighing", AND_WHO, {"answers_errors": True, "zeroing_s": 8.0}),
    "A&D, silent and slow to zero": Setting("and_weighing", AND_WHO, {"zeroing_s": 8.0}),
    "A&D, KF": Setting("and_weighing", AND_WHO, {"line_format": "KF"}),
    "A&D, CSV": Setting("and_weighing", AND_WHO, {"line_format": "CSV", "baudrate": 9600}),
    "KCP": Setting("kern", Identity("PNJ 600-3M 220.00 g", "K123456", "1.02")),
}
EVERY = pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
STREAMING = pytest.mark.parametrize(
    "setting",
    [each for name, each in SETTINGS.items() if "SBI, asked" not in name],
    ids=[name for name in SETTINGS if "SBI, asked" not in name],
)


@EVERY
def test_a_weighing_is_what_lies_on_the_pan(setting: Setting) -> None:
    with setting.connected() as (driver, standing):
        assert driver.weigh().mass_g == driver.weigh_stable().mass_g == Decimal("100.00")
        standing.put(-1.5)
        assert (driver.weigh().mass_g, driver.weigh_stable().status) == (Decimal("-1.50"), "S")


@EVERY
def test_zero_and_tare_are_proved(setting: Setting) -> None:
    with setting.connected(Pan(2.0)) as (driver, standing):
        driver.zero()
        assert driver.weigh_stable().mass_g == 0
        standing.put(12.0)
        tared = driver.tare()
        assert (tared.mass_g, tared.status) == (Decimal("10.00"), "S")
        standing.put(13.0)
        assert driver.weigh_stable().mass_g == Decimal("1.00")


@EVERY
def test_zero_beyond_its_range_is_refused(setting: Setting) -> None:
    with setting.connected(Pan(50.0)) as (driver, _), pytest.raises(Refused, match="zero"):
        driver.zero()


@EVERY
def test_a_tare_below_zero_is_refused(setting: Setting) -> None:
    with setting.connected(Pan(-1.0)) as (driver, _), pytest.raises(Refused, match="tare"):
        driver.tare()


@EVERY
@pytest.mark.parametrize(("load_g", "status"), [(250.0, "+"), (-50.0, "-")])
def test_beyond_the_range_there_is_no_mass(setting: Setting, load_g: float, status: str) -> None:
    with setting.connected(Pan(load_g)) as (driver, _):
        weighing = driver.weigh()
        assert (weighing.mass_g, weighing.status) == (None, status)
        with pytest.raises(Refused):
            driver.tare()


@EVERY
def test_the_update_rate_is_not_for_commands(setting: Setting) -> None:
    assert "update-rate" not in DRIVERS[setting.family].can
    with setting.connected() as (driver, _), pytest.raises(Refused) as caught:
        driver.set_update_rate(10.0)
    assert caught.value.code == ""


@STREAMING
def test_a_stream_gives_readings_and_nothing_else(setting: Setting) -> None:
    with setting.connected() as (driver, standing):
        driver.start_stream()
        standing.pass_s(600.0)
        readings, others = driver.readings()
        assert not len(others)
        assert len(readings) > 1300
        assert (np.diff(readings.stamps_us) > 0).all()
        assert set(readings.masses_g) == {100.0}
        driver.stop_stream()
        late, others = driver.readings()
        assert not len(others)
        assert len(late) < 25
        assert not len(late) or late.stamps_us[0] > readings.stamps_us[-1]


@STREAMING
def test_resuming_ends_no_stream_and_loses_no_reading(setting: Setting) -> None:
    with setting.connected() as (driver, standing):
        driver.start_stream()
        standing.pass_s(60.0)
        assert driver.resume() == setting.identity
        standing.pass_s(60.0)
        readings, others = driver.readings()
        gaps_us = np.diff(readings.stamps_us)
        assert gaps_us.max() < 2.0 * np.median(gaps_us)
        assert readings.stamps_us[-1] > (standing.clock.now_s() - 1.0) * 1e6
        assert {line for line, _ in others} <= {b"LFT ON\r\n"}


@STREAMING
def test_connecting_ends_a_stream_that_was_left_running_where_it_can(setting: Setting) -> None:
    with setting.connected() as (driver, standing):
        driver.start_stream()
        standing.pass_s(60.0)
        assert driver.connect() == setting.identity
        readings, others = driver.readings()
        assert len(readings) < 10
        assert not len(others)
        assert driver.weigh().mass_g == Decimal("100.00")


@pytest.mark.parametrize("name", ["Ohaus", "A&D, silent", "A&D, acknowledging", "KCP"])
def test_after_the_stream_has_stopped_nothing_comes(name: str) -> None:
    with SETTINGS[name].connected() as (driver, standing):
        driver.start_stream()
        standing.pass_s(10.0)
        driver.stop_stream()
        driver.readings()
        standing.pass_s(10.0)
        assert not len(driver.readings()[0])
        assert driver.weigh().mass_g == Decimal("100.00")


@pytest.mark.parametrize("name", ["SBI, asked", "SBI, asked, classic"])
def test_a_balance_that_prints_nothing_by_itself_is_refused_with_what_to_set(name: str) -> None:
    with SETTINGS[name].connected() as (driver, _), pytest.raises(Refused, match="menu to automatic, without stability"):
        driver.start_stream()


@EVERY
def test_while_the_load_moves_there_is_no_stable_mass(setting: Setting) -> None:
    with setting.connected() as (driver, standing):
        standing.restless(stable=False)
        standing.pass_s(2.0)
        began_s = standing.clock.now_s()
        if setting.menu.get("print_when") == "stable":
            with pytest.raises(ReplyTimeout):
                driver.weigh_stable()
        else:
            assert driver.weigh_stable().status == "I"
        assert 39.0 < standing.clock.now_s() - began_s < 60.0


@EVERY
def test_a_balance_that_is_not_there_is_a_timeout(setting: Setting) -> None:
    standing = balance(setting.family, Pan(0.0), **setting.menu)
    standing.device.unplug()
    standing.device.plugged_in = True
    standing.device.obey = len  # it hears, and does nothing
    standing.device.streaming = False
    with driven(DRIVERS[setting.family], standing) as driver, pytest.raises(ReplyTimeout):
        driver.connect()


# --- probes ---

SPEAKERS = {
    **{name: (each.family, lambda each=each: balance(each.family, Pan(100.0), **each.menu)) for name, each in SETTINGS.items()},
    "MT-SICS": ("mt_sics", lambda: states.balance(Pan(100.0))),
    "New Era": ("new_era", states.pump),
}
UNASKED = {"SBI, asked, classic", "SBI, automatic, classic"}
"""Classic balances do not know the question."""
UNSURE = {"A&D, KF"}
"""Without a header the weight could be anybody's."""


@pytest.mark.parametrize("name", SPEAKERS)
@pytest.mark.parametrize("asker", DRIVERS)
def test_a_probe_finds_its_own_family_and_changes_nothing(asker: str, name: str) -> None:
    family, stand = SPEAKERS[name]
    standing, probe = stand(), DRIVERS[asker].probe
    standing.heard()
    before = _state(standing.device)
    standing.say(probe.request)
    standing.pass_s(1.0)
    identity = probe.identify(standing.heard())
    assert (identity is not None) == (asker == family and name not in UNASKED | UNSURE)
    assert _state(standing.device) == before


def _state(device: Any) -> dict[str, Any]:
    names = (
        "zero",
        "tare",
        "unit",
        "streaming",
        "error",
        "only_stable",
        "acknowledges",
        "awake",
        "status",
        "alarm",
        "diameter_mm",
        "rate",
        "identification",
    )
    return {name: getattr(device, name) for name in names if hasattr(device, name)} | {"data": device.data}


def test_a_probe_of_sbi_tells_the_model() -> None:
    standing = balance("sbi", Pan(1.0), auto="any")
    standing.say(sbi.DRIVER.probe.request)
    standing.pass_s(1.0)
    assert sbi.DRIVER.probe.identify(standing.heard()) == Identity("MSE1203S-100-DR")


@pytest.mark.parametrize("asker", DRIVERS)
@given(data=noisy(b'NST,+-0123.g \r\nI0AB"OLE'))
def test_no_answer_brings_a_probe_down(asker: str, data: bytes) -> None:
    assert DRIVERS[asker].probe.identify(data) in (None, Identity(""))


@pytest.mark.parametrize("asker", DRIVERS)
@pytest.mark.parametrize(
    "data",
    [b"", b"ES\r\n", b"\x0200S?\x03", b"EC,E01\r\n", b"\x06\r\n", b'I4 A "B021002593"\r\n', b"garbage", b"KEITHLEY,2000\n"],
)
def test_what_others_say_is_nobody_here(asker: str, data: bytes) -> None:
    assert DRIVERS[asker].probe.identify(data) is None


# --- tables and noise ---

LINES = {
    "sbi": LineSettings(1200, 7, "O", 1), "ohaus": LineSettings(), "and_weighing": LineSettings(2400, 7, "E", 1),
    "kern": LineSettings(),
}  # fmt: skip


@pytest.mark.parametrize("family", DRIVERS)
def test_a_driver_says_what_it_can_and_how_its_line_is_set(family: str) -> None:
    driver = DRIVERS[family]
    assert driver.can == {"stream", "tare", "zero"} <= set(CAPABILITIES)
    assert driver.line == LINES[family]


ACTS = [
    Balance.connect,
    Balance.weigh,
    Balance.weigh_stable,
    Balance.zero,
    Balance.tare,
    Balance.start_stream,
    Balance.stop_stream,
    Balance.readings,
]


@pytest.mark.parametrize("family", DRIVERS)
@pytest.mark.parametrize("act", [act.__name__ for act in ACTS])
@given(
    noise=st.lists(
        noisy(b"ST,+-0123.45 gN\r\nOK!ES\x06AI")
        | st.sampled_from([b"OK!\r\n", b"ES\r\n", b"\x06\r\n", b"EC,E02\r\n", b"      H       \r\n"]),
        max_size=6,
    )
)
def test_whatever_the_line_says_only_errors_of_ours_come_out(family: str, act: str, noise: list[bytes]) -> None:
    driver = DRIVERS[family]
    with _chattering(driver, noise) as made, suppress(BenchError):
        getattr(made, act)()


@contextmanager
def _chattering(driver: Driver[Any], noise: list[bytes]) -> Iterator[Any]:
    """Says the same noise after every command."""
    with scripted(driver.framer) as script:

        def write(data: bytes) -> None:
            for number, piece in enumerate(noise, start=1):
                script.port.will_say(0.01 * number, piece)

        script.port.write = write  # type: ignore[method-assign]
        yield driver.make(script.link, driver.options())
