"""All commands, each with its level, what it may be given, and what it does; a balance has those of its persona."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from instruments.sim.mt_sics import adjusting, identity, settings, weighing
from instruments.sim.mt_sics.scale import DISPLAY

if TYPE_CHECKING:
    from instruments.sim.mt_sics.device import MtSicsBalance

Act = Callable[["MtSicsBalance", tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """``takes``: how many words it may have, ``wrong`` the answer to another number. ``weighs``: it ends what repeats."""

    level: int
    identifier: str
    act: Act
    takes: tuple[int, ...] = (0,)
    wrong: str = "L"
    weighs: bool = False
    needs_power: bool = False


def _asks(level: int, name: str, act: Act, *takes: int) -> tuple[str, Entry]:
    """Asks or sets something, awake or not."""
    return name, Entry(level, name, act, takes or (0,), "L" if takes else "EL")


def _weighs(level: int, name: str, act: Act, *takes: int, identifier: str = "S") -> tuple[str, Entry]:
    """Sends weights, as ``S`` does: the next of its kind ends it."""
    return name, Entry(level, identifier, act, takes or (0,), weighs=True, needs_power=True)


def _works(level: int, name: str, act: Act, *takes: int, wrong: str = "L") -> tuple[str, Entry]:
    """Does something with the load or the display, so the balance has to be on."""
    return name, Entry(level, name, act, takes or (0,), wrong, needs_power=True)


_TABLE: Mapping[str, Entry] = dict(
    [
        _asks(0, "@", identity.reset),
        _asks(0, "I0", identity.command_list),
        _asks(0, "I1", identity.levels),
        _asks(0, "I2", identity.text("I2", identity.type_line)),
        _asks(0, "I3", identity.text("I3", lambda balance: balance.persona.software)),
        _asks(0, "I4", identity.text("I4", lambda balance: balance.data.serial)),
        _asks(0, "I5", identity.text("I5", lambda balance: balance.data.software_id)),
        _weighs(0, "S", weighing.settled()),
        _weighs(0, "SI", weighing.now()),
        _weighs(0, "SIR", weighing.stream()),
        _works(0, "Z", weighing.zero_settled, wrong="EL"),
        _works(0, "ZI", weighing.zero_now, wrong="EL"),
        _works(1, "D", identity.display, 1),
        _works(1, "DW", identity.display_weight, wrong="EL"),
        _works(1, "K", identity.keys, 1),
        _weighs(1, "SR", weighing.on_change, 0, 2),
        _works(1, "T", weighing.tare_settled),
        _asks(1, "TA", weighing.tare_value, 0, 2),
        _asks(1, "TAC", weighing.clear_tare, 0),
        _works(1, "TI", weighing.tare_now),
        _asks(2, "C", adjusting.cancel),
        _asks(2, "C0", adjusting.setting, 0, 2),
        _works(2, "C1", adjusting.as_set),
        _works(2, "C2", adjusting.external),
        _works(2, "C3", adjusting.internal),
        _asks(2, "COM", settings.serial_line, 0, 4),
        _asks(2, "DAT", identity.date, 0, 3),
        _asks(2, "FSET", settings.factory),
        _asks(2, "I10", identity.user_text, 0, 1),
        _asks(2, "I11", identity.text("I11", lambda balance: balance.persona.model)),
        _asks(2, "I14", identity.device_tree, 1),
        _asks(2, "I15", identity.uptime),
        _asks(2, "M01", settings.choice("M01"), 0, 1),
        _asks(2, "M02", settings.choice("M02"), 0, 1),
        _asks(2, "M03", settings.choice("M03"), 0, 1),
        _asks(2, "M19", adjusting.weight("M19"), 0, 2),
        _asks(2, "M20", adjusting.weight("M20"), 0, 2),
        _asks(2, "M21", settings.units, 0, 2),
        _asks(2, "M23", settings.choice("M23"), 0, 1),
        _asks(2, "M27", adjusting.history),
        _asks(2, "M28", identity.temperature),
        _asks(2, "M29", settings.choice("M29"), 0, 1),
        _asks(2, "M35", settings.choice("M35"), 0, 1),
        _asks(2, "M67", settings.choice("M67"), 0, 1),
        _asks(2, "M89", settings.command_set, 0, 2),
        _asks(2, "PWR", settings.power, 1),
        _asks(2, "R01", settings.restart),
        _asks(2, "RDB", settings.restart_at_zero),
        _weighs(2, "SC", weighing.timed, 1),
        _weighs(2, "SIRU", weighing.stream(DISPLAY)),
        _weighs(2, "SIU", weighing.now(DISPLAY)),
        _weighs(2, "SNR", weighing.calm_on_change, 0, 2),
        _asks(2, "ST", settings.choice("ST"), 0, 1),
        _weighs(2, "SU", weighing.settled(DISPLAY)),
        _asks(2, "TIM", identity.time, 0, 3),
        _works(2, "TST3", adjusting.test),
        _asks(3, "E01", identity.error),
        _asks(3, "E02", identity.error_mask),
        _asks(3, "E03", identity.error_list),
        _weighs(3, "SIC1", weighing.checked("SIC1"), identifier="SIC1"),
        _weighs(3, "SIC2", weighing.checked("SIC2"), identifier="SIC2"),
        _weighs(3, "SIS", weighing.with_state, identifier="SIS"),
        _weighs(3, "SIUM", weighing.now(DISPLAY, weighing.against_minimum)),
        _weighs(3, "SUM", weighing.settled(DISPLAY, weighing.against_minimum)),
        _works(3, "TC", weighing.tare_timed, 1),
        _asks(3, "UPD", settings.update_rate, 0, 1),
        _asks(3, "USTB", settings.stability, 0, 3),
        _works(3, "ZC", weighing.zero_timed, 1),
    ]
)


def commands_of(names: frozenset[str]) -> Mapping[str, Entry]:
    return {name: _TABLE[name] for name in names}
