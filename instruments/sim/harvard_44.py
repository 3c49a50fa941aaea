"""A Harvard pump with the Model 44 command set behind its wire protocol.

Infusing and refilling, in pump and in volume mode. What the wire module leaves out is answered as an unknown command. The one
counter (``DEL``) counts what has moved, in either direction. The plunger meets an end only where the syringe is empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from instruments.errors import ReplyError
from instruments.sim.device import SimDevice
from instruments.sim.dosing import Dosing
from instruments.sim.physics.drive import Drive
from instruments.sim.site import Site
from instruments.wire import harvard_44 as wire
from instruments.wire.framing import Framer

_NEVER_S = float("inf")
_DIAMETERS_MM = (0.103, 45.0)
_MODES = {"PMP": "PUMP"}
_DIRECTIONS = {"INF": "INFUSE", "REF": "REFILL"}
_OTHER = {"INFUSE": "REFILL", "REFILL": "INFUSE"}
_PROMPTS = {"INFUSE": ">", "REFILL": "<"}
_RATES = {"INFUSE": "RAT", "REFILL": "RFR"}
_SIGNS = {"INFUSE": 1.0, "REFILL": -1.0}


@dataclass(frozen=True, slots=True)
class PumpData:
    """Options of the device.

    Speeds and diameters are those of the PHD ULTRA, which has this command set as one of three; of the PHD 2000 none are known.
    ``version``: only that it begins with ``PHD`` is known.
    ``volume_modes``: the manual says ``VOL``, a client that works sends ``VLM``; both are taken unless told.
    ``interrupted_by_stop``: some pumps show ``*`` after a stop; the manual's ``:`` is the default.
    ``plain_numbers``: only rates are known to be printed with their unit; diameter and volumes are printed with it unless told.
    ``each_run_anew``: whether the target is counted from the start of each run; the default is from the last ``CLD``, as in the
    Ultra command set of the same maker.
    ``late_run_s``: the reply to ``RUN`` is sometimes late; never by default.
    """

    version: str = "PHD1.0"
    address: int = 0
    baudrate: int = 9600
    latency_s: float = 0.008
    fastest_mm_min: float = 190.984
    slowest_mm_min: float = 0.18391e-3
    volume_modes: tuple[str, ...] = ("VOL", "VLM")
    interrupted_by_stop: bool = False
    plain_numbers: bool = False
    each_run_anew: bool = False
    late_run_s: float = 0.0


class Harvard44Pump(SimDevice):
    """State machine of the pump: settings, mode, direction, and the prompt that shows what it does."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: PumpData, drive: Drive) -> None:
        super().__init__(baudrate=data.baudrate, latency_s=data.latency_s)
        self.data, self.dosing = data, Dosing(drive)
        self.prompt = ":"
        self.diameter_mm, self.target_ml = 26.59, 0.0
        drive.programmed_mm = lambda: self.diameter_mm
        self.rates = dict.fromkeys(_RATES.values(), (0.0, "MM"))
        self.mode, self.direction = "PUMP", "INFUSE"
        self._started_ml = 0.0

    # --- the line ---

    def obey(self, frame: bytes) -> None:
        try:
            command = wire.decode_command(frame)
        except ReplyError:  # a line without end
            return
        if command == wire.STOP_ALL:
            self.stop("")
            self._answer("")
        elif (command.address or 0) == self.data.address:
            answer = self._execute(command)
            self._answer(answer, delay_s=self.data.late_run_s if command.word == "RUN" else 0.0)

    def _execute(self, command: wire.Command) -> str:
        action = _COMMANDS.get(command.word)
        return action(self, command.argument) if action else "?"

    def _answer(self, text: str, *, delay_s: float = 0.0) -> None:
        indented = f"  {text.strip()}" if text else ""
        self.send(wire.encode_reply(wire.Reply(self.data.address, self.prompt, indented)), delay_s=delay_s)

    # --- settings ---

    def status(self, argument: str) -> str:
        return "?" if argument else ""

    def version(self, argument: str) -> str:
        return "?" if argument else self.data.version

    def infuse_rate(self, argument: str) -> str:
        return self._rate("RAT", argument)

    def refill_rate(self, argument: str) -> str:
        return self._rate("RFR", argument)

    def _rate(self, word: str, argument: str) -> str:
        value, unit = self.rates[word]
        if not argument:
            return wire.print_number(value, wire.RATE_UNITS[unit][0])
        number, unit = (argument[:-2], argument[-2:]) if argument[-2:] in wire.RATE_UNITS else (argument, unit)
        asked = wire.parse_number(number)
        if asked is None:
            return "?"
        if not self._possible(asked * wire.RATE_UNITS[unit][1]):
            return "OOR"
        self.rates[word] = asked, unit
        if self.running:
            self._drive()
        return ""

    def _possible(self, rate_ml_h: float) -> bool:
        """Whether the plunger can move at the speed that the rate means in this bore."""
        speed_mm_min = rate_ml_h * 1000 / 60 / (math.pi / 4 * self.diameter_mm**2)
        return self.data.slowest_mm_min <= speed_mm_min <= self.data.fastest_mm_min

    def diameter(self, argument: str) -> str:
        if not argument:
            return self._printed(self.diameter_mm, "mm")
        value = wire.parse_number(argument)
        if value is None or self.running:
            return "?" if value is None else "NA"
        if not _DIAMETERS_MM[0] <= value <= _DIAMETERS_MM[1]:
            return "OOR"
        self.diameter_mm = value
        self.rates = {word: (0.0, unit) for word, (_, unit) in self.rates.items()}
        return ""

    def target(self, argument: str) -> str:
        if not argument:
            return self._printed(self.target_ml, "ml")
        value = wire.parse_number(argument)
        if value is None or self.running:
            return "?" if value is None else "NA"
        self.target_ml = value
        return ""

    def _printed(self, value: float, unit: str) -> str:
        return wire.print_number(value, "" if self.data.plain_numbers else unit)

    def set_mode(self, argument: str) -> str:
        if not argument:
            return self.mode
        mode = (_MODES | dict.fromkeys(self.data.volume_modes, "VOLUME")).get(argument)
        if mode is None or self.running:
            return "?" if mode is None else "NA"
        self.mode = mode
        return ""

    def set_direction(self, argument: str) -> str:
        if not argument:
            return self.direction
        direction = _OTHER[self.direction] if argument == "REV" else _DIRECTIONS.get(argument)
        if direction is None or (self.running and self.mode != "PUMP"):
            return "?" if direction is None else "NA"
        if self.running and not self._rate_ml_h(direction):
            return "OOR"
        self.direction = direction
        if self.running:
            self._drive()
        return ""

    def delivered(self, argument: str) -> str:
        return "?" if argument else self._printed(self.dosing.moved_ml(self.now_s), "ml")

    def clear_delivered(self, argument: str) -> str:
        if argument or self.running:
            return "?" if argument else "NA"
        self.dosing.clear(self.now_s)
        return ""

    # --- motion ---

    @property
    def running(self) -> bool:
        return self.prompt not in wire.STANDING

    def run(self, argument: str) -> str:
        if argument or self.running:
            return "?" if argument else "NA"
        if not self._rate_ml_h(self.direction) or (self.mode == "VOLUME" and not self.target_ml):
            return "OOR"
        self._started_ml = self.dosing.moved_ml(self.now_s) if self.data.each_run_anew else 0.0
        self.alarming = False
        self._drive()
        return ""

    def stop(self, argument: str) -> str:
        if argument or self.prompt == ":":
            return "?" if argument else "NA"
        self._halt("*" if self.running and self.data.interrupted_by_stop else ":")
        return ""

    def _rate_ml_h(self, direction: str) -> float:
        value, unit = self.rates[_RATES[direction]]
        return value * wire.RATE_UNITS[unit][1]

    def _drive(self) -> None:
        flow_ml_s = self._rate_ml_h(self.direction) / 3600 * _SIGNS[self.direction]
        self.dosing.run(self.now_s, flow_ml_s, self._left_ml())
        self.prompt = _PROMPTS[self.direction]

    def _left_ml(self) -> float:
        if self.mode == "PUMP":
            return _NEVER_S
        return self.target_ml + self._started_ml - self.dosing.moved_ml(self.now_s)

    def _halt(self, prompt: str, *, stalled: bool = False) -> None:
        self.dosing.stand(self.now_s)
        self.prompt, self.alarming = prompt, stalled

    def restart(self) -> None:
        self._halt(":")

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
            (self.dosing.reached_s, lambda: self._halt(":")),
            (drive.next_event_s(), lambda: drive.act(self.now_s)),
            (drive.stall_s(), lambda: self._halt("*", stalled=True)),
        ]


_COMMANDS: dict[str, Callable[[Harvard44Pump, str], str]] = {
    "": Harvard44Pump.status,
    "RUN": Harvard44Pump.run,
    "STP": Harvard44Pump.stop,
    "RAT": Harvard44Pump.infuse_rate,
    "RFR": Harvard44Pump.refill_rate,
    "DIA": Harvard44Pump.diameter,
    "TGT": Harvard44Pump.target,
    "DEL": Harvard44Pump.delivered,
    "CLD": Harvard44Pump.clear_delivered,
    "MOD": Harvard44Pump.set_mode,
    "DIR": Harvard44Pump.set_direction,
    "VER": Harvard44Pump.version,
}


def build(site: Site) -> Harvard44Pump:
    return Harvard44Pump(site.options(PumpData), site.drive())
