"""Faults of lines, instruments and the computer: each deserves INVALID, as the bench cannot be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from instruments.sim.faults.fault import AT_AND_FOR, POSITIVE, Fault, Values, happening, until_s
from instruments.sim.setup import Happening, Setup

if TYPE_CHECKING:
    from instruments.sim.bench import SimulatedBench

_OTHER = "SIM9999999"
_TIMES = {"at": POSITIVE, "for": POSITIVE}


def _unplug(setup: Setup, values: Values) -> Setup:
    out = Happening(values["at"], "the balance's cable is pulled", lambda bench, _: bench.device("balance").unplug(), "balance")
    back = Happening(until_s(values), "the cable is put back", lambda bench, _: bench.device("balance").plug_in(), "balance")
    return happening(setup, out, *([back] if "for" in values else []))


def _lost_lines(setup: Setup, values: Values) -> Setup:
    begins_s, ends_s = values["at"], until_s(values)
    told = f"lines of the balance get lost until {ends_s:g} s"
    return happening(setup, Happening(begins_s, told, lambda bench, _: bench.device("balance").lose(begins_s, ends_s), "balance"))


def _garbage(setup: Setup, values: Values) -> Setup:
    count = int(values.get("bytes", 40))

    def act(bench: SimulatedBench, _: float) -> None:
        bench.device("balance").blurt(bench.noise("garbage").bytes(count))

    return happening(setup, Happening(values["at"], f"{count} bytes of garbage on the balance's line", act, "balance"))


def _unit(setup: Setup, values: Values) -> Setup:
    told = "somebody sets the balance to mg"
    return happening(setup, Happening(values["at"], told, lambda bench, _: bench.device("balance").set_unit("mg"), "balance"))


def _other_instrument(setup: Setup, values: Values) -> Setup:
    balance = {**setup.options.get("balance", {}), "serial": _OTHER}
    return replace(setup, options={**setup.options, "balance": balance})


def _overdue(setup: Setup, values: Values) -> Setup:
    return replace(setup, overdue=True)


def _clock(setup: Setup, values: Values) -> Setup:
    told = f"the clock of the computer is set by {values['by']:+g} s"
    return happening(setup, Happening(values["at"], told, lambda bench, _: bench.clock.set_by(values["by"])))


def _disk(setup: Setup, values: Values) -> Setup:
    return happening(setup, Happening(values["at"], "the disk is full", lambda bench, _: bench.fill_disk()))


OF_THE_BENCH = (
    Fault(
        "balance-unplug",
        "INVALID",
        "the balance's cable is pulled, and put back after a while or never",
        AT_AND_FOR,
        _unplug,
        frozenset({"for"}),
        _TIMES,
    ),
    Fault(
        "lost-lines",
        "INVALID",
        "lines of the balance get lost for a while or for ever",
        AT_AND_FOR,
        _lost_lines,
        frozenset({"for"}),
        _TIMES,
    ),
    Fault(
        "serial-garbage",
        "INVALID",
        "stray bytes on the balance's line (40, unless told)",
        {"at": "s", "bytes": ""},
        _garbage,
        frozenset({"bytes"}),
        {"at": POSITIVE, "bytes": (1, 100_000)},
    ),
    Fault("unit-changed", "INVALID", "somebody sets the balance to another unit", {"at": "s"}, _unit, within=_TIMES),
    Fault("other-instrument", "INVALID", "another balance stands at the address", {}, _other_instrument),
    Fault("calibration-overdue", "INVALID", "the calendar has passed the calibration dates of the bench file", {}, _overdue),
    Fault(
        "clock-step",
        "INVALID",
        "the computer's clock is set forward (+) or back (-)",
        {"at": "s", "by": "s"},
        _clock,
        within=_TIMES,
    ),
    Fault("disk-full", "INVALID", "no file can grow beyond a megabyte any more (POSIX)", {"at": "s"}, _disk, within=_TIMES),
)
