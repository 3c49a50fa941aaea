"""The pumps of the Ultra command set: options of the device, what differs between the models, the syringes known by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_COMMON_BAUDS = (9600, 19200, 38400, 57600, 115200, 128000, 230400, 256000, 460800, 921600)


@dataclass(frozen=True, slots=True)
class Model:
    """``version`` answers ``ver``; ``plain_nvram``: it knows ``nvram none`` too; ``digital_out``: it has outputs and ``sync``."""

    version: str
    firmware: str
    fastest_mm_min: float
    slowest_mm_min: float
    diameters_mm: tuple[float, float]
    withdraws: bool = True
    plain_nvram: bool = False
    digital_out: bool = False
    bauds: tuple[int, ...] = _COMMON_BAUDS


_STEP_MM = 25.4 / 24 / 15360
"""Lead screw of 24 threads per inch, pulley 2.4:1, 400 steps with 16 microsteps in one turn."""
_FAST_MM_MIN, _SLOW_MM_MIN = _STEP_MM / 26e-6 * 60, _STEP_MM / 27 * 60
"""One microstep in 26 us at the fastest, in 27 s at the slowest."""

MODELS: Mapping[str, Model] = {
    "phd-ultra": Model("PHD ULTRA 3.0.5", "v3.0.5", 190.984, 0.18391e-3, (0.103, 45.0), digital_out=True),
    "pump-11-elite": Model("11 ELITE I/W Single 3.0.4", "v3.0.4", _FAST_MM_MIN, _SLOW_MM_MIN, (0.1, 33.0)),
    "pump-11-elite-infuse": Model("11 ELITE Single 3.0.4", "v3.0.4", _FAST_MM_MIN, _SLOW_MM_MIN, (0.1, 33.0), withdraws=False),
    "pico-plus": Model("11 PICO PLUS ELITE I/W 3.0.4", "v3.0.4", 71.55, 0.02e-3, (0.1, 33.0)),
    "legato-100": Model("LEGATO 100 3.0.6", "v3.0.6", _FAST_MM_MIN, _SLOW_MM_MIN, (0.1, 33.0), plain_nvram=True),
}
"""By the name that a bench file gives. Speeds of the PHD ULTRA are worked back from its table of rates.

Printed in public sources are the ``ver`` texts of the PHD ULTRA and of the 11 Elite with withdrawal; the others follow their
pattern.
"""


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker of syringes: its name, its sizes in mL, and the bores in mm as far as they are documented."""

    name: str
    sizes_ml: tuple[int, ...]
    bores_mm: Mapping[int, float]


MAKERS: Mapping[str, Maker] = {"hos": Maker("Hoshi", (1, 2, 3, 5, 10, 20, 30, 50, 100), {20: 20.45})}
"""By the code that ``syrmanu`` takes. A size without a documented bore is answered as an unknown syringe."""


@dataclass(frozen=True, slots=True)
class PumpData:
    """Options of the device.

    ``model``: a name in MODELS; ``version`` and ``firmware`` in place of its own texts.
    ``addresses``: the pumps of the chain, the first is the one with the line and the syringe.
    ``usb``: the line is USB, so the first pump answers commands without an address whatever its own; else pump 0 does.
    ``texts``: answers of ``dim``, ``echo``, ``input``, ``poll`` as in ``old`` firmware (sentences), ``new`` (the word alone), or
    ``spaced`` (the word behind a space, as manuals print it; clients strip it, so the default is without).
    ``late_prompt``: a run is answered with the prompt of before (seen by one client; recordings show the new one, the default).
    ``colon_target``: ``00:T*`` in place of ``00T*``; clients differ, the manual's rule is the default.
    ``status_time``: unit of the second field of ``status``; three manuals say ms, the default.
    ``stop_clears_stall``: one client's message says that a press on the display is needed; by default ``stop`` is enough.
    ``stall_announced``: one source says that a stall is not announced, the default; a notice like that of a target otherwise.
    ``set_diameter_running``: whether the diameter can be set while the pump runs, which no source tells; refused by default.
    ``target_limit_ml``: only that a target may be too large is known; the default refuses a litre and more.
    ``bare_fractions``: ``.333`` in place of ``0.333``, seen in answers to ``crate``.
    ``limit_switch``: there is one at the end of the syringe's travel; by default the motor stalls there.
    ``in_method``: begin with a stored method loaded, which refuses all commands of the Quick Start mode.
    ``touched``: the screen was touched, so the first command is lost.
    """

    model: str = "pump-11-elite"
    version: str = ""
    firmware: str = ""
    serial: str = "D101754"
    addresses: tuple[int, ...] = (0,)
    usb: bool = True
    baudrate: int = 115200
    latency_s: float = 0.005
    texts: Literal["old", "new", "spaced"] = "new"
    late_prompt: bool = False
    colon_target: bool = False
    status_time: Literal["ms", "s", "cycles"] = "ms"
    stop_clears_stall: bool = True
    stall_announced: bool = False
    set_diameter_running: bool = False
    target_limit_ml: float = 1000.0
    bare_fractions: bool = False
    limit_switch: bool = False
    in_method: bool = False
    touched: bool = False

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"there is no model {self.model!r}; there are: {', '.join(MODELS)}")
        if not self.addresses or not all(0 <= address <= 99 for address in self.addresses):
            raise ValueError("a chain has pumps with addresses from 0 to 99")
