"""The sketch of the simulated bench: everything between the motor and the line of the balance, from left to right."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

INK, WATER, OIL, METAL, WRONG, ROOM = "#222222", "#9ecae1", "#F0E442", "#bbbbbb", "#D55E00", "#009E73"
_AXIS = 8.0
"""How high the drive and the line lie."""


def chain() -> Figure:
    figure = Figure(figsize=(11.5, 5.6), layout="constrained", dpi=110)
    axes = figure.subplots()
    for draw in (_drive, _syringe, _line, _needle, _balance, _room, _truth):
        draw(axes)
    axes.set(xlim=(-0.2, 26.7), ylim=(-0.5, 11.9), aspect="equal")
    axes.set_axis_off()
    return figure


def _part(axes: Axes, x: float, y: float, name: str, more: str = "") -> None:
    """A part's name, and under it what it may do."""
    axes.text(x, y, name, ha="center", va="bottom", weight="bold", color=INK, fontsize=10)
    axes.text(x, y - 0.15, more, ha="center", va="top", color=INK, fontsize=8.5, linespacing=1.35)


def _box(axes: Axes, x: float, y: float, wide: float, high: float, colour: str, **more: object) -> None:
    axes.add_patch(Rectangle((x, y), wide, high, facecolor=colour, edgecolor=INK, linewidth=1.2, **more))  # type: ignore[arg-type]


def _arrow(axes: Axes, tail: tuple[float, float], head: tuple[float, float], colour: str, style: str = "-") -> None:
    axes.annotate(
        "", head, tail, arrowprops={"arrowstyle": "-|>", "color": colour, "linestyle": style, "linewidth": 1.4, "shrinkA": 0}
    )


def _drive(axes: Axes) -> None:
    _box(axes, 0.2, _AXIS - 0.9, 1.9, 1.8, METAL)
    axes.text(1.15, _AXIS, "M", ha="center", va="center", weight="bold", fontsize=14)
    turns = np.linspace(2.1, 5.2, 200)
    axes.plot(turns, _AXIS + 0.28 * np.sin(turns * 14), color=INK, linewidth=1.2)
    _box(axes, 5.2, _AXIS - 0.7, 0.35, 1.4, METAL)
    _part(axes, 1.15, 6.2, "motor", "microsteps,\nstalls, runs on,\ncomes late")
    _part(axes, 3.9, 6.2, "screw", "periodic error,\nbacklash")
    axes.plot([5.55, 7.3], [_AXIS, _AXIS], color=INK, linewidth=4)


def _syringe(axes: Axes) -> None:
    _box(axes, 7.6, _AXIS - 0.8, 3.0, 1.6, WATER, zorder=1)
    axes.plot([6.4, 10.6, 10.6, 11.2], [8.8, 8.8, 8.2, 8.2], color=INK, linewidth=1.6)
    axes.plot([6.4, 10.6, 10.6, 11.2], [7.2, 7.2, 7.8, 7.8], color=INK, linewidth=1.6)
    _box(axes, 7.3, _AXIS - 0.78, 0.5, 1.56, "#555555", zorder=2)
    _part(axes, 6.9, 6.2, "stopper", "stiction, friction,\nend of travel,\nstall force")
    _part(axes, 9.5, 6.2, "syringe", "true bore,\ncompliance $C$,\nair bubble")
    _arrow(axes, (10.9, 8.2), (10.9, 10.2), INK)
    axes.text(10.9, 10.3, "pressure $p$:\nmeter, stall", ha="center", va="bottom", fontsize=8.5)


def _line(axes: Axes) -> None:
    axes.plot([11.2, 15.6], [_AXIS, _AXIS], color=WATER, linewidth=7, solid_capstyle="butt", zorder=1)
    axes.plot([15.6, 20.0, 20.0], [_AXIS, _AXIS, 6.4], color=WATER, linewidth=3.5, solid_capstyle="butt", zorder=1)
    axes.plot([13.1, 13.7], [7.6, 8.4], color=WRONG, linewidth=3)
    axes.plot([13.1, 13.7], [8.4, 7.6], color=WRONG, linewidth=3)
    axes.text(13.4, 8.75, "occlusion", ha="center", color=WRONG, fontsize=8.5)
    _arrow(axes, (11.45, 7.85), (11.45, 6.8), WRONG)
    _part(axes, 11.6, 6.2, "joint", "leak")
    _part(axes, 13.4, 6.2, "tubing", "compliance,\nunprimed part")
    _part(axes, 17.2, 9.9, "catheter", "resistance $R$,\nback pressure,\nsiphon height")


def _needle(axes: Axes) -> None:
    axes.plot([20.0, 20.0], [6.5, 3.7], color="#555555", linewidth=3)
    axes.text(20.35, 7.75, "needle", weight="bold", fontsize=10, color=INK)
    axes.text(20.35, 7.6, "immersion,\nwetting, drops", fontsize=8.5, color=INK, va="top", linespacing=1.35)


def _balance(axes: Axes) -> None:
    _box(axes, 18.6, 2.5, 2.8, 1.7, WATER, zorder=0)
    _box(axes, 18.6, 4.2, 2.8, 0.25, OIL, zorder=0)
    axes.plot([18.6, 18.6, 21.4, 21.4], [5.4, 2.5, 2.5, 5.4], color=INK, linewidth=1.8)
    axes.plot([18.0, 22.0], [2.4, 2.4], color=INK, linewidth=3)
    axes.add_patch(Polygon([(19.2, 2.35), (20.8, 2.35), (20.4, 1.9), (19.6, 1.9)], color=METAL))
    _box(axes, 17.6, 0.5, 4.8, 1.4, METAL)
    axes.text(20.0, 1.2, "weighing cell", ha="center", va="center", weight="bold", fontsize=10)
    axes.text(17.3, 1.2, "filter, linearity,\nsensitivity, drift,\nnoise, rounding", ha="right", va="center", fontsize=8.5)
    axes.text(18.3, 3.85, "vessel, pan", ha="right", weight="bold", fontsize=10)
    axes.text(18.3, 3.7, "air buoyancy,\noil, trap", ha="right", va="top", fontsize=8.5, linespacing=1.35)
    _arrow(axes, (22.4, 1.2), (23.1, 1.2), INK)
    axes.add_patch(FancyBboxPatch((23.25, 0.65), 2.8, 1.1, boxstyle="round,pad=0.05", facecolor="white", edgecolor=INK))
    axes.text(24.65, 1.2, "S S    35.1234 g", ha="center", va="center", family="monospace", fontsize=7)
    axes.text(24.65, 1.95, "line", ha="center", weight="bold", fontsize=10)


def _room(axes: Axes) -> None:
    frame = {"boxstyle": "round,pad=0.1", "facecolor": "none", "edgecolor": ROOM, "linestyle": "--", "linewidth": 1.3}
    axes.add_patch(FancyBboxPatch((14.9, -0.1), 11.5, 6.2, zorder=0, **frame))  # type: ignore[arg-type]
    axes.text(26.2, 5.95, "room: temperature,\nhumidity, pressure", ha="right", va="top", color=ROOM, fontsize=8.5)
    _arrow(axes, (20.9, 4.6), (20.9, 5.9), ROOM)
    axes.text(18.4, 5.25, "evaporation", color=ROOM, fontsize=8.5, va="center", ha="right")
    _arrow(axes, (23.4, 2.75), (22.1, 2.45), WRONG)
    axes.text(23.5, 2.85, "knock, vibration,\ndraught, touch", color=WRONG, fontsize=8.5, va="center")


def _truth(axes: Axes) -> None:
    _arrow(axes, (20.0, 8.4), (20.0, 10.2), "#0072B2", "--")
    axes.text(
        20.0, 10.3, "truth: volume delivered\nat the tip, true events", ha="center", va="bottom", color="#0072B2", fontsize=8.5
    )
    axes.text(0.2, 10.9, "what moves: a volume from left to right", fontsize=9, style="italic")
    _arrow(axes, (0.2, 10.5), (6.9, 10.5), INK)
