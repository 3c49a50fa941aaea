"""What can be wrong with a pump or a bench, by name: ``rate-gain:+6%``, ``alarm-late:10min``, ``balance-stuck:at=40min``.

One table says for each fault which parameters it takes, what it does, and the verdict it deserves: FAIL where the pump
is to blame, INVALID where the bench cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from instruments.errors import ConfigError
from instruments.sim.setup import Setup
from instruments.units import to_unit

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. ``units`` lists its parameters, the first of which may stand alone after the colon.

    Those of ``optional`` may be left out.
    """

    name: str
    deserves: str
    does: str
    units: Mapping[str, str]
    apply: Callable[[Setup, Values], Setup]
    optional: frozenset[str] = frozenset()


def _driven(setup: Setup, **changed: Any) -> Setup:
    return replace(setup, drive=replace(setup.drive, **changed))


def _gain(setup: Setup, values: Values) -> Setup:
    return _driven(setup, gain=setup.drive.gain * (1 + values["by"] / 100))


def _bolus_pace(setup: Setup, values: Values) -> Setup:
    return _driven(setup, bolus_pace=1 / (1 + values["by"] / 100))


def _no_alarm(setup: Setup, values: Values) -> Setup:
    return _driven(setup, stall_alarm=False)


def _late_alarm(setup: Setup, values: Values) -> Setup:
    return _driven(setup, stall_notice_s=setup.drive.stall_notice_s + values["by"])


def _unplug(setup: Setup, values: Values) -> Setup:
    back_s = {"balance": values["at"] + values["for"]} if "for" in values else {}
    pulled_s = {**setup.unplug_s, "balance": values["at"]}
    return replace(setup, unplug_s=pulled_s, plug_in_s={**setup.plug_in_s, **back_s})


def _stuck(setup: Setup, values: Values) -> Setup:
    return replace(setup, stuck_s=values["at"])


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("rate-gain", "FAIL", "the plunger moves faster (+) or slower (-) than set", {"by": "%"}, _gain),
        Fault("bolus-duration", "FAIL", "a bolus takes longer (+) or shorter (-) than set", {"by": "%"}, _bolus_pace),
        Fault("alarm-missing", "FAIL", "the empty syringe raises no alarm", {}, _no_alarm),
        Fault("alarm-late", "FAIL", "the empty syringe raises its alarm late", {"by": "s"}, _late_alarm),
        Fault(
            "balance-unplug",
            "INVALID",
            "the balance's cable is pulled, and put back after a while or never",
            {"at": "s", "for": "s"},
            _unplug,
            frozenset({"for"}),
        ),
        Fault("balance-stuck", "INVALID", "the balance repeats its last value for ever", {"at": "s"}, _stuck),
    )
}


def with_faults(setup: Setup, specs: Iterable[str]) -> Setup:
    """``setup`` with every fault of ``specs`` on. Raises ConfigError naming what would be accepted."""
    for spec in specs:
        fault, values = parse_fault(spec)
        setup = fault.apply(setup, values)
    return setup


def parse_fault(spec: str) -> tuple[Fault, Values]:
    """Read one ``NAME[:VALUE]`` or ``NAME:KEY=VALUE,...``; values come back in the units of the table."""
    name, _, text = spec.partition(":")
    fault = FAULTS.get(name.strip())
    if fault is None:
        raise ConfigError(f"fault {name!r} is not known; there are: {', '.join(FAULTS)}")
    given = dict(_pair(fault, part) for part in text.split(",") if part.strip())
    if set(fault.units) - set(given) - fault.optional or set(given) - set(fault.units):
        may = {key: " if wanted" if key in fault.optional else "" for key in fault.units}
        wanted = ", ".join(f"{key} (in {unit}{may[key]})" for key, unit in fault.units.items()) or "no value"
        raise ConfigError(f"fault {spec!r}: {fault.name} takes {wanted}")
    return fault, {key: to_unit(value, fault.units[key]) for key, value in given.items()}


def _pair(fault: Fault, part: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    return (key.strip(), value) if equals else (next(iter(fault.units), ""), part)
