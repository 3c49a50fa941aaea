"""A New Era pump of the NE-1000 class: the line it listens to, its address, its alarms, and its power.

Where the sources leave a point open the behaviour is an option of ``PumpData``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from instruments.errors import ReplyError
from instruments.sim.device import SimDevice
from instruments.sim.dosing import Dosing
from instruments.sim.new_era_data import Memory, PumpData, factory_program
from instruments.sim.new_era_program import Program
from instruments.sim.new_era_settings import Panel
from instruments.sim.physics.drive import Drive
from instruments.wire import new_era as wire
from instruments.wire.framing import Framer

_NEVER_S = float("inf")
_INTER_BYTE_S = 0.5
_BAUDRATES = frozenset({300, 1200, 2400, 9600, 19200})
_ADDRESS = re.compile(r"(\d{1,2})(?:B(\d{1,5}))?\Z", re.ASCII)
_TWO_PUMPS = frozenset({"DUAL", "RECP", "ALTR"})
_SAFE_SET = re.compile(r"SAF(\d+)\Z", re.ASCII)


class NewEraLine(SimDevice):
    """Cuts what the host says; a packet that was begun and not gone on with is let go."""

    framer: Framer = staticmethod(wire.command_ends)
    _last_byte_s = 0.0

    def receive(self, data: bytes) -> None:
        if self._frames.held[:1] == bytes([wire.STX]) and self.now_s - self._last_byte_s > _INTER_BYTE_S:
            self._frames.drop()
        self._last_byte_s = self.now_s
        super().receive(data)


class NewEraPump(NewEraLine):
    """One pump: its address, the mode it is in, its alarms, and its power."""

    def __init__(self, data: PumpData, drive: Drive) -> None:
        traits = data.traits
        super().__init__(baudrate=traits.baudrate, latency_s=data.latency_s)
        self.data, self.drive = data, drive
        self.memory = Memory(factory_program(traits.phases), address=data.address or 0, safe_s=data.safe_s)
        drive.programmed_mm = lambda: self.memory.diameter_mm
        self.program = Program(data, self.memory, Dosing(drive), self._raise_alarm)
        self.panel = Panel(self.memory, self.program)
        self.speak: Callable[[bytes], None] = self.send
        self.powered, self._was_running = True, False
        self.alarm = ""
        self._baudrate = traits.baudrate
        self._deadline_s, self._power_due_s = _NEVER_S, data.power_fails_s
        if data.powered_up:
            self._power_up()

    @property
    def status(self) -> str:
        return self.program.status

    # --- the line ---

    def obey(self, frame: bytes) -> None:
        if answer := self.answer_to(frame):
            self.send(answer)

    def answer_to(self, frame: bytes) -> bytes:
        """What this pump says to a frame; nothing where it is for another, or in the wrong framing."""
        packet = frame[:1] == bytes([wire.STX])
        if not self.powered or (self.memory.safe_s and not packet):
            return b""
        try:
            commands = wire.decode_command(frame)
        except ReplyError:
            return self._reply("?COM") if packet else b""
        if packet and self.memory.safe_s:
            self._deadline_s = self.now_s + self.memory.safe_s
        mine = [command for command in commands if command.address in (None, self.memory.address)]
        return b"".join(map(self._respond, mine))

    def _respond(self, command: wire.Command) -> bytes:
        """An alarm answers whatever was asked, and is acknowledged by that."""
        if self.alarm:
            letter = self.alarm
            self._set_alarm("")
            return self._alarm_packet(letter, safe=self._alarm_is_safe(command))
        return self._reply(self._execute(command))

    def _alarm_is_safe(self, command: wire.Command) -> bool:
        asked = _SAFE_SET.match(command.text) if self.data.saf_alarm_as_asked else None
        return int(asked[1]) > 0 if asked else self.memory.safe_s > 0

    def _alarm_packet(self, letter: str, *, safe: bool) -> bytes:
        return wire.encode_reply(wire.Reply(self.memory.address, "A", alarm=letter), safe=safe)

    def _reply(self, data: str) -> bytes:
        return wire.encode_reply(wire.Reply(self.memory.address, self.status, data), safe=self.memory.safe_s > 0)

    # --- commands about the line ---

    def _execute(self, command: wire.Command) -> str:
        if command.system and command.text == "RESET":
            return self._reset()
        action = _COMMANDS.get(command.text[:3])
        return action(self, command.text[3:]) if action else self.panel.execute(command.text)

    def version(self, argument: str) -> str:
        return "?" if argument else self.data.traits.version

    def safe_mode(self, argument: str) -> str:
        if not argument:
            return f"{self.memory.safe_s:0{self.data.saf_digits}d}"
        if not argument.isdigit() or int(argument) > 255:
            return "?OOR"
        self.memory.safe_s = int(argument)
        self._deadline_s = self.now_s + self.memory.safe_s if self.memory.safe_s else _NEVER_S
        return ""

    def address(self, argument: str) -> str:
        if not argument:
            return f"{self.memory.address:02d}"
        match = _ADDRESS.match(argument)
        if match is None:
            return "?NA" if argument in _TWO_PUMPS else "?OOR"
        baudrate = int(match[2] or self._baudrate)
        if baudrate not in _BAUDRATES:
            return "?OOR"
        self.memory.address = int(match[1])
        self._set_speed(baudrate)
        return ""

    def _set_speed(self, baudrate: int) -> None:
        """The answer comes at the new speed already; the watchdog sleeps until the next packet."""
        if baudrate != self._baudrate:
            self._byte_s *= self._baudrate / baudrate
            self._baudrate, self._deadline_s = baudrate, _NEVER_S

    def _reset(self) -> str:
        """Clear the program, go to Basic mode and address 0, begin as after power-up."""
        self.program.forget()
        self.memory.phases.update(factory_program(self.data.traits.phases))
        self.memory.address = self.memory.safe_s = 0
        self._deadline_s = _NEVER_S
        self._set_alarm("R")
        return ""

    # --- alarms and power ---

    def _set_alarm(self, letter: str) -> None:
        self.alarm, self.alarming = letter, bool(letter)

    def _raise_alarm(self, letter: str) -> None:
        self.program.halt(self.data.after_alarm)
        self._tell_alarm(letter)

    def _tell_alarm(self, letter: str) -> None:
        """In Safe mode an alarm tells itself; that does not acknowledge it."""
        self._set_alarm(letter)
        if self.memory.safe_s:
            self.speak(self._alarm_packet(letter, safe=True))

    def restart(self) -> None:
        self.program.forget()
        self._set_alarm("")

    def _power_up(self) -> None:
        self.powered = True
        if self.memory.flags["PF"] and self._was_running:
            self.program.run(1)
        self._tell_alarm("R")

    def restore_power(self) -> None:
        self._power_due_s = _NEVER_S
        if not self.powered:
            self._power_up()

    def cut_power(self) -> None:
        self._power_due_s = _NEVER_S
        if self.powered:
            self._power_down()

    def _switch_power(self) -> None:
        if not self.powered:
            self.restore_power()
            return
        self._power_down()
        self._power_due_s = self.now_s + self.data.power_off_s

    def _power_down(self) -> None:
        self._was_running = self.program.running
        self.program.forget()
        self._set_alarm("")
        self._frames.drop()
        self.cancel_later()
        self.powered, self._deadline_s = False, _NEVER_S

    # --- what happens by itself ---

    def next_event_s(self) -> float:
        return min(moment_s for moment_s, _ in self._events())

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        self.program.now_s = now_s
        while due := [act for moment_s, act in self._events() if moment_s <= now_s]:
            due[0]()

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        return [
            *self.program.events(),
            (self.drive.next_event_s(), lambda: self.drive.act(self.now_s)),
            (self.drive.stall_s(), lambda: self._raise_alarm("S")),
            (self._deadline_s, self._silence),
            (self._power_due_s, self._switch_power),
        ]

    def _silence(self) -> None:
        self._deadline_s = _NEVER_S
        self._raise_alarm("T")


_COMMANDS: dict[str, Callable[[NewEraPump, str], str]] = {
    "VER": NewEraPump.version,
    "SAF": NewEraPump.safe_mode,
    "ADR": NewEraPump.address,
}
