"""Driver of Harvard pumps that speak the Model 44 command set.

An infusion: rate, target volume, start, stop. Left out: what the wire module leaves out, and the refill rate.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from instruments.driver import Driver, Probe
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.port import LineSettings
from instruments.pumps import PumpStatus
from instruments.settings import check_taken
from instruments.wire import harvard_44 as wire
from instruments.wire.harvard_44 import Command, Printed, Reply

_REPLY_TIMEOUT_S = 1.0
_LOOK_TIMEOUT_S = 0.3
"""Of the look at the pump before it is stopped: three times what a reply may take."""
_TRIES = 4
_ALARM = "*"
_HALF_STEP = 0.500001
"""Of the last place that the pump prints: what rounding costs, and a little for the arithmetic."""
_VOLUME_MODES = ("VOL", "VLM")
"""The manual has the first, a client that works has the second."""
_VERSION = re.compile(r" *(PHD[\x20-\x7e]*?) *\Z")


class Harvard44Pump:
    """One pump on one line. Rates are sent in the unit in which the pump's six characters lose least.

    An interruption that nobody asked for is a stall; it is told once, by the poll that follows it.
    """

    def __init__(self, link: Link, *, address: int = 0) -> None:
        self._link = link
        self._address = address
        self._infusing = False
        self._stalled_us: int | None = None
        self._before_ml = 0.0

    def connect(self) -> Identity:
        """Make sure of the family with a question that harms no other, read the version, stop, clear the total.

        Raises ReplyError when it is another pump with this command set than a PHD.
        """
        self._look(_REPLY_TIMEOUT_S)
        identity = self._version()
        self.stop()
        self._set("MOD", "PMP")
        self._set("CLD")
        self._link.unsolicited()
        self._before_ml, self._stalled_us = 0.0, None
        return identity

    def resume(self) -> Identity:
        self._link.settle()
        return self._version()

    def set_syringe(self, inner_diameter_mm: float) -> float:
        """The pump sets its rates to zero and switches auto-fill off."""
        self._set("DIA", _number(inner_diameter_mm, "mm"))
        return self._took("DIA", inner_diameter_mm, "mm", wire.read_diameter)

    def set_rate(self, rate_ml_h: float) -> float:
        self._set("RAT", _rate_text(rate_ml_h))
        return self._took("RAT", rate_ml_h, "mL/h", wire.read_rate)

    def set_target(self, volume_ml: float) -> float:
        """0: pump mode, which knows no target; else volume mode."""
        if volume_ml == 0:
            self._set_mode(("PMP",), "PUMP")
            return 0.0
        self._set_mode(_VOLUME_MODES, "VOLUME")
        self._set("TGT", _number(volume_ml, "mL"))
        return self._took("TGT", volume_ml, "mL", wire.read_volume)

    def start(self) -> None:
        """Infuse; the pump's own counter begins at zero, so that an old total does not meet the target.

        RUN is sent once: whether it was obeyed is asked, as its own reply may come late or with the prompt of before.
        """
        self._before_ml += self._counted_ml()
        self._set("CLD")
        self._set("DIR", "INF")
        with suppress(ReplyTimeout):
            self._set("RUN")
        prompts = (self._look(_REPLY_TIMEOUT_S).prompt for _ in range(_TRIES))
        if not any(prompt == ">" for prompt in prompts):
            raise Refused("the pump does not say that it infuses", self._look(_REPLY_TIMEOUT_S).prompt)
        self._infusing = True

    def stop(self) -> None:
        """A stall shows until the pump is stopped, so there is a look at it first."""
        with suppress(ReplyTimeout):
            self._look(_LOOK_TIMEOUT_S)
        self._infusing = False
        for _ in range(_TRIES):
            with suppress(ReplyTimeout, Refused):
                self._set("STP")
            with suppress(ReplyTimeout):
                if self._look(_REPLY_TIMEOUT_S).prompt in wire.STANDING:
                    return
        raise SafetyError("the pump does not confirm that it stands; stop it by hand now")

    def poll(self) -> PumpStatus:
        frame, reply = self._exchange(Command(self._address), asks=False)
        self._notice(frame, reply)
        word, running = wire.PROMPT_WORDS[reply.prompt], reply.prompt not in wire.STANDING
        stalled_us, self._stalled_us = self._stalled_us, None
        if stalled_us is not None:
            return PumpStatus(running, f"{word}: the motor has stalled", _ALARM, stalled_us, "stall")
        return PumpStatus(running, word, "", frame.stamp_us)

    def infused_ml(self) -> float:
        return self._before_ml + self._counted_ml()

    def arm_watchdog(self, timeout_s: float) -> float:
        raise Refused("a pump with the Model 44 command set has no watchdog", "")

    # --- questions ---

    def _look(self, timeout_s: float) -> Reply:
        """Ask for the prompt."""
        frame, reply = self._exchange(Command(self._address), asks=False, timeout_s=timeout_s)
        self._notice(frame, reply)
        return reply

    def _notice(self, frame: Frame, reply: Reply) -> None:
        if self._infusing and reply.prompt == _ALARM:
            self._infusing, self._stalled_us = False, frame.stamp_us

    def _version(self) -> Identity:
        """Half a command that the pump still holds spoils the first question and is gone with it."""
        try:
            frame, reply = self._obeyed(Command(self._address, "VER"), asks=True)
        except Refused:
            frame, reply = self._obeyed(Command(self._address, "VER"), asks=True)
        match = _VERSION.match(reply.text)
        if match is None:
            raise ReplyError("not the version of a PHD", frame.data)
        return Identity("Harvard PHD", firmware=match[1])

    def _counted_ml(self) -> float:
        return self._read("DEL", wire.read_volume).value

    # --- settings ---

    def _set_mode(self, words: tuple[str, ...], printed: str) -> None:
        """Set a mode by the first word for it that the pump knows."""
        for word in words[:-1]:
            with suppress(Refused):
                self._set("MOD", word)
                break
        else:
            self._set("MOD", words[-1])
        _, reply = self._obeyed(Command(self._address, "MOD"), asks=True)
        if reply.text.strip() != printed:
            raise SettingDiffers(f"MOD: asked for {printed}, the pump took {reply.text.strip()}")

    def _took(self, word: str, asked: float, unit: str, read: Callable[[str], Printed | None]) -> float:
        printed = self._read(word, read)
        return check_taken(word, asked, unit, printed.value, resolution=_HALF_STEP * printed.step)

    # --- one exchange ---

    def _set(self, word: str, argument: str = "") -> None:
        self._obeyed(Command(self._address, word, argument), asks=False)

    def _read(self, word: str, read: Callable[[str], Printed | None]) -> Printed:
        frame, reply = self._obeyed(Command(self._address, word), asks=True)
        printed = read(reply.text)
        if printed is None:
            raise ReplyError(f"{word}: not a number of a Model 44 pump", frame.data)
        return printed

    def _obeyed(self, command: Command, *, asks: bool) -> tuple[Frame, Reply]:
        """A command that has to be obeyed. Raises Refused."""
        frame, reply = self._exchange(command, asks=asks)
        if reply.error:
            raise Refused(f"{command.word} {command.argument}: {wire.ERROR_WORDS[reply.error]}", reply.error)
        return frame, reply

    def _exchange(self, command: Command, *, asks: bool, timeout_s: float = _REPLY_TIMEOUT_S) -> tuple[Frame, Reply]:
        """``asks``: the reply has to have a text; other commands are answered by a prompt alone. Either may be refused."""

        def is_answer(frame: bytes) -> bool:
            try:
                reply = wire.decode_reply(frame)
            except ReplyError:
                return False
            return reply.address == self._address and (bool(reply.text) == asks or bool(reply.error))

        frame = self._link.exchange(wire.encode_command(command), timeout_s=timeout_s, wanted=is_answer)
        return frame, wire.decode_reply(frame.data)


def _number(value: float, unit: str) -> str:
    try:
        return wire.number_for_pump(value)
    except ValueError as err:
        raise Refused(f"{value:g} {unit}: {err}", "OOR") from err


def _rate_text(rate_ml_h: float) -> str:
    """The rate in the unit whose six characters come nearest to it."""
    candidates = []
    for unit, (_, unit_ml_h) in wire.RATE_UNITS.items():
        with suppress(ValueError):
            number = wire.number_for_pump(rate_ml_h / unit_ml_h)
            candidates.append((abs(float(number) * unit_ml_h - rate_ml_h), number + unit))
    if not candidates:
        raise Refused(f"{rate_ml_h} mL/h does not fit into the pump's six characters in any unit", "OOR")
    return min(candidates)[1]


def _identify(answer: bytes) -> Identity | None:
    """A prompt with its address, which has no leading zero: no other family answers an address like that."""
    try:
        reply = wire.decode_reply(answer)
    except ReplyError:
        return None
    return Identity("Harvard pump, Model 44 command set") if not reply.text else None


@dataclass(frozen=True, slots=True)
class Harvard44Options:
    """``unit`` is the pump's address on a chain, 0 to 99."""

    unit: int = 0


DRIVER = Driver(
    framer=wire.reply_ends,
    make=lambda link, options: Harvard44Pump(link, address=options.unit),
    options=Harvard44Options,
    can=frozenset({"syringe", "target-volume", "totals"}),
    line=LineSettings(baudrate=9600, stopbits=2),
    probe=Probe(b"0\r", _identify),
)
