"""Makes the figures of simulated-bench.md from the model itself: same seed, same figures.

    python -m docs.explanation.figures [FOLDER]

Run from the top of the repository. The benches are those of benches/simulated.toml; pump and balance are spoken to in their own
bytes, and what a figure calls reading is what the balance sent.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.explanation.chain import chain
from harness.metrology.density import air_kg_m3, water_kg_m3, z_ml_per_g
from instruments.readings import Readings
from instruments.sim.bench import SimulatedBench
from instruments.sim.faults import with_faults
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.setup import read_setup
from instruments.wire.framing import FrameBuffer, line_ends
from instruments.wire.mt_sics import decode_block

HERE = Path(__file__).parent
BENCH = HERE.parents[1] / "benches" / "simulated.toml"
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
_STYLE: Any = {"font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "lines.linewidth": 1.5, "savefig.dpi": 110}


class Rig:
    """A simulated bench with these faults; ``parts`` are tables under [simulation] beside those of the file."""

    def __init__(self, *faults: str, rate_hz: float = 10.0, **parts: Mapping[str, Any]) -> None:
        plain = tomllib.loads(BENCH.read_text(encoding="utf-8"))
        plain["pump"]["syringe"] |= {"volume": "20 mL", "filled": "20 mL"}
        plain["simulation"] |= {**parts, "balance": {"update_rate_hz": rate_hz, "update_rates_hz": [rate_hz]}}
        tables = {role: plain[role] for role in ("pump", "balance")}
        self.bench = SimulatedBench(with_faults(read_setup(plain), faults), tables, faults)
        self.until(0.1)
        self.say("balance", "SIR")

    def say(self, role: str, *commands: str) -> None:
        for command in commands:
            self.bench.device(role).receive(command.encode() + b"\r\n")

    def until(self, moment_s: float) -> Rig:
        self.bench.clock.sleep_until(moment_s)
        return self

    def infuse(self, rate: str, at_s: float) -> Rig:
        """Start the pump at a rate as it is written on its line, like 0.5MH."""
        self.until(at_s)
        self.say("pump", "DIA14.5", f"RAT{rate}", "VOL0", "RUN")
        return self

    def readings(self) -> Readings:
        """All that the balance has sent so far, once."""
        return decode_block(FrameBuffer(line_ends).feed(self.bench.device("balance").take()))[0]

    def volume(self, name: str, moments_s: FloatArray) -> FloatArray:
        return self.bench.path.history(moments_s)[name]

    def flow_ml_h(self, moments_s: FloatArray) -> FloatArray:
        """Out of the catheter's tip: what the pressure drives through the line."""
        line = self.bench.path.line
        return (self.volume("pressure_pa", moments_s) - line.outlet_pa) / line.resistance_pa_s_ml * 3600

    def ml_per_g(self) -> float:
        """From shown mass to volume (gravimetric-metrology, sections 1, 3 and 5), by the formulas of the analysis."""
        room, vessel, outlet = self.bench.setup.room, self.bench.setup.vessel, self.bench.setup.outlet
        air_kg = air_kg_m3(room.temperature_c, room.pressure_hpa, room.humidity_pct)
        factor = z_ml_per_g(water_kg_m3(vessel.liquid_temperature_c), air_kg)
        return float(factor) * (1 - vessel.immersion(outlet))


def seconds(readings: Readings) -> FloatArray:
    return readings.stamps_us / 1e6


def _legend(axes: Axes, place: Any = "best") -> None:
    axes.legend(loc=place, framealpha=0.9, fontsize=8)


# --- the figures ---


def start_up() -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    volume, flow = figure.subplots(1, 2)
    moments_s, begin_s = np.linspace(0.0, 150.0, 3001), 5.0
    ideal = {"stiction": "0 mL", "sliding": "0 mL", "backlash": "0 mL", "rate_error": "0 %"}
    cases = {
        "elastic line only": (GREY, "--", Rig(drive=ideal)),
        "with stiction, as by default": (BLUE, "-", Rig()),
        "with slow-start:10uL as well": (ORANGE, "-", Rig("slow-start:10uL")),
    }
    for name, (colour, style, rig) in cases.items():
        rig.infuse("0.5MH", begin_s).until(begin_s + moments_s[-1] + 1)
        at_s = begin_s + moments_s
        volume.plot(moments_s, rig.volume("delivered_ml", at_s) * 1000, style, color=colour, label=name)
        flow.plot(moments_s, rig.flow_ml_h(at_s), style, color=colour, label=name)
    volume.plot(moments_s, 0.5 / 3.6 * moments_s, ":", color="black", label="as set")
    volume.set(xlabel="time since RUN (s)", ylabel="delivered at the tip (µL)", xlim=(0, 150))
    flow.set(xlabel="time since RUN (s)", ylabel="flow at the tip (mL/h)", xlim=(0, 150))
    flow.axhline(0.5, color="black", linestyle=":", linewidth=1.5)
    _legend(volume)
    return figure


_WINDOWS_MIN = (2, 5, 11, 19, 31)
_SPACING_MIN, _SET_ML_H = 0.5, 5.0


def trumpet() -> Figure:
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    fault = "periodic-error:by=10%,period=0.5mL"
    for axes, colour, faults in zip(figure.subplots(1, 2), (BLUE, ORANGE), ((), (fault,)), strict=True):
        rig = Rig(*faults).infuse("5MH", 5.0).until(7300.0)
        highest, lowest, overall = trumpet_errors_pct(rig, 5.0)
        axes.plot(_WINDOWS_MIN, highest, "^-", color=colour, label="Ep(max)")
        axes.plot(_WINDOWS_MIN, lowest, "v-", color=colour, label="Ep(min)")
        axes.axhline(overall, color=GREY, linestyle="--", linewidth=1, label=f"A = {overall:+.2f} %")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(title="".join(faults) or "clean bench", xlabel="observation window P (min)", xticks=_WINDOWS_MIN)
        axes.set(ylabel="error (%)", ylim=(-10, 10) if faults else (-1, 1))
        _legend(axes)
    return figure


def trumpet_errors_pct(rig: Rig, begin_s: float) -> tuple[list[float], list[float], float]:
    """Ep(max) and Ep(min) for each window, and A, over the second hour (fluid-delivery-test-methods, sections 5 and 6)."""
    readings = rig.readings()
    grid_s = begin_s + 3600 + 60 * _SPACING_MIN * np.arange(121)
    volume_ml = np.interp(grid_s, seconds(readings), readings.masses_g) * rig.ml_per_g()
    spans = [round(window / _SPACING_MIN) for window in (*_WINDOWS_MIN, 60)]
    flows = [(volume_ml[span:] - volume_ml[:-span]) / (span * _SPACING_MIN / 60) for span in spans]
    errors = [100 * (flow - _SET_ML_H) / _SET_ML_H for flow in flows]
    return [float(each.max()) for each in errors[:-1]], [float(each.min()) for each in errors[:-1]], float(errors[-1][0])


def occlusion() -> Figure:
    figure = Figure(figsize=(8, 5), layout="constrained")
    pressure, volume = figure.subplots(2, 1, sharex=True)
    rig = Rig("occlusion:at=3min,for=11min").infuse("5MH", 30.0)
    rig.bench.clock.wait(lambda: rig.bench.device("pump").alarming, 1800.0)
    marks_min = {"occluded": 3.0, "alarm, pump stops": rig.bench.clock.now_s() / 60, "released": 14.0}
    rig.until(960.0)
    moments_s = np.unique(np.concatenate([np.linspace(0, 960, 2001), 840 + np.geomspace(0.01, 60, 400)]))
    delivered_ml = rig.volume("delivered_ml", moments_s)
    pressure.plot(moments_s / 60, rig.volume("pressure_pa", moments_s) / 1000, color=BLUE)
    volume.plot(moments_s / 60, rig.volume("pushed_ml", moments_s), "--", color=GREY, label="pushed by the plunger")
    volume.plot(moments_s / 60, delivered_ml, color=BLUE, label="delivered at the tip")
    for axes in (pressure, volume):
        for moment_min in marks_min.values():
            axes.axvline(moment_min, color=ORANGE, linestyle=":")
    for name, moment_min in marks_min.items():
        pressure.annotate(name, (moment_min, 54), (4, 0), textcoords="offset points", color=ORANGE, va="center")
    before_ml, after_ml = np.interp([839.9, 930.0], moments_s, delivered_ml)
    volume.annotate(
        f"post-occlusion bolus {after_ml - before_ml:.3f} mL", (14.1, (before_ml + after_ml) / 2), (-12, 0), ha="right",
        va="center", textcoords="offset points", arrowprops={"arrowstyle": "-"},
    )  # fmt: skip
    pressure.set(ylabel="pressure at the syringe (kPa)", ylim=(-2, 58))
    volume.set(xlabel="time (min)", ylabel="volume (mL)", xlim=(0, 16))
    _legend(volume, "upper left")
    return figure


def drips() -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, colour, faults in (("dripping (drips)", ORANGE, ("drips",)), ("needle under the surface", BLUE, ())):
        rig = Rig(*faults).infuse("0.5MH", 30.0).until(630.0)
        readings = rig.readings()
        gained_mg = (readings.masses_g - readings.masses_g[:200].mean()) * 1000
        axes.plot(seconds(readings) / 60, gained_mg, color=colour, linewidth=0.9, label=f"readings, {name}")
    moments_s = np.linspace(0, 630, 500)
    grown_mg = rig.volume("delivered_ml", moments_s) / rig.ml_per_g() * 1000
    axes.plot(moments_s / 60, grown_mg, ":", color="black", label="delivered at the tip")
    axes.set(xlabel="time (min)", ylabel="mass gained (mg)", xlim=(0, 10.5))
    _legend(axes, "upper left")
    return figure


def evaporation() -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, colour, vessel in (
        ("bare", ORANGE, {"cover": 1}),
        ("trap, 90 %RH", GREEN, {"cover": 1, "trap_humidity": "90 %"}),
        ("oil", BLUE, {"cover": 40}),
    ):
        rig = Rig(rate_hz=0.1, vessel=vessel).until(86400.0)
        readings, loss_mg_h = rig.readings(), rig.bench.setup.vessel.loss_mg_h(rig.bench.setup.room)
        lost_mg = (readings.masses_g - readings.masses_g[:6].mean()) * 1000
        axes.plot(seconds(readings) / 3600, lost_mg, color=colour, linewidth=1, label=f"{name}: {loss_mg_h:.2f} mg/h")
        axes.plot([0, 24], [0, -24 * loss_mg_h], ":", color="black", linewidth=1)
    axes.plot([], [], ":", color="black", label="the same, in the mean air of the room")
    axes.set(xlabel="time (h)", ylabel="mass gained (mg), pump stopped", xlim=(0, 24), xticks=range(0, 25, 4))
    _legend(axes, "lower left")
    return figure


def knock() -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    readings = Rig("knock:at=60s,swing=50mg,shift=1mg").infuse("0.5MH", 5.0).until(75.0).readings()
    since_s = seconds(readings) - 60
    gained_mg = (readings.masses_g - readings.masses_g[(since_s > -1) & (since_s < 0)].mean()) * 1000
    shown = (since_s >= -4) & (since_s <= 10)
    since_s, gained_mg, stable = since_s[shown], gained_mg[shown], readings.statuses[shown] == ord("S")
    axes.plot(since_s, gained_mg, color=GREY, linewidth=0.8)
    axes.plot(since_s[stable], gained_mg[stable], "o", color=BLUE, markersize=4, label="S: stable")
    axes.plot(since_s[~stable], gained_mg[~stable], "o", color=ORANGE, mfc="white", markersize=4, label="S D: dynamic")
    axes.set(xlabel="time since the knock (s)", ylabel="reading less that before (mg)", xlim=(-4, 10))
    _legend(axes)
    return figure


FIGURES: Mapping[str, Callable[[], Figure]] = {
    "chain": chain,
    "start-up": start_up,
    "trumpet": trumpet,
    "occlusion": occlusion,
    "drips": drips,
    "evaporation": evaporation,
    "knock": knock,
}


def make(name: str, folder: Path) -> Path:
    """Draw one figure into a folder; nothing in the file tells when."""
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(_STYLE):
        figure = FIGURES[name]()
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    return folder / f"{name}.png"


if __name__ == "__main__":
    for each in FIGURES:
        make(each, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "figures")
