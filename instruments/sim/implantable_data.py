"""What can be told of a simulated implantable-style pump: its options, and how it writes what the standard leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field

from instruments.identity import Identity
from instruments.sim.implantable_battery import BatteryData
from instruments.sim.scpi import Persona
from instruments.wire.scpi_pump_commands import Commands

_NEVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class ImplantableData:
    """Options of the device.

    ``programmed_ml``: the filling that the pump was told of; the true one, unless given. ``refill_error_ml``: how much more than
    told really goes into the reservoir at a refill (of a pocket fill: a negative number). ``senses_empty``: the pump also notices
    that nothing comes any more; by default it only computes, as the pumps do that this one stands for. The motor is stuck from
    ``stall_at_s`` to ``stall_ends_s``. How long the pump takes to notice anything, and whether it notices its reservoir and its
    motor at all, are true of the bench's drive (``stall_notice`` and the faults ``alarm-late`` and ``alarm-missing``).
    Alarms in ``unnoticed`` (LOW, ERI, EOS, ...) never come, nor what the pump does beside giving them. Every step of a schedule
    but its first begins ``schedule_late_s`` late. ``commands``: another tree, written as in ``[pump.options.commands]``.
    """

    maker: str = "Dosebench"
    model: str = "IP20"
    serial: str = "SIM0000001"
    firmware: str = "1.0.0"
    baudrate: int = 115_200
    latency_s: float = 0.005
    strict: bool = False
    capacity_ml: float = 20.0
    programmed_ml: float | None = None
    refill_error_ml: float = 0.0
    slowest_ml_h: float = 0.002
    fastest_ml_h: float = 120.0
    senses_empty: bool = False
    stall_at_s: float = _NEVER_S
    stall_ends_s: float = _NEVER_S
    unnoticed: tuple[str, ...] = ()
    schedule_late_s: float = 0.0
    battery: BatteryData = field(default_factory=BatteryData)
    commands: Commands = field(default_factory=dict)


def persona(data: ImplantableData) -> Persona:
    return Persona(
        data.maker,
        Identity(data.model, data.serial, data.firmware),
        signed_nr1=False,
        signed_codes=False,
        scpi_version="1999.0",
        unknown_word=-224,
        strict=data.strict,
    )
