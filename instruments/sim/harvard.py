"""Pumps of the Ultra command set (PHD ULTRA, Pump 11 Elite, Legato) on one line: alone, or a chain of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instruments.errors import ReplyError
from instruments.sim import harvard_dosing as dosing
from instruments.sim import harvard_rates as rates
from instruments.sim import harvard_settings as settings
from instruments.sim import harvard_syringe as syringe
from instruments.sim.device import SimDevice
from instruments.sim.harvard_arguments import Wrong, wrong_state
from instruments.sim.harvard_models import PumpData
from instruments.sim.harvard_pump import HarvardPump
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.site import Site
from instruments.wire import harvard as wire
from instruments.wire.framing import Framer

_SHORT = 4
_SET_ADDRESS = frozenset({"address", "addr"})


def _by_name(actions: Mapping[str, rates.Action]) -> dict[str, rates.Action]:
    """By the full name, and by its first four letters."""
    return {name[:_SHORT]: action for name, action in actions.items()} | dict(actions)


_IN_QUICK_START = _by_name({**dosing.IN_QUICK_START, **rates.IN_QUICK_START, **syringe.IN_QUICK_START})
_ALWAYS = _by_name({**dosing.ALWAYS, **settings.ALWAYS, **syringe.ALWAYS})


class HarvardChain(SimDevice):
    """Pumps that share a line, the first of which has the plug; each answers to its own address."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: PumpData, drives: Sequence[Drive]) -> None:
        super().__init__(baudrate=data.baudrate, latency_s=data.latency_s)
        self.data = data
        self.pumps = [HarvardPump(data, drive, address) for drive, address in zip(drives, data.addresses, strict=True)]
        self._touched = data.touched

    # --- the line ---

    def receive(self, data: bytes) -> None:
        if self.pumps[0].echo == "on":
            self.send(data)
        super().receive(data)

    def obey(self, frame: bytes) -> None:
        try:
            command = wire.decode_command(frame)
        except ReplyError:
            return
        pump = self._meant(command.address)
        lost, self._touched = self._touched, False
        if pump is not None and not lost:
            self._put(pump, self._answer(pump, command))

    def _meant(self, address: int | None) -> HarvardPump | None:
        """The pump at the address; without one the pump on the USB plug, or pump 0."""
        if address is None and self.data.usb:
            return self.pumps[0]
        return next((pump for pump in self.pumps if pump.address == (address or 0)), None)

    def _answer(self, pump: HarvardPump, command: wire.Command) -> wire.Reply:
        before = pump.motion.prompt
        try:
            lines = _obeyed(pump, command) if command.word else ()
        except Wrong as wrong:
            lines = wrong.lines
        late = self.data.late_prompt and command.word in dosing.RUNS
        told = command.address is not None or pump.address != 0 or pump.poll == "remote"
        readdressed = command.word in _SET_ADDRESS and bool(command.arguments) and pump.poll != "remote"
        prompt = "" if pump.poll == "remote" else before if late else pump.motion.prompt
        return wire.Reply(prompt, lines, pump.address if told else None, prefixed=not readdressed)

    def _put(self, pump: HarvardPump, reply: wire.Reply) -> None:
        self.send(wire.encode_reply(reply, poll=pump.poll, colon_target=self.data.colon_target))

    def restart(self) -> None:
        for pump in self.pumps:
            pump.motion.stand(self.now_s)

    # --- what happens by itself ---

    def next_event_s(self) -> float:
        return min(pump.next_event_s() for pump in self.pumps)

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        for pump in self.pumps:
            if pump.advance_to(now_s) and pump.poll == "off":
                self._put(pump, wire.Reply(pump.motion.prompt, address=pump.address or None, notice=True))
        self.alarming = any(pump.motion.prompt == "*" for pump in self.pumps)


def _obeyed(pump: HarvardPump, command: wire.Command) -> tuple[str, ...]:
    if command.word in _IN_QUICK_START and not pump.mode:
        raise wrong_state("Not in Quick Start mode")
    action = _ALWAYS.get(command.word) or _IN_QUICK_START.get(command.word)
    if action is None:
        raise wrong_state("Unknown command")
    return action(pump, command.arguments)


def build(site: Site) -> HarvardChain:
    """The first pump of the chain pushes the syringe of the bench, the others push nothing that goes there."""
    data = site.options(PumpData)
    others = [Drive(FluidPath(Line()), travel_ml=10.0) for _ in data.addresses[1:]]
    return HarvardChain(data, [site.drive(), *others])
