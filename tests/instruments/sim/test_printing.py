"""What all balances that print lines do in time: streams, waiting for calm, ranges, noise, bytes of any kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ConfigError
from instruments.readings import Readings
from instruments.sim import and_weighing as and_sim
from instruments.sim import kern as kern_sim
from instruments.sim import ohaus as ohaus_sim
from instruments.sim import sbi as sbi_sim
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.weighing import CellData
from instruments.sim.setup import read_setup
from instruments.sim.site import Site
from instruments.stamped import Stamped
from instruments.wire import and_weighing, mt_sics, ohaus, sbi
from instruments.wire.framing import line_ends
from tests.instruments.sim.printing import Weighed, balance
from tests.instruments.sim.states import Pan
from tests.instruments.wire.chunks import framed, noisy

NOISY = CellData(linearity_g=0.0, sensitivity_pct=0.0)
CLASSIC = {"columns": 16, "classic": True, "baudrate": 1200, "frame_bits": 10, "print_when": "stable", "auto_pauses": False}


@dataclass(frozen=True)
class Persona:
    """A balance, how its stream is started, and the seconds that its longest line takes."""

    family: str
    options: Mapping[str, Any]
    start: bytes
    decode: Callable[[Stamped], tuple[Readings, Stamped]]
    line_s: float

    def standing(self, pan: Pan | None = None, cell: CellData = NOISY, **options: Any) -> Weighed:
        return balance(self.family, pan or Pan(35.0), cell, warm_s=2.0, **{**self.options, **options})


PERSONAS = {
    "SBI, Cubis": Persona("sbi", {"auto": "any"}, b"", sbi.decode_block, 22 * 11 / 19200),
    "SBI, Entris II": Persona("sbi", {"auto": "any", "baudrate": 9600}, b"", sbi.decode_block, 22 * 11 / 9600),
    "SBI, classic": Persona("sbi", {**CLASSIC, "auto": "any"}, b"", sbi.decode_block, 16 * 10 / 1200),
    "SBI, weigh cell": Persona("sbi", {**CLASSIC, "auto": "any", "columns": 22}, b"", sbi.decode_block, 22 * 10 / 1200),
    "Ohaus": Persona("ohaus", {}, b"CP\r\n", ohaus.decode_block, 16 * 10 / 9600),
    "Ohaus, 11 columns": Persona("ohaus", {"weight_columns": 11}, b"CP\r\n", ohaus.decode_block, 17 * 10 / 9600),
    "Ohaus, older": Persona("ohaus", {"old_lines": True, "baudrate": 2400}, b"CA\r\n", ohaus.decode_block, 18 * 10 / 2400),
    "A&D": Persona("and_weighing", {}, b"SIR\r\n", and_weighing.decode_block, 17 * 10 / 2400),
    "A&D, slow line": Persona("and_weighing", {"baudrate": 600}, b"SIR\r\n", and_weighing.decode_block, 17 * 10 / 600),
    "A&D, KF": Persona("and_weighing", {"line_format": "KF"}, b"SIR\r\n", and_weighing.decode_block, 16 * 10 / 2400),
    "A&D, CSV": Persona("and_weighing", {"line_format": "CSV"}, b"SIR\r\n", and_weighing.decode_block, 18 * 10 / 2400),
    "KCP": Persona("kern", {}, b"SIR\r\n", mt_sics.decode_block, 18 * 10 / 9600),
}
EVERY = pytest.mark.parametrize("persona", PERSONAS.values(), ids=PERSONAS)


def stream(standing: Weighed, persona: Persona, *, for_s: float, step_s: float = 3600.0) -> Stamped:
    standing.heard()
    standing.say(persona.start)
    end_s = standing.clock.now_s() + for_s
    parts = []
    while standing.clock.now_s() < end_s:
        standing.clock.sleep_until(min(end_s, standing.clock.now_s() + step_s))
        parts.append(standing.device.take())
    return Stamped.join(parts)


@EVERY
def test_the_stream_has_the_rate_of_the_cell_or_an_even_part_of_it(persona: Persona) -> None:
    readings, others = persona.decode(stream(persona.standing(), persona, for_s=60.0))
    every = int(np.ceil(round(persona.line_s * 10.0, 6)))
    assert not len(others)
    assert len(readings) == pytest.approx(600 / every, abs=2)
    assert np.abs(np.diff(readings.stamps_us) - every * 100_000).max() <= 2 * 10 * 1e6 / 600


@EVERY
def test_a_line_takes_its_time_on_the_wire(persona: Persona) -> None:
    standing = persona.standing()
    standing.restless(stable=False)
    standing.pass_s(0.5)
    lines = stream(standing, persona, for_s=5.0)
    sampled_us = np.round((lines.stamps_us / 1e6 - standing.device._latency_s - persona.line_s) * 10) * 1e5
    late_us = lines.stamps_us - sampled_us
    assert late_us == pytest.approx((standing.device._latency_s + persona.line_s) * 1e6, abs=2)


@EVERY
@pytest.mark.parametrize("step_s", [1.0, 61.7], ids=["1 s", "61.7 s"])
def test_the_same_seed_gives_the_same_bytes_however_the_waiting_is_chunked(persona: Persona, step_s: float) -> None:
    def story(step_s: float) -> Stamped:
        return stream(persona.standing(Pan(35.0, lambda moments_s: moments_s * 1e-4)), persona, for_s=600.0, step_s=step_s)

    chunked, whole = story(step_s), story(600.0)
    assert chunked.data == whole.data
    assert np.array_equal(chunked.stamps_us, whole.stamps_us)
    assert len(whole) > 1000


@EVERY
def test_a_quiet_hour_is_one_step(persona: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = persona.standing()
    standing.say(persona.start)
    steps: list[float] = []
    advance = standing.device.advance_to
    monkeypatch.setattr(standing.device, "advance_to", lambda now_s: (steps.append(now_s), advance(now_s)))
    standing.pass_s(3600.0)
    assert len(steps) == 1
    assert len(standing.device.take()) > 10_000


@EVERY
def test_a_stream_over_the_range_says_so_and_comes_back(persona: Persona) -> None:
    standing = persona.standing(cell=CellData(repeatability_g=0.0, response_s=0.0))
    standing.say(persona.start)
    standing.put(250.0)
    standing.put(35.0)
    readings, others = persona.decode(standing.device.take())
    statuses = bytes(readings.statuses.tolist())
    assert b"+" in statuses
    assert statuses[-1:] in b"SD"
    assert not len(others)
    assert np.isnan(readings.masses_g[readings.statuses == ord("+")]).all()


@EVERY
def test_the_stream_shows_what_lies_on_the_pan(persona: Persona) -> None:
    readings, _ = persona.decode(stream(persona.standing(Pan(-0.5)), persona, for_s=60.0))
    assert readings.masses_g.mean() == pytest.approx(-0.5, abs=1e-4)
    readings, _ = persona.decode(stream(persona.standing(Pan(123.4567)), persona, for_s=60.0))
    assert readings.masses_g.mean() == pytest.approx(123.4567, abs=2e-4)
    assert readings.masses_g.std() == pytest.approx(1e-4, rel=0.2)


@EVERY
def test_values_are_stable_after_a_second_of_calm(persona: Persona) -> None:
    pan = Pan(35.0, lambda moments_s: 0.5 * np.sin(7.0 * moments_s))
    standing = persona.standing(pan, CellData(repeatability_g=0.0, response_s=0.0))
    moving, _ = persona.decode(stream(standing, persona, for_s=5.0))
    pan.sway = None
    settled, _ = persona.decode(stream(standing, persona, for_s=5.0))
    assert set(moving.statuses) == {ord("D")}
    first_stable = int((settled.statuses == ord("S")).argmax())
    assert settled.stamps_us[first_stable] - settled.stamps_us[0] == pytest.approx(1e6, abs=0.4e6)
    assert set(settled.statuses[first_stable:]) == {ord("S")}


FAMILIES = ("sbi", "ohaus", "and_weighing", "kern")


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.one_of(noisy(b"\x1bPTUVZSx1_\r\n0123CRQI?:NADK"), noisy(b'SIRCP0T\r\nZ@ "A4')))
def test_no_bytes_bring_the_balance_down_and_all_it_says_are_lines(family: str, data: bytes) -> None:
    standing = balance(family, Pan(35.0))
    standing.say(data)
    standing.pass_s(1.0)
    frames, held = framed(line_ends, [standing.device.take()])
    assert held == b""
    assert all(frame.endswith(b"\r\n") for frame, _ in frames)
    assert len(standing.device._frames.held) <= 4096


# --- on a bench ---

BUILT = {"sbi": sbi_sim, "ohaus": ohaus_sim, "and_weighing": and_sim, "kern": kern_sim}


def _site(**options: Any) -> Site:
    setup = read_setup({"simulation": {"balance": options}, "balance": {"readability": "1 mg"}})
    table = {"balance": {"driver": "?", "serial": "K777777"}}
    return Site(table, setup, FluidPath(Line()), Pan(35.0), {})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_balance_is_built_from_the_tables_of_its_bench(family: str) -> None:
    device = BUILT[family].build(_site(baudrate=4800, latency_s=0.25))
    assert (device.data.serial, device.data.baudrate, device._latency_s) == ("K777777", 4800, 0.25)
    assert device.cell.data.readability_g == pytest.approx(1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_option_that_a_balance_has_not_is_refused(family: str) -> None:
    with pytest.raises(ConfigError, match=r"\[simulation.balance\] colour: unknown key"):
        BUILT[family].build(_site(colour="red"))
