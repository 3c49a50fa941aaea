"""What every simulated SCPI instrument has: messages, answers, the status model and the common commands.

To build one, derive from ``ScpiDevice``, give it a table of headers and a ``Tree`` of it, and write one method per query and
per setting::

    class Supply(ScpiDevice):
        def voltage(self, given: Given) -> str:                 # a query returns its answer
            return self.nr3(self.set_v)
        def set_voltage(self, given: Given) -> None:            # a setting takes its parameters; ScpiError refuses them
            self.set_v = given.number("V", low=0.0, high=30.0, DEFault=0.0)
        def reset(self) -> None: ...                            # *RST
        tree = Tree({**COMMON, "[:SOURce<1:3>]:VOLTage[:LEVel]": Command(voltage, set_voltage, asks=(0, 1), takes=(1, 1))})

What takes time: return ``Later(ready, answer)``, tell ``next_event_s``, do in ``happen`` what is due; ``busy`` says whether an
overlapped operation (INIT) is under way, on which ``*OPC``, ``*OPC?`` and ``*WAI`` wait. Conditions go into
``status.operation.become(bits)`` and ``status.questionable.become(bits)``; registers of outputs into ``status.nested``, with
``register_commands`` for their headers. What differs between makers is in ``Persona``.

After an error the rest of its message is not executed if the message itself was wrong (a command error); after a setting that
was refused it is. That is how IEEE 488.2 has it; the protocol reference says nothing of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from instruments.identity import Identity
from instruments.sim.device import SimDevice
from instruments.sim.scpi_commands import Answer, Command, Given, Later, Tree, action
from instruments.sim.scpi_status import OPC, ErrorQueue, EventRegister, Status
from instruments.stamped import NOTHING
from instruments.wire import scpi as wire
from instruments.wire import scpi_response as response
from instruments.wire.framing import Framer
from instruments.wire.scpi import Unit
from instruments.wire.scpi_errors import CME, ScpiError, event_bit

__all__ = ["COMMON", "Answer", "Command", "Given", "Later", "Persona", "ScpiDevice", "Tree", "action", "register_commands"]


@dataclass(frozen=True, slots=True)
class Persona:
    """How a maker writes what the standard leaves open.

    ``strict``: the message exchange of IEEE 488.2 (a message that comes before the answer was read discards it, -410), as on
    USBTMC and GPIB; without, as on most raw sockets and serial lines, every answer goes out in its turn. ``unknown_word`` is the
    error for a word that is none of those expected: -141, on some models -224.
    """

    maker: str
    identity: Identity
    signed_nr1: bool = True
    signed_codes: bool = True
    opc_answer: str = "1"
    options: str = "0"
    scpi_version: str = "1994.0"
    unknown_word: int = -141
    queue_depth: int = 20
    error_texts: Mapping[int, str] = field(default_factory=dict)
    blames: bool = False
    """Whether an error tells what it met: ``-113,"Undefined header;FOO"``."""
    strict: bool = False
    end: bytes = wire.END


class ScpiDevice(SimDevice):
    """Takes messages, executes their units in order, answers each message with one line."""

    framer: Framer = staticmethod(wire.message_ends)
    tree: Tree

    def __init__(self, persona: Persona, *, baudrate: int, latency_s: float) -> None:
        super().__init__(baudrate=baudrate, latency_s=latency_s)
        self.persona = persona
        self.status = Status(ErrorQueue(persona.queue_depth, persona.error_texts, persona.blames))
        self._messages: deque[bytes] = deque()
        self._units: deque[Unit | ScpiError] = deque()
        self._answers: list[str] = []
        self._held: Later | None = None
        self._opc_wanted = False

    # --- for subclasses ---

    def busy(self) -> bool:
        """Whether an overlapped operation is under way."""
        return False

    def happen(self) -> None:
        """Do what is due at ``now_s``."""

    def reset(self) -> None:
        """``*RST``: the settings of the device itself."""

    def trigger(self) -> None:
        """``*TRG``. Raises ScpiError -211 where nothing waits for it."""
        raise ScpiError(-211)

    def nr1(self, value: int) -> str:
        return response.nr1(value, signed=self.persona.signed_nr1)

    def nr3(self, value: float) -> str:
        return response.nr3(value)

    # --- the line ---

    def obey(self, frame: bytes) -> None:
        if self.persona.strict and self.unread:
            self._interrupt()
        self._messages.append(frame)
        self._run()

    @property
    def unread(self) -> bool:
        """Whether an answer is being made, is on its way, or waits at the host to be taken."""
        answering = self._held is not None or bool(self._answers)
        return answering or self.waiting > 0 or self.next_output_s() < float("inf")

    def _interrupt(self) -> None:
        """A message came before the answer to the one before it was read: that answer is lost."""
        self._units.clear()
        self._answers.clear()
        self._held = None
        self._outbox.clear()
        self._sent.clear()
        self._on_the_way = self._arrived = NOTHING
        self._free_s = self.now_s
        self.status.report(ScpiError(-410))

    def asked_to_talk(self) -> None:
        """The host reads a message (as on USBTMC or GPIB): -420 when there is none and none in the making."""
        if not self.unread:
            self.status.report(ScpiError(-420))

    def advance_to(self, now_s: float) -> None:
        self.now_s = now_s
        self.happen()
        self._run()
        super().advance_to(now_s)

    # --- execution ---

    def _run(self) -> None:
        """Execute what can be executed now; what is held goes on later."""
        while self._step():
            self._note_completion()
        self._note_completion()

    def _step(self) -> bool:
        """One step on; False when there is nothing to do but wait."""
        if self._held is not None:
            return self._release(self._held)
        if self._units:
            self._execute(self._units.popleft())
            return True
        if self._answers:
            self.send(response.encode_response(self._answers, self.persona.end))
            self._answers.clear()
            return True
        if self._messages:
            self._parse(self._messages.popleft())
            return True
        return False

    def _parse(self, frame: bytes) -> None:
        try:
            for unit in wire.decode_message(frame):
                self._units.append(unit)
        except ScpiError as err:
            self._units.append(err)

    def _release(self, held: Later) -> bool:
        if not held.ready():
            return False
        self._held = None
        self._try(held.answer)
        return True

    def _execute(self, unit: Unit | ScpiError) -> None:
        self._try(lambda: self._answer(unit))

    def _try(self, act: Callable[[], Answer]) -> None:
        try:
            answer = act()
        except ScpiError as err:
            self.status.report(err)
            if event_bit(err.code) == CME:
                self._units.clear()
            return
        if isinstance(answer, Later):
            self._held = answer
        elif answer is not None:
            self._answers.append(answer)

    def _answer(self, unit: Unit | ScpiError) -> Answer:
        if isinstance(unit, ScpiError):
            raise unit
        command, suffixes = self.tree.find(unit.header)
        act, (fewest, most) = (command.query, command.asks) if unit.query else (command.set, command.takes)
        if act is None:
            raise ScpiError(-113, unit.header.removeprefix(":"))
        if not fewest <= len(unit.parameters) <= most:
            raise ScpiError(-109 if len(unit.parameters) < fewest else -108)
        return act(self, Given(unit, suffixes, self.persona.unknown_word))

    def _note_completion(self) -> None:
        if self._opc_wanted and not self.busy():
            self._opc_wanted = False
            self.status.standard.happen(OPC)

    # --- common commands ---

    def clear_status(self, given: Given) -> None:
        self._opc_wanted = False
        self.status.clear()

    def reset_command(self, given: Given) -> None:
        self._opc_wanted = False
        self.reset()

    def identify(self, given: Given) -> str:
        return response.identity_text(self.persona.maker, self.persona.identity)

    def note_operations(self, given: Given) -> None:
        self._opc_wanted = True

    def await_operations(self, given: Given) -> Later:
        return Later(lambda: not self.busy(), lambda: self.persona.opc_answer)

    def hold(self, given: Given) -> Later:
        return Later(lambda: not self.busy(), lambda: None)

    def status_byte(self, given: Given) -> str:
        available = bool(self._answers) or (self.persona.strict and self.waiting > 0)
        return self.nr1(self.status.byte(message_available=available))

    def set_power_on_clear(self, given: Given) -> None:
        self.status.power_on_clears = given.boolean()

    def next_error(self, given: Given) -> str:
        return response.error_text(self.status.errors.take(), signed=self.persona.signed_codes)

    def trigger_command(self, given: Given) -> None:
        self.trigger()


def register_commands(root: str, register: Callable[[ScpiDevice, Given], EventRegister]) -> dict[str, Command]:
    """The headers of an event register under ``root``: condition, event, enable."""

    def enable(device: ScpiDevice, given: Given) -> None:
        register(device, given).set_enable(given.number())

    return {
        f"{root}:CONDition": Command(lambda device, given: device.nr1(register(device, given).condition)),
        f"{root}[:EVENt]": Command(lambda device, given: device.nr1(register(device, given).read())),
        f"{root}:ENABle": Command(lambda device, given: device.nr1(register(device, given).enable), enable),
    }


COMMON: Mapping[str, Command] = {
    "*CLS": action(ScpiDevice.clear_status),
    "*ESE": Command(
        lambda device, _: device.nr1(device.status.standard.enable),
        lambda device, given: device.status.set_standard_enable(given.number()),
    ),
    "*ESR": Command(lambda device, _: device.nr1(device.status.standard.read())),
    "*IDN": Command(ScpiDevice.identify),
    "*OPC": Command(ScpiDevice.await_operations, ScpiDevice.note_operations, takes=(0, 0)),
    "*OPT": Command(lambda device, _: device.persona.options),
    "*PSC": Command(lambda device, _: device.nr1(int(device.status.power_on_clears)), ScpiDevice.set_power_on_clear),
    "*RST": action(ScpiDevice.reset_command),
    "*SRE": Command(
        lambda device, _: device.nr1(device.status.service_enable),
        lambda device, given: device.status.set_service_enable(given.number()),
    ),
    "*STB": Command(ScpiDevice.status_byte),
    "*TRG": action(ScpiDevice.trigger_command),
    "*TST": Command(lambda device, _: device.nr1(0)),
    "*WAI": action(ScpiDevice.hold),
    "SYSTem:ERRor[:NEXT]": Command(ScpiDevice.next_error),
    "SYSTem:ERRor:COUNt": Command(lambda device, _: device.nr1(len(device.status.errors))),
    "SYSTem:VERSion": Command(lambda device, _: device.persona.scpi_version),
    "STATus:PRESet": action(lambda device, _: device.status.preset()),
    **register_commands("STATus:OPERation", lambda device, _: device.status.operation),
    **register_commands("STATus:QUEStionable", lambda device, _: device.status.questionable),
}
