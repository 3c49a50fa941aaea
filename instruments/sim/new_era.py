"""A New Era NE-1000 class pump behind its wire protocol.

Where the sources leave a point open the behaviour is an option of ``PumpData`` with the default that the protocol
reference proposes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.errors import ReplyError
from instruments.sim.device import SimDevice
from instruments.sim.drive import Drive
from instruments.sim.site import Site
from instruments.wire import new_era as wire
from instruments.wire.framing import Framer

_NEVER_S = float("inf")
_INTER_BYTE_S = 0.5
_UL_UP_TO_MM = 14.0
_BORE_ML_PER_CM_MM2 = 3.141592653589793 / 400
_FLAGS = ("AL", "PF", "LN", "BP", "LOC", "ROM", "DIN")


@dataclass(frozen=True, slots=True)
class PumpData:
    """Options of the device. Speeds of the NE-1000: 5.1005 cm/min down to 0.004205 cm/h."""

    version: str = "NE1000V3.928"
    address: int = 0
    baudrate: int = 19200
    latency_s: float = 0.008
    fastest_cm_h: float = 5.1005 * 60
    slowest_cm_h: float = 0.004205
    powered_up: bool = True
    """Begin with the alarm that a pump has after power-up."""


class NewEraPump(SimDevice):
    """State machine of the pump: settings, program state, alarms, Safe mode."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: PumpData, drive: Drive) -> None:
        super().__init__(baudrate=data.baudrate, latency_s=data.latency_s)
        self.data, self.drive = data, drive
        self.status = "S"
        self.alarm = "R" if data.powered_up else ""
        self.diameter_mm, self.rate, self.rate_unit = 26.59, 0.0, "MM"
        self.target, self.volume_unit, self.direction = 0.0, "ML", "INF"
        self.infused_ml, self.withdrawn_ml = 0.0, 0.0
        self.safe_s = 0
        self._flags = dict.fromkeys(_FLAGS, 0) | {"AL": 1}
        self._phase, self._functions = 1, {1: "RAT"}
        self._counted_ml = 0.0
        self._phase_left_ml = 0.0
        self._deadline_s = _NEVER_S
        self._last_byte_s = 0.0

    # --- the line ---

    def receive(self, data: bytes) -> None:
        if self._frames.held[:1] == bytes([wire.STX]) and self.now_s - self._last_byte_s > _INTER_BYTE_S:
            self._frames.drop()
        self._last_byte_s = self.now_s
        super().receive(data)

    def obey(self, frame: bytes) -> None:
        packet = frame[:1] == bytes([wire.STX])
        if not packet and (self.safe_s or frame[-1] != wire.CR):
            return
        try:
            text = wire.packet_text(frame) if packet else frame
        except ReplyError:
            self._answer("?COM")
            return
        if packet and self.safe_s:
            self._deadline_s = self.now_s + self.safe_s
        command = self._addressed(wire.normalise_command(text))
        if command is not None:
            self._respond(command)

    def _addressed(self, text: str) -> str | None:
        """The command without its address; None when it is for another pump. ``*`` reaches every pump."""
        text, everyone = text.removeprefix("*"), text.startswith("*")
        digits = text[: len(text) - len(text.lstrip("0123456789"))][:2]
        mine = everyone or int(digits or 0) == self.data.address
        return text[len(digits) :] if mine else None

    def _respond(self, command: str) -> None:
        if self.alarm:
            alarm, self.alarm = self.alarm, ""
            self._put(wire.Reply(self.data.address, "A", alarm=alarm))
            return
        self._answer(self._execute(command))

    def _answer(self, data: str) -> None:
        self._put(wire.Reply(self.data.address, self.status, data))

    def _put(self, reply: wire.Reply) -> None:
        self.send(wire.encode_reply(reply, safe=self.safe_s > 0))

    # --- commands ---

    def _execute(self, command: str) -> str:
        if not command:
            return ""
        for length in (3, 2):
            action = _COMMANDS.get(command[:length])
            if action is not None:
                return action(self, command[length:])
        return "?"

    def flag(self, name: str, argument: str) -> str:
        if not argument:
            return str(self._flags[name])
        if argument not in ("0", "1"):
            return "?OOR"
        self._flags[name] = int(argument)
        return ""

    def version(self, argument: str) -> str:
        return "?" if argument else self.data.version

    def diameter(self, argument: str) -> str:
        if not argument:
            return wire.number_from_pump(self.diameter_mm)
        value = wire.parse_number(argument)
        if self.running:
            return "?NA"
        if value is None or not 0.1 <= value <= 50.0:
            return "?OOR"
        self.diameter_mm = value
        self.volume_unit = "UL" if value <= _UL_UP_TO_MM else "ML"
        self.infused_ml = self.withdrawn_ml = 0.0
        return ""

    def rate_command(self, argument: str) -> str:
        if not argument:
            return wire.number_from_pump(self.rate) + self.rate_unit
        argument = argument[1:] if argument[0] in "CI" else argument
        number, unit = _split_unit(argument, wire.RATE_UNITS_ML_H)
        if unit and self.running and unit != self.rate_unit:
            return "?NA"
        return self._take_rate(number, unit or self.rate_unit)

    def _take_rate(self, number: str, unit: str) -> str:
        value = wire.parse_number(number) if number else self.rate
        if value is None or (number and not self._possible(value * wire.RATE_UNITS_ML_H[unit])):
            return "?OOR"
        self.rate, self.rate_unit = value, unit
        if self.running:
            self._count()
            self._drive()
        return ""

    def _possible(self, rate_ml_h: float) -> bool:
        """Whether the plunger can move that fast, or that slowly; 0 is taken, and does not move."""
        per_cm_ml = _BORE_ML_PER_CM_MM2 * self.diameter_mm**2
        return rate_ml_h == 0 or self.data.slowest_cm_h <= rate_ml_h / per_cm_ml <= self.data.fastest_cm_h

    def volume(self, argument: str) -> str:
        if not argument:
            return wire.number_from_pump(self.target) + self.volume_unit
        if self.running:
            return "?NA"
        if argument in wire.VOLUME_UNITS_ML:
            self.volume_unit = argument
            return ""
        value = wire.parse_number(argument)
        if value is None:
            return "?OOR"
        self.target = value
        return ""

    def set_direction(self, argument: str) -> str:
        if not argument:
            return self.direction
        if argument not in ("INF", "WDR", "REV"):
            return "?"
        if self.running:
            return "?NA"
        turned = {"INF": "WDR", "WDR": "INF"}[self.direction]
        self.direction = turned if argument == "REV" else argument
        return ""

    def run(self, argument: str) -> str:
        if self.running:
            return "?NA"
        if not self._possible(self.rate_ml_h):
            return "?OOR"
        if argument not in ("", "1", "01"):
            self.alarm = "O"
            return ""
        if self.status == "S":
            self._phase_left_ml = self.target * wire.VOLUME_UNITS_ML[self.volume_unit]
        self.status = "I" if self.direction == "INF" else "W"
        self._drive()
        return ""

    def stop(self, argument: str) -> str:
        if argument:
            return "?"
        if self.running:
            self._halt("P")
            return ""
        if self.status == "P":
            self.status = "S"
            return ""
        return "?NA"

    def dispensed(self, argument: str) -> str:
        self._count()
        unit_ml = wire.VOLUME_UNITS_ML[self.volume_unit]
        infused = wire.number_from_pump(self.infused_ml / unit_ml)
        return f"I{infused}W{wire.number_from_pump(self.withdrawn_ml / unit_ml)}{self.volume_unit}"

    def clear_dispensed(self, argument: str) -> str:
        if self.running:
            return "?NA"
        if argument not in ("INF", "WDR"):
            return "?"
        self.infused_ml, self.withdrawn_ml = (0.0, self.withdrawn_ml) if argument == "INF" else (self.infused_ml, 0.0)
        return ""

    def safe_mode(self, argument: str) -> str:
        if not argument:
            return str(self.safe_s)
        if not argument.isdigit() or int(argument) > 255:
            return "?OOR"
        self.safe_s = int(argument)
        self._deadline_s = self.now_s + self.safe_s if self.safe_s else _NEVER_S
        return ""

    def phase(self, argument: str) -> str:
        if not argument:
            return f"{self._phase:02d}"
        if self.running:
            return "?NA"
        if not argument.isdigit() or not 1 <= int(argument) <= 41:
            return "?OOR"
        self._phase = int(argument)
        return ""

    def function(self, argument: str) -> str:
        if not argument:
            return self._functions.get(self._phase, "STP")
        if self.running:
            return "?NA"
        if argument not in ("RAT", "STP"):
            return "?"
        self._functions[self._phase] = argument
        return ""

    def address(self, argument: str) -> str:
        return f"{self.data.address:02d}" if not argument else "?NA"

    def buzzer(self, argument: str) -> str:
        return "0" if not argument else ("" if argument.isdigit() else "?OOR")

    # --- motion ---

    @property
    def running(self) -> bool:
        return self.status in wire.RUNNING

    @property
    def rate_ml_h(self) -> float:
        return self.rate * wire.RATE_UNITS_ML_H[self.rate_unit]

    def _drive(self) -> None:
        pace = self.drive.data.bolus_pace if self._phase_left_ml > 0 else 1.0
        flow_ml_s = self.rate_ml_h / 3600 * pace
        self.drive.run(self.now_s, flow_ml_s if self.direction == "INF" else 0.0)
        self._counted_ml = self.drive.counted_ml(self.now_s)

    def _count(self) -> None:
        """Book what the motor has turned since the last look."""
        counted_ml = self.drive.counted_ml(self.now_s)
        turned_ml, self._counted_ml = counted_ml - self._counted_ml, counted_ml
        if self.status == "I":
            self.infused_ml += turned_ml
            self._phase_left_ml = max(0.0, self._phase_left_ml - turned_ml)

    def _halt(self, status: str) -> None:
        self._count()
        self.drive.run(self.now_s, 0.0)
        self.status = status

    def _raise_alarm(self, letter: str) -> None:
        self._halt("S")
        self.alarm = letter
        if self.safe_s:
            self._put(wire.Reply(self.data.address, "A", alarm=letter))

    # --- what happens by itself ---

    def next_event_s(self) -> float:
        return min(moment_s for moment_s, _ in self._events())

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        for moment_s, act in self._events():
            if moment_s <= now_s:
                act()

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        return [
            (self._target_s(), lambda: self._halt("S")),
            (self.drive.end_of_travel_s(), lambda: self.drive.meet_end(self.now_s)),
            (self.drive.stall_s(), lambda: self._raise_alarm("S")),
            (self._deadline_s, self._silence),
        ]

    def _target_s(self) -> float:
        if self.status != "I" or self._phase_left_ml <= 0 or self.drive.flow_ml_s <= 0:
            return _NEVER_S
        done_ml = self.drive.counted_ml(self.now_s) - self._counted_ml
        return self.now_s + (self._phase_left_ml - done_ml) / self.drive.flow_ml_s

    def _silence(self) -> None:
        self._deadline_s = _NEVER_S
        self._raise_alarm("T")


def _flag(name: str) -> Callable[[NewEraPump, str], str]:
    return lambda pump, argument: pump.flag(name, argument)


def _split_unit(argument: str, units: dict[str, float]) -> tuple[str, str]:
    return (argument[:-2], argument[-2:]) if argument[-2:] in units else (argument, "")


_COMMANDS: dict[str, Callable[[NewEraPump, str], str]] = {
    "VER": NewEraPump.version,
    "DIA": NewEraPump.diameter,
    "RAT": NewEraPump.rate_command,
    "VOL": NewEraPump.volume,
    "DIR": NewEraPump.set_direction,
    "RUN": NewEraPump.run,
    "STP": NewEraPump.stop,
    "DIS": NewEraPump.dispensed,
    "CLD": NewEraPump.clear_dispensed,
    "SAF": NewEraPump.safe_mode,
    "PHN": NewEraPump.phase,
    "FUN": NewEraPump.function,
    "ADR": NewEraPump.address,
    "BUZ": NewEraPump.buzzer,
    **{name: _flag(name) for name in _FLAGS},
}


def build(site: Site) -> NewEraPump:
    return NewEraPump(site.options(PumpData), site.drive())
