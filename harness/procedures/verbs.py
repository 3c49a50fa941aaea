"""The small verbs that protocols are written in, beside those of the rig itself.

A pump that a case asks a capability of has the driver's methods that belong to it: the dry run has made sure of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import cast

from harness.cases.outlet import PA_M
from harness.rig import Rig
from harness.stands import PressureStand
from instruments import pumps
from instruments.errors import BenchError, ConfigError, Refused, SettingDiffers
from instruments.hands import Step
from instruments.pumps import BatteryPump, BolusPump, PrimingPump, ProfilePump, PumpStatus, ReservoirPump
from instruments.units import to_unit

_ASKS, _OVERFULL = 5, 1.1
"""How often a volume is asked for that nobody can have drawn out; of its nominal volume a reservoir may have held so much."""

# --- the pump ---


def start_profile(rig: Rig, steps: Sequence[pumps.Step]) -> tuple[pumps.Step, ...]:
    """Programme rates and volumes that the pump runs by itself, and start it; returns the steps that it took."""
    before = rig.recorder.command_count
    taken = cast(ProfilePump, rig.pump).set_profile(steps)
    applied = rig.recorder.commands_since(before)
    for number, (asked, took) in enumerate(zip(steps, taken, strict=True), 1):
        for name, unit in (("rate_ml_h", "mL/h"), ("volume_ml", "mL")):
            told = {"requested": getattr(asked, name), "reported": getattr(took, name), "unit": unit, "applied": applied}
            rig.note("setting", name=f"{name.partition('_')[0]} of step {number}", **told)
    rig.begin(taken[0].rate_ml_h, rig.pump.start)
    return taken


def follow(rig: Rig, steps: Sequence[pumps.Step]) -> Iterator[int]:
    """Wait through a profile that runs: the number of each step (from 0) when it is over. An endless last one is not waited
    for."""
    for number, (step, after) in enumerate(pairwise([*steps, pumps.Step(0.0, 0.0)])):
        if not step.volume_ml:
            return
        rig.wait(step.volume_ml / step.rate_ml_h * 3600)
        rig.commanded(after.rate_ml_h)
        yield number


def change_rate(rig: Rig, rate_ml_h: float) -> float:
    """While it infuses; returns the rate that the pump took."""
    taken_ml_h = rig.setting("set rate", rate_ml_h, "mL/h", rig.pump.set_rate)
    rig.commanded(taken_ml_h)
    return taken_ml_h


def give_bolus(rig: Rig, volume_ml: float, rate_ml_h: float, basal_ml_h: float) -> None:
    """On a running infusion, and wait until it is over."""
    rig.commanded(rate_ml_h)
    cast(BolusPump, rig.pump).give_bolus(volume_ml, rate_ml_h)
    rig.wait(volume_ml / rate_ml_h * 3600)
    rig.commanded(basal_ml_h)


def try_setting(rig: Rig, name: str, asked: float, unit: str, apply: Callable[[float], float]) -> None:
    """Set something that the pump may refuse, or take otherwise; what came of it goes into the record."""
    taken, told = None, ""
    before = rig.recorder.command_count
    try:
        taken = apply(asked)
    except (Refused, SettingDiffers) as err:
        told = str(err)
    rig.note(
        "tried", name=name, requested=asked, reported=taken, unit=unit, told=told, applied=rig.recorder.commands_since(before)
    )


def try_start(rig: Rig, rate_ml_h: float) -> bool:
    """Start what the pump has for its programme, which should be ``rate_ml_h``; whether it did goes into the record."""
    try:
        rig.begin(rate_ml_h, rig.pump.start)
    except Refused as err:
        rig.note("tried", name="start", requested=rate_ml_h, reported=None, unit="mL/h", told=str(err))
        rig.stop()
        return False
    return True


def prime(rig: Rig, volume_ml: float, rate_ml_h: float) -> None:
    """Begin to fill the line: by the pump's own priming where it has one; it stops by itself."""
    if rig.stations.can("pump", "prime"):
        rig.begin(rate_ml_h, lambda: cast(PrimingPump, rig.pump).prime(volume_ml, rate_ml_h))
    else:
        rig.start(rate_ml_h, volume_ml)


def read_total(rig: Rig) -> float:
    """The volume that the pump says it has infused, in mL, into the record."""
    infused_ml = rig.pump.infused_ml()
    rig.note("infused", told_ml=infused_ml)
    return infused_ml


def set_threshold(rig: Rig, pressure_kpa: float) -> None:
    """Of the pump's occlusion alarm, at its own keys."""
    words = f"set the pump's occlusion alarm to {pressure_kpa:g} kPa ({pressure_kpa * 7.50062:.0f} mmHg)"
    rig.by_hand(Step("threshold", words, {"pressure_kpa": pressure_kpa}))


def read_reservoir(rig: Rig) -> float:
    """What the pump believes to be in its reservoir, in mL, into the record."""
    believed_ml = cast(ReservoirPump, rig.pump).reservoir_ml()
    rig.note("reservoir", believed_ml=believed_ml)
    return believed_ml


def withdraw(rig: Rig) -> float:
    """Have all that is left drawn out and weighed; returns its volume in mL. What the pump believed goes into the record with it.

    Raises BenchError where the answer is no volume that can have been in there, however often it is asked for.
    """
    believed_ml = read_reservoir(rig)
    words = "draw all that is left out of the pump's reservoir, weigh it, and write its volume, like 1.987 mL"
    withdrawn_ml = _volume_ml(rig, rig.by_hand(Step("withdraw", words)))
    rig.note("withdrawn", volume_ml=withdrawn_ml, believed_ml=believed_ml)
    return withdrawn_ml


def _volume_ml(rig: Rig, answer: str) -> float:
    """The volume that somebody wrote; a slip of the pen is asked about, as what was drawn out cannot be drawn out again."""
    most_ml = _OVERFULL * rig.bench.pump.source.volume
    for _ in range(_ASKS):
        try:
            volume_ml = to_unit(answer, "mL")
        except ConfigError as err:
            wrong = str(err)
        else:
            if 0 <= volume_ml <= most_ml:
                return volume_ml
            wrong = f"{volume_ml:g} mL cannot have been in a reservoir of {most_ml:g} mL"
        answer = rig.by_hand(Step("do", f"{wrong}. Write the volume that was drawn out, like 1.987 mL"))
    raise BenchError(f"the volume that was drawn out is not known: {wrong}")


def refill(rig: Rig, volume_ml: float) -> None:
    """Have the reservoir filled, and tell the pump."""
    rig.by_hand(Step("refill", f"fill the pump's reservoir with {volume_ml:g} mL, all air out", {"volume_ml": volume_ml}))
    if rig.stations.can("pump", "reservoir"):
        rig.setting("refill", volume_ml, "mL", cast(ReservoirPump, rig.pump).refill)


# --- the line ---


def close_line(rig: Rig, place: float) -> None:
    """A stopcock, ``place`` along the line: 0 near the pump, 1 at the outlet."""
    where = "at the pump" if place < 0.5 else "at the outlet"
    rig.by_hand(Step("close", f"close the stopcock {where}", {"place": place}))


def open_line(rig: Rig) -> None:
    rig.by_hand(Step("open", "open the stopcock"))


def drain_line(rig: Rig, pump_path_ml: float) -> None:
    """The catheter, and so much of the way to it in the pump: as if they were new."""
    path = f", and {pump_path_ml:g} mL of the pump's own path," if pump_path_ml else ""
    words = f"empty the catheter{path} and put it back dry; its tip stays in the liquid"
    rig.by_hand(Step("drain", words, {"pump_path_ml": pump_path_ml}))


def set_outlet(rig: Rig, pressure_kpa: float) -> None:
    """What the pump has to overcome from now on; below 0 the line is a siphon."""
    height_m = pressure_kpa * 1000 / PA_M
    words = f"bring the outlet to {pressure_kpa:+g} kPa: {height_m:+.3g} m above the pump's outlet, or by pressure"
    rig.by_hand(Step("outlet", words, {"pressure_kpa": pressure_kpa}))


def read_pressure(rig: Rig) -> float:
    """The line's gauge pressure in kPa, into the record."""
    stand = cast(PressureStand, rig.bench.file.pressure)
    found = rig.stations["pressure"].voltage()
    kpa = stand.kpa(found.value)
    rig.note("pressure", kpa=kpa, read_us=found.stamp_us)
    return kpa


def watch_line(rig: Rig, deadline_s: float, every_s: float) -> PumpStatus:
    """Poll the pump, and the line's pressure where the bench has a transducer, until an alarm, a stop or the deadline."""
    while True:
        if "pressure" in rig.bench.roles:
            read_pressure(rig)
        status = rig.poll()
        if status.alarm or not status.running or rig.clock.now_s() >= deadline_s:
            return status
        rig.wait_until(min(deadline_s, rig.clock.now_s() + every_s))


# --- what feeds the pump ---


def set_battery(rig: Rig, voltage_v: float) -> float:
    """The voltage of the supply that stands in the battery's place; returns what it took, in V."""
    return rig.setting("battery voltage", voltage_v, "V", rig.stations["battery"].set_voltage)


def battery_state(rig: Rig) -> str:
    """NORM, ERI or EOS: what the pump says of its battery, into the record."""
    told = cast(BatteryPump, rig.pump).battery()
    rig.note("battery", state=told.state, voltage_v=told.voltage_v)
    return told.state


def cut_power(rig: Rig, by: str) -> None:
    """Take the pump's power away, by the ``supply`` in its battery's place or by ``hand``; inside ``rig.unpowered``."""
    if by == "supply":
        switch_battery(rig, on=False)
    else:
        rig.by_hand(Step("power off", "take the pump's power away (plug or battery)"))
    rig.commanded(0.0)


def restore_power(rig: Rig, by: str) -> None:
    if by == "supply":
        switch_battery(rig, on=True)
    else:
        rig.by_hand(Step("power on", "give the pump its power back, and wait until it has started up"))


def switch_battery(rig: Rig, *, on: bool) -> None:
    rig.setting("battery output", float(on), "1", lambda asked: rig.stations["battery"].switch(on=bool(asked)))
