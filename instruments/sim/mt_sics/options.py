"""What kind of MT-SICS balance stands there: classes of balance, and what a bench file may say of the one on its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Literal

from instruments.errors import ConfigError

_NEVER_S = float("inf")
_BEGAN = "2026-01-01T08:00:00"
_HOST_LEVEL_0 = "@ I0 I1 I2 I3 I4 I5 S SI SIR Z ZI"
_LEVEL_1 = "SR T TA TAC TI"
_TERMINAL = "D DW K"
_FAMILY = "C C0 C1 C2 C3 DAT FSET I10 I11 I14 I15 M01 M02 M03 M19 M20 M21 M23 M27 M28 M29 M35 M67 PWR SC SNR TIM TST3 UPD"
_MODULE = "COM E01 E02 E03 M89 R01 RDB SIC1 SIC2 SIS USTB"
_DISPLAYED = "SIRU SIU ST SU"

_DIVIDED_HZ = tuple(91.5527 / divisor for divisor in range(1, 92))
"""One pace, divided: so 18.311 (what a device that was asked for 20 ran at), the limit near 23 and the often-quoted 92 agree."""


def _commands(*groups: str) -> frozenset[str]:
    return frozenset(" ".join(groups).split())


@dataclass(frozen=True, slots=True)
class Persona:
    """A class of balance. ``levels`` is its answer to ``I1``, ``update_limit_hz`` what ``UPD`` has to stay below.

    ``zero_patience_s`` None: as for everything else. ``display_characters`` 0: no terminal. ``readability_g`` and the like hold
    unless the bench file says otherwise.
    """

    model: str
    software: str
    commands: frozenset[str]
    levels: tuple[str, ...] = ("0123", "2.00", "2.20", "1.00", "1.50")
    readability_g: float = 1e-4
    repeatability_g: float = 1e-4
    capacity_g: float = 220.0
    update_rates_hz: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 18.311)
    update_rate_hz: float = 18.311
    update_limit_hz: float = 23.0
    patience_s: float = 40.0
    zero_patience_s: float | None = None
    reset_clears_tare: bool = False
    reset_ends_adjustment: bool = True
    internal_weight: bool = True
    adjustment_g: float = 200.0
    display_characters: int = 20


PERSONAS: Mapping[str, Persona] = {
    "analytical": Persona(
        model="SIM204",
        software="2.10 10.28.0.493.142",
        commands=_commands(_HOST_LEVEL_0, _LEVEL_1, _TERMINAL, _FAMILY, _DISPLAYED),
    ),
    "xpr": Persona(
        model="SIM205X",
        software="1.30 10.30.0.612.205",
        commands=_commands(_HOST_LEVEL_0, _LEVEL_1, _TERMINAL, _FAMILY, _DISPLAYED, "SIS SIUM SUM"),
        readability_g=1e-5,
        repeatability_g=1.5e-5,
        update_rates_hz=tuple(rate_hz for rate_hz in _DIVIDED_HZ if rate_hz < 23.0),
        display_characters=40,
    ),
    "weigh-module": Persona(
        model="SIM403-L WMS-Bridge",
        software="2.10 10.28.0.493.403",
        commands=_commands(_HOST_LEVEL_0, _LEVEL_1, _FAMILY, _MODULE),
        readability_g=1e-3,
        repeatability_g=1e-3,
        capacity_g=410.0,
        update_rates_hz=_DIVIDED_HZ,
        update_limit_hz=_NEVER_S,
        display_characters=0,
    ),
    "approved": Persona(
        model="SIM2002",
        software="1.20 10.20.0.202.002",
        commands=_commands(_HOST_LEVEL_0, _LEVEL_1, _TERMINAL) - {"ZI", "TI"},
        levels=("01", "2.00", "2.20", "1.00", "1.50"),
        readability_g=1e-2,
        repeatability_g=1e-2,
        capacity_g=2200.0,
        update_rates_hz=(5.0,),
        update_rate_hz=5.0,
        internal_weight=False,
    ),
    "clone": Persona(
        model="SIM72",
        software="1.00",
        commands=_commands(_HOST_LEVEL_0, _LEVEL_1, _TERMINAL),
        levels=("", "2.2x"),
        readability_g=0.1,
        repeatability_g=0.1,
        capacity_g=6000.0,
        update_rates_hz=(4.0,),
        update_rate_hz=4.0,
        zero_patience_s=3.0,
        reset_clears_tare=True,
        reset_ends_adjustment=False,
        internal_weight=False,
    ),
}


@dataclass(frozen=True, slots=True)
class BalanceData:
    """Options of the device. What is None or empty is as in its ``persona``.

    ``update_rates_hz``: no source lists the rates that can be had; 18.311 is documented (asked 20, got 18.311). The analytical
    balance is taken to have round ones beside it, the others divide one pace. ``UPD`` takes 1 to 1000, with a terminal less
    than 23; ``rate_fits_line``: whether it also refuses what the line cannot carry, which nobody has seen (the reverse, a line
    too slow for the rate, is documented for ``COM``).

    ``reset_clears_tare``, ``reset_ends_adjustment``, ``zero_patience_s``: manufacturer's own balances keep tare, end an
    adjustment and wait as long for zero as for anything else (``patience_s``); a clone's manual says otherwise.
    ``immediate_as_plain``: some answer ``ZI`` and ``TI`` as ``Z`` and ``T``; the manuals do not. ``bare_list_end``: one library
    expects the list of commands to end in a bare line; the manuals show a command in it. ``timed_zero``: ``ZC`` and ``TC`` are in
    the manuals, and a real balance of the family answered ``ES``. ``approved`` balances have no ``ZI`` and ``TI``.

    ``queue_length``: commands that are kept while another waits (for calm, for the end of an adjustment); more are lost. What
    really happens is documented nowhere. ``display_cuts``: a text too long for the display is cut instead of refused.

    ``fine_range_g``: above it the last digit is blank (DeltaRange). ``minimum_weight_g`` is what ``SIUM`` tells about. ``boot_s``
    passes between power and greeting, and ``power_up_noise`` may come before it. ``answers`` is False on a port that was left
    in another mode: nothing comes at all. ``mishaps`` are moments (in s) and what happens then, as in the table of
    ``mishaps.py``: ``[[3600, "power-off"], [3605, "power-on"]]``.
    """

    persona: Literal["analytical", "xpr", "weigh-module", "approved", "clone"] = "analytical"
    serial: str = "SIM0000001"
    model: str = ""
    software: str = ""
    software_id: str = "12121306C"
    baudrate: int = 9600
    latency_s: float = 0.004
    update_rates_hz: tuple[float, ...] | None = None
    update_rate_hz: float | None = None
    update_limit_hz: float | None = None
    rate_fits_line: bool = False
    patience_s: float | None = None
    zero_patience_s: float | None = None
    zero_range: float = 0.02
    approved: bool = False
    reset_clears_tare: bool | None = None
    reset_ends_adjustment: bool | None = None
    immediate_as_plain: bool = False
    bare_list_end: bool = False
    timed_zero: bool = False
    queue_length: int = 1
    internal_weight: bool | None = None
    adjustment_g: float | None = None
    adjustment_s: float = 20.0
    operator_patience_s: float = 120.0
    display_characters: int | None = None
    display_cuts: bool = False
    fine_range_g: float = _NEVER_S
    minimum_weight_g: float = 0.0
    temperature_c: float = 22.5
    calendar: str = _BEGAN
    boot_s: float = 2.0
    power_up_noise: str = ""
    answers: bool = True
    mishaps: tuple[tuple[float, str], ...] = ()

    def began(self) -> datetime:
        """What the balance's own clock shows at the beginning. Raises ConfigError."""
        try:
            return datetime.fromisoformat(self.calendar).replace(tzinfo=None)
        except ValueError as err:
            raise ConfigError(f"calendar: {self.calendar!r} is no date and time such as {_BEGAN}") from err

    def as_persona(self) -> Persona:
        """The class of balance, with what this one has of its own."""
        own = {field.name: getattr(self, field.name) for field in fields(Persona) if field.name not in _CLASS_ONLY}
        persona = replace(PERSONAS[self.persona], **{name: value for name, value in own.items() if value not in (None, "")})
        own_commands = persona.commands | (_commands("TC ZC") if self.timed_zero else frozenset())
        return replace(persona, commands=own_commands - (_commands("TI ZI") if self.approved else frozenset()))


_CLASS_ONLY = {"commands", "levels", "readability_g", "repeatability_g", "capacity_g"}
