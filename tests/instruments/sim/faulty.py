"""A bench of ideal instruments for tests of the faults: what a host says and hears, and what should arrive, in closed form.

The plunger moves as it is told and the balance shows what is there, so what departs from that is the fault.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.physics.arrays import FloatArray

H = 3600.0
"""Seconds in an hour: a flow in mL/h over it is one in mL/s."""
C_ML_PA = 1e-5
R_PA_S_ML = 8e-3 * 1.0 / (math.pi * (0.53e-3 / 2) ** 4) / 1e6
"""Of one metre of 0.53 mm bore with water at 1 mPa s (Hagen-Poiseuille; gravimetric-metrology, section 10)."""
TAU_S = R_PA_S_ML * C_ML_PA
WATER_G_ML, AIR_G_ML, STEEL_G_ML = 0.997773, 0.001190, 8.0
"""At 22 degC (gravimetric-metrology, sections 2 and 3)."""
SHOWN_G_ML = (WATER_G_ML - AIR_G_ML) / (1 - AIR_G_ML / STEEL_G_ML)
VESSEL_G = 35.0
ANSWERED_S = 0.3
SIR_LINE_S = 0.004 + len(b"S S    35.0000 g\r\n") * 10 / 9600
"""From a conversion of an MT-SICS balance to the last byte of its line."""

Flows = Sequence[tuple[float, float]]
"""The true speed of the plunger: from a moment on so many mL/h."""

_SIMULATION: dict[str, dict[str, Any]] = {
    "drive": {"step": "0 mL", "screw_error": "0 %", "backlash": "0 mL", "stiction": "0 mL", "sliding": "0 mL"},
    "cell": {"repeatability": "0 g", "linearity": "0 g", "sensitivity": "0 %", "drift": "0 g/h", "response": "0 s"},
    "room": {"temperature_swing": "0 K", "pressure_swing": "0 hPa", "humidity_swing": "0 %"},
    "vessel": {"evaporation": "0 mg/h"},
}
_QUIET = {"new-era": {"powered_up": False}}
"""The alarm after power-up is not what these tests are about."""


def plain(
    *faults: str, pump: str = "new-era", balance: str = "mt-sics", filled: str = "10 mL", seed: int = 1, **simulation: Any
) -> dict[str, Any]:
    """A bench file as read. ``simulation``: tables of ``[simulation]``, by what they have of their own."""
    told = {name: {**table, **simulation.pop(name, {})} for name, table in _SIMULATION.items()}
    syringe = {"volume": "10 mL", "inner_diameter": "14.5 mm", "filled": filled}
    return {
        "pump": {"driver": pump, "address": "sim://faulty/pump", "syringe": syringe},
        "balance": {"driver": balance, "address": "sim://faulty/balance", "readability": "0.1 mg"},
        "simulation": {"seed": seed, "faults": list(faults), "pump": _QUIET.get(pump, {}), **told, **simulation},
    }


class Bench:
    """A simulated bench, and a host that speaks to both of its instruments."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.sim: SimulatedBench = build_bench("faulty", told)
        self.clock, self.truth = self.sim.clock, self.sim.truth

    def at(self, moment_s: float) -> Bench:
        self.clock.sleep_until(moment_s)
        return self

    def say(self, role: str, data: bytes) -> None:
        self.sim.device(role).receive(data)

    def heard(self, role: str) -> bytes:
        return self.sim.device(role).take().data

    def ask(self, role: str, data: bytes) -> bytes:
        """What is answered to this, which is heard and obeyed at once."""
        self.heard(role)
        self.say(role, data)
        self.at(self.clock.now_s() + ANSWERED_S)
        return self.heard(role)

    def pump(self, text: str) -> str:
        """A command to a New Era pump: status and text of its answer."""
        return self.ask("pump", f"{text}\r".encode()).decode().strip("\x02\x03")[2:]

    def weighed_g(self) -> float:
        return float(grams(self.ask("balance", b"SI\r\n"))[0])

    def listen(self, rate_hz: int = 10) -> Bench:
        """Let an MT-SICS balance send so many lines a second."""
        self.ask("balance", f"UPD {rate_hz}\r\n".encode())
        self.say("balance", b"SIR\r\n")
        return self

    def told_until(self, moment_s: float) -> Told:
        """All that the balance has sent since the last look."""
        arrived = self.at(moment_s).sim.device("balance").take()
        pieces = list(arrived)
        return Told([piece for piece, _ in pieces], arrived.stamps_us / 1e6)

    def events(self) -> list[tuple[float, str]]:
        """What really happened; moments to a microsecond."""
        return [(round(event.at_s, 6), event.what) for event in self.truth.events]

    def history(self, name: str, moments_s: FloatArray) -> FloatArray:
        return self.sim.path.history(moments_s)[name]


@dataclass(frozen=True)
class Told:
    """Lines of a balance, and when the last byte of each arrived."""

    lines: list[bytes]
    stamps_s: FloatArray

    @property
    def sampled_s(self) -> FloatArray:
        return self.stamps_s - SIR_LINE_S

    @property
    def mass_g(self) -> FloatArray:
        return grams(b"".join(self.lines))

    def between(self, from_s: float, until_s: float) -> Told:
        """Those that were sampled in this stretch."""
        chosen = (self.sampled_s >= from_s - 1e-6) & (self.sampled_s < until_s - 1e-6)
        lines = [line for line, wanted in zip(self.lines, chosen.tolist(), strict=True) if wanted]
        return Told(lines, self.stamps_s[chosen])


def grams(data: bytes) -> FloatArray:
    """The masses of MT-SICS weight lines, all of which have to be in g."""
    found = re.findall(rb"S [SD] +(-?\d+\.\d+) g\r\n", data)
    assert len(found) == data.count(b"\n"), f"not all of this is weights in g: {data[:200]!r}"
    return np.array(found, dtype=float)


# --- what a New Era pump is made to do ---

History = Sequence[tuple[float, str]]
BOLUS: History = [(0, "DIA14.5"), (1, "VOL1"), (2, "RAT60MH"), (60, "RUN")]
"""1 mL in a minute, from 60 to 120 s."""
TWICE: History = [*BOLUS, (300, "RUN")]
BASAL: History = [(0, "DIA14.5"), (1, "VOL0"), (2, "RAT6MH"), (60, "RUN"), (660, "RAT12"), (1260, "STP")]
"""6 mL/h, and after ten minutes 12 mL/h for ten more."""
STEADY: History = [(0, "DIA14.5"), (1, "VOL0"), (2, "RAT60MH"), (60, "RUN")]


def lived(told: dict[str, Any], history: History, until_s: float = 0.0) -> Bench:
    """A bench after all this."""
    bench = Bench(told)
    for moment_s, text in history:
        bench.at(moment_s).pump(text)
    return bench.at(max(until_s, bench.clock.now_s()))


# --- what should come of it ---


def pushed_ml(flows: Flows, moments_s: FloatArray) -> FloatArray:
    """Displaced by a plunger that moves like this."""
    return sum((rise / H * np.maximum(0.0, moments_s - at_s) for at_s, rise in _rises(flows)), np.zeros_like(moments_s))


def arrived_ml(flows: Flows, moments_s: FloatArray, tau_s: float = TAU_S, part: float = 1.0) -> FloatArray:
    """Out of the catheter's tip: behind every change of the flow the elastic line lags with its time constant."""
    since_s = [(np.maximum(0.0, moments_s - at_s), rise / H) for at_s, rise in _rises(flows)]
    lagging = ((since - tau_s * -np.expm1(-since / tau_s)) * rise for since, rise in since_s)
    return part * sum(lagging, np.zeros_like(moments_s))


def told_flows(flows: Flows) -> list[tuple[float, str]]:
    """The same as the truth notes it."""
    return [(round(at_s, 6), f"plunger at {rate_ml_h:.9g} mL/h") for at_s, rate_ml_h in flows]


def _rises(flows: Flows) -> Iterable[tuple[float, float]]:
    before = [0.0, *(rate_ml_h for _, rate_ml_h in flows)]
    return [(at_s, rate_ml_h - past) for (at_s, rate_ml_h), past in zip(flows, before[:-1], strict=True)]
