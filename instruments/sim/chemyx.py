"""A Chemyx Fusion pump behind its wire protocol: one channel, runs of one or several steps, delay, pause and stop.

What the wire module leaves out is answered as an unknown command, and so is a start with nothing to run. While the pump runs it
keeps its settings: it answers with the old value, as it does to one out of its limits. Volumes are in mL or uL, as the rate is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.errors import ReplyError
from instruments.sim.device import SimDevice
from instruments.sim.dosing import Dosing
from instruments.sim.physics.drive import Drive
from instruments.sim.site import Site
from instruments.wire import chemyx as wire
from instruments.wire.framing import Framer

_NEVER_S = float("inf")
_DIAMETERS_MM = (0.103, 40.0)
_WHOLE = 0.999
"""Share of the largest volume above which a run is no bolus: the pump knows no other way to run until it is stopped."""
_STOPPED, _RUNNING, _PAUSED, _DELAYED = "0123"
_VOLUME_UNITS_ML = {"0": 1.0, "1": 1.0, "2": 0.001, "3": 0.001}


@dataclass(frozen=True, slots=True)
class PumpData:
    """Options of the device.

    ``channel``: 0 is a pump of one channel; of a pump that has several the simulated one answers with and without its number.
    ``echo``: the pump repeats each command; ``echo off`` ends that (that this is answered by a prompt alone is inferred).
    ``folds_case``: a pump minds capitals, another simulator of it does not.
    ``pause_text``: ``Pump pause!`` on the maker's pages, ``Pump stop!`` in a transcript.
    ``stall_status``: the status digit of a stall; its place behind stopped, running, paused and delayed is inferred.
    ``total_over_runs``: whether the dispensed volume goes on over runs; not known, each run begins at zero unless told.
    ``limits_at_mm``: one reply with limits is known, of a pump with an unknown syringe and unit; the defaults are that reply,
    taken as mL and mL/min of the widest syringe. They go with the area of the bore.
    """

    channel: int = 0
    baudrate: int = 38400
    latency_s: float = 0.07
    echo: bool = True
    folds_case: bool = False
    pause_text: str = "Pump pause!"
    stall_status: str = wire.STALL
    total_over_runs: bool = False
    limits_at_mm: float = 40.0
    largest_volume_ml: float = 125.9622
    smallest_volume_ml: float = 0.0002
    fastest_ml_min: float = 106.0288
    slowest_ml_min: float = 0.0141


class ChemyxPump(SimDevice):
    """State machine of the pump: settings, state, and the step of the run it is in."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: PumpData, drive: Drive) -> None:
        super().__init__(baudrate=data.baudrate, latency_s=data.latency_s)
        self.data, self.dosing = data, Dosing(drive)
        self.status, self.units, self.diameter_mm, self.delay_min = _STOPPED, "0", 26.59, 0.0
        drive.programmed_mm = lambda: self.diameter_mm
        self.values: dict[str, tuple[float, ...]] = {"rate": (0.0,), "volume": (0.0,)}
        self._echo = data.echo
        self._steps: list[tuple[float, float]] = []
        self._step_from_ml = 0.0
        self._begin_s = _NEVER_S

    # --- the line ---

    def obey(self, frame: bytes) -> None:
        frame = frame.lower() if self.data.folds_case else frame
        echo = "".join(chr(byte) for byte in frame if 0x20 <= byte < 0x7F) if self._echo else None
        self.send(wire.encode_reply(wire.Reply(echo, self._execute(frame))))

    def _execute(self, frame: bytes) -> tuple[str, ...]:
        try:
            command = wire.decode_command(frame)
        except ReplyError:
            return (wire.INVALID,)
        action = _COMMANDS.get(command.words)
        if action is None or command.channel not in (0, self.data.channel):
            return (wire.INVALID,)
        return action(self, command.values)

    def echo_on(self, values: str) -> tuple[str, ...]:
        self._echo = True
        return ()

    def echo_off(self, values: str) -> tuple[str, ...]:
        self._echo = False
        return ()

    # --- settings ---

    def set_units(self, values: str) -> tuple[str, ...]:
        if values not in wire.RATE_UNITS_ML_H:
            return (wire.INVALID,)
        self.units = self.units if self.running else values
        return (f"units = {self.units}",)

    def set_diameter(self, values: str) -> tuple[str, ...]:
        asked = wire.parse_values(values)
        if asked is None or len(asked) > 1:
            return (wire.INVALID,)
        if not self.running and _DIAMETERS_MM[0] <= asked[0] <= _DIAMETERS_MM[1]:
            self.diameter_mm = asked[0]
        return (wire.print_values("diameter", [self.diameter_mm]),)

    def set_delay(self, values: str) -> tuple[str, ...]:
        asked = wire.parse_values(values)
        if asked is None or len(asked) > 1:
            return (wire.INVALID,)
        if not self.running and asked[0] >= 0:
            self.delay_min = asked[0]
        return (wire.print_values("delay", [self.delay_min]),)

    def set_rate(self, values: str) -> tuple[str, ...]:
        limits = self._limits()
        return self._set("rate", values, limits.slowest_rate, limits.fastest_rate)

    def set_volume(self, values: str) -> tuple[str, ...]:
        limits = self._limits()
        return self._set("volume", values, limits.smallest_volume, limits.largest_volume)

    def _set(self, name: str, values: str, least: float, most: float) -> tuple[str, ...]:
        """A negative volume is a withdrawal; a negative rate is none."""
        asked = wire.parse_values(values)
        if asked is None:
            return (wire.INVALID,)
        sizes = map(abs, asked) if name == "volume" else asked
        if not self.running and all(least <= size <= most for size in sizes):
            self.values[name] = asked
        return (wire.print_values(name, self.values[name]),)

    def _limits(self) -> wire.Limits:
        """In the units that are set, for the diameter that is set: all go with the area of the bore."""
        data, share = self.data, (self.diameter_mm / self.data.limits_at_mm) ** 2
        volume, rate = share / self._volume_ml, share * 60 / wire.RATE_UNITS_ML_H[self.units]
        return wire.Limits(
            data.largest_volume_ml * volume,
            data.smallest_volume_ml * volume,
            data.fastest_ml_min * rate,
            data.slowest_ml_min * rate,
        )

    # --- questions ---

    def tell_status(self, values: str) -> tuple[str, ...]:
        return (self.data.stall_status if self.alarming else self.status,)

    def tell_limits(self, values: str) -> tuple[str, ...]:
        return (wire.print_limits(self._limits()),)

    def dispensed(self, values: str) -> tuple[str, ...]:
        return (wire.print_values("dispensed volume", [self.dosing.moved_ml(self.now_s) / self._volume_ml]),)

    # --- motion ---

    @property
    def running(self) -> bool:
        return self.status in (_RUNNING, _DELAYED)

    @property
    def _volume_ml(self) -> float:
        return _VOLUME_UNITS_ML[self.units]

    def start(self, values: str) -> tuple[str, ...]:
        """With 1 all steps are run, else the first; a paused run goes on."""
        if not (self.running or self.status == _PAUSED) and not self._begin(every_step=values == "1"):
            return (wire.INVALID,)
        if self.status == _PAUSED:
            self._drive()
        return ("Pump delay..." if self.status == _DELAYED else "Pump start running...",)

    def _begin(self, *, every_step: bool) -> bool:
        steps = [step for step in zip(self.values["rate"], self.values["volume"], strict=False) if all(step)]
        if not steps:
            return False
        self._steps, self.alarming = steps if every_step else steps[:1], False
        if not self.data.total_over_runs:
            self.dosing.clear(self.now_s)
        self._step_from_ml = self.dosing.moved_ml(self.now_s)
        self.status, self._begin_s = _DELAYED, self.now_s + self.delay_min * 60
        if not self.delay_min:
            self._drive()
        return True

    def _drive(self) -> None:
        rate, volume = self._steps[0]
        flow_ml_s = rate * wire.RATE_UNITS_ML_H[self.units] / 3600 * (1 if volume > 0 else -1)
        left_ml = abs(volume) * self._volume_ml + self._step_from_ml - self.dosing.moved_ml(self.now_s)
        whole_travel = abs(volume) > self._limits().largest_volume * _WHOLE
        self.dosing.run(self.now_s, flow_ml_s, left_ml, bolus=not whole_travel)
        self.status, self._begin_s = _RUNNING, _NEVER_S

    def _next_step(self) -> None:
        self._step_from_ml = self.dosing.moved_ml(self.now_s)
        self._steps = self._steps[1:]
        if self._steps:
            self._drive()
        else:
            self._halt(_STOPPED)

    def stop(self, values: str) -> tuple[str, ...]:
        self._halt(_STOPPED)
        return ("Pump stop!",)

    def pause(self, values: str) -> tuple[str, ...]:
        if self.status == _RUNNING:
            self._halt(_PAUSED)
        return (self.data.pause_text,)

    def _halt(self, status: str, *, stalled: bool = False) -> None:
        self.dosing.stand(self.now_s)
        self.status, self.alarming, self._begin_s = status, stalled, _NEVER_S

    def restart(self) -> None:
        self._halt(_STOPPED)

    # --- what happens by itself ---

    def next_event_s(self) -> float:
        return min(moment_s for moment_s, _ in self._events())

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        for moment_s, act in self._events():
            if moment_s <= now_s:
                act()

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        drive = self.dosing.drive
        return [
            (self._begin_s, self._drive),
            (self.dosing.reached_s, self._next_step),
            (drive.next_event_s(), lambda: drive.act(self.now_s)),
            (drive.stall_s(), lambda: self._halt(_STOPPED, stalled=True)),
        ]


_COMMANDS: dict[str, Callable[[ChemyxPump, str], tuple[str, ...]]] = {
    "start": ChemyxPump.start,
    "stop": ChemyxPump.stop,
    "pause": ChemyxPump.pause,
    "set units": ChemyxPump.set_units,
    "set diameter": ChemyxPump.set_diameter,
    "set rate": ChemyxPump.set_rate,
    "set volume": ChemyxPump.set_volume,
    "set delay": ChemyxPump.set_delay,
    "pump status": ChemyxPump.tell_status,
    "status": ChemyxPump.tell_status,
    "dispensed volume": ChemyxPump.dispensed,
    "read limit parameter": ChemyxPump.tell_limits,
    "echo on": ChemyxPump.echo_on,
    "echo off": ChemyxPump.echo_off,
}


def build(site: Site) -> ChemyxPump:
    return ChemyxPump(site.options(PumpData), site.drive())
