"""What can be wrong with a pump or a bench, by name: ``rate-gain:+6%``, ``occlusion:at=40min,part=100%``.

One registry: which parameters each fault takes, what it does, and the verdict it deserves: FAIL where the pump or its catheter is
to blame, INVALID where the bench cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from instruments.errors import ConfigError
from instruments.sim.faults.fault import Fault, Values
from instruments.sim.faults.of_the_balance import OF_THE_BALANCE
from instruments.sim.faults.of_the_bench import OF_THE_BENCH
from instruments.sim.faults.of_the_implant import OF_THE_IMPLANT
from instruments.sim.faults.of_the_line import OF_THE_LINE
from instruments.sim.faults.of_the_pump import OF_THE_PUMP
from instruments.sim.setup import Setup
from instruments.units import to_unit

FAULTS: Mapping[str, Fault] = {
    fault.name: fault for fault in chain(OF_THE_PUMP, OF_THE_IMPLANT, OF_THE_LINE, OF_THE_BALANCE, OF_THE_BENCH)
}


def with_faults(setup: Setup, specs: Iterable[str]) -> Setup:
    """``setup`` with every fault of ``specs`` on. Raises ConfigError naming what would be accepted."""
    for spec in specs:
        fault, values = parse_fault(spec)
        if fault.pumps and setup.pump not in fault.pumps:
            raise ConfigError(_elsewhere(fault, setup))
        setup = fault.apply(setup, values)
    return setup


def _elsewhere(fault: Fault, setup: Setup) -> str:
    able, found = " or ".join(map(repr, fault.pumps)), repr(setup.pump) if setup.pump else "none"
    return f"fault {fault.name!r}: only a pump with driver {able} can have it; this bench has {found}"


def parse_fault(spec: str) -> tuple[Fault, Values]:
    """Read one ``NAME[:VALUE]`` or ``NAME:KEY=VALUE,...``; values come back in the units of the registry."""
    if not isinstance(spec, str):
        raise ConfigError(f"fault {spec!r}: write it as text, like 'rate-gain:+6%'")
    name, _, text = spec.partition(":")
    fault = FAULTS.get(name.strip())
    if fault is None:
        raise ConfigError(f"fault {name!r} is not known; there are: {', '.join(FAULTS)}")
    pairs = [_pair(fault, part) for part in text.split(",") if part.strip()]
    given = dict(pairs)
    wrong = set(fault.units) - set(given) - fault.optional or set(given) - set(fault.units)
    if wrong or len(given) < len(pairs):
        raise ConfigError(f"fault {spec!r}: {fault.name} takes {fault.takes}")
    return fault, {key: _value(spec, fault, key, value) for key, value in given.items()}


def _pair(fault: Fault, part: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    return (key.strip(), value) if equals else (next(iter(fault.units), ""), part)


def _value(spec: str, fault: Fault, key: str, text: str) -> float:
    try:
        value = to_unit(text, fault.units[key]) if fault.units[key] else float(int(text))
    except (ConfigError, ValueError) as err:
        why = err if isinstance(err, ConfigError) else f"{text!r} is not a whole number"
        raise ConfigError(f"fault {spec!r}: {key}: {why}") from err
    least, most = fault.within.get(key, (-float("inf"), float("inf")))
    if not least <= value <= most:
        raise ConfigError(
            f"fault {spec!r}: {key}: {text.strip()} is not between {least:g} and {most:g} {fault.units[key]}".rstrip()
        )
    return value
