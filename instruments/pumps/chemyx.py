"""Driver of Chemyx Fusion pumps: an infusion in mL/h until a volume is reached, or until it is stopped.

The pump has no question for a setting: it answers each with the value that it has then, the old one if it did not take the new.
Left out: what the wire module leaves out, runs of several steps, and withdrawing.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from instruments.driver import Driver, Probe
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.port import LineSettings
from instruments.pumps import PumpStatus
from instruments.settings import check_taken
from instruments.wire import chemyx as wire
from instruments.wire.chemyx import Command

_REPLY_TIMEOUT_S = 1.0
_LOOK_TIMEOUT_S = 0.5
"""Of the look at the pump before it is stopped: what other clients allow for any reply."""
_TRIES = 4
_HALF_STEP = 0.500001
_BELOW = 1 - 1e-4
"""The limit that is printed may be rounded up, and what is above the true one is not taken."""
_ML_H = "1"
_IDENTITY = Identity("Chemyx Fusion")
"""The pump has no command that tells more."""


class ChemyxPump:
    """One pump, or one channel of it, on one line. A stall is told once, by the poll that follows it."""

    def __init__(self, link: Link, *, channel: int = 0) -> None:
        self._link = link
        self._channel = channel
        self._targeted = False
        self._stalled = False
        self._stalled_us: int | None = None
        self._before_ml = 0.0
        self._counted_ml = 0.0

    def connect(self) -> Identity:
        """Make sure that such a pump answers, stop it, set it to mL/h without delay, and begin the total anew."""
        self._first_look()
        self.stop()
        self._set("units", 1)
        self._set("delay", 0)
        self._link.unsolicited()
        self._targeted, self._stalled_us = False, None
        self._counted_ml = self._dispensed_ml()
        self._before_ml = -self._counted_ml
        return _IDENTITY

    def resume(self) -> Identity:
        self._link.settle()
        self._first_look()
        return _IDENTITY

    def set_syringe(self, inner_diameter_mm: float) -> float:
        return self._set("diameter", inner_diameter_mm)

    def set_rate(self, rate_ml_h: float) -> float:
        if rate_ml_h <= 0:
            raise Refused(f"{rate_ml_h:g} mL/h is no rate to infuse at", "")
        return self._set("rate", rate_ml_h)

    def set_target(self, volume_ml: float) -> float:
        """The pump always runs towards a volume: for 0 (never) it is the largest that it takes, the whole travel of the syringe.

        Returns the volume that the pump took in either case.
        """
        if volume_ml < 0:
            raise Refused(f"{volume_ml:g} mL: a negative volume would withdraw", "")
        taken_ml = self._set("volume", volume_ml or self._largest_ml())
        self._targeted = True
        return taken_ml

    def start(self) -> None:
        """``start`` is sent once; whether it was obeyed is asked. Raises Refused when no target was set.

        A volume that somebody has left in the pump could be a negative one.
        """
        if not self._targeted:
            raise Refused("set a target volume before starting: the pump still has somebody else's", "")
        self.infused_ml()
        with suppress(ReplyTimeout):
            self._ask("start")
        if not any(self._look(_REPLY_TIMEOUT_S) == "1" for _ in range(_TRIES)):
            raise Refused("the pump does not say that it runs", self._look(_REPLY_TIMEOUT_S))
        self.infused_ml()

    def stop(self) -> None:
        """A stall shows until the pump is stopped, so there is a look at it first."""
        with suppress(ReplyTimeout, ReplyError, Refused):
            self._look(_LOOK_TIMEOUT_S)
        for _ in range(_TRIES):
            with suppress(ReplyTimeout, Refused):
                self._ask("stop")
            with suppress(ReplyTimeout, ReplyError, Refused):
                if self._look(_REPLY_TIMEOUT_S) in wire.STANDING:
                    return
        raise SafetyError("the pump does not confirm that it stands; stop it by hand now")

    def poll(self) -> PumpStatus:
        frame, status = self._status(_REPLY_TIMEOUT_S)
        running, word = status not in wire.STANDING | {wire.STALL}, wire.STATUS_WORDS[status]
        stalled_us, self._stalled_us = self._stalled_us, None
        if stalled_us is not None:
            return PumpStatus(running, wire.STATUS_WORDS[wire.STALL], wire.STALL, stalled_us, "stall")
        return PumpStatus(running, word, "", frame.stamp_us)

    def infused_ml(self) -> float:
        """Whether the pump's counter goes on over runs or begins anew is not known, so a smaller value is a new beginning."""
        counted_ml = self._dispensed_ml()
        if counted_ml < self._counted_ml:
            self._before_ml += self._counted_ml
        self._counted_ml = counted_ml
        return self._before_ml + counted_ml

    def arm_watchdog(self, timeout_s: float) -> float:
        raise Refused("a Chemyx pump has no watchdog", "")

    # --- questions ---

    def _first_look(self) -> None:
        """Half a command that the pump still holds spoils the first question and is gone with it."""
        try:
            self._look(_REPLY_TIMEOUT_S)
        except (ReplyTimeout, Refused):
            self._look(_REPLY_TIMEOUT_S)

    def _look(self, timeout_s: float) -> str:
        return self._status(timeout_s)[1]

    def _status(self, timeout_s: float) -> tuple[Frame, str]:
        frame, line = self._ask("status" if self._channel else "pump status", timeout_s=timeout_s)
        if line not in wire.STATUS_WORDS:
            raise ReplyError("not a status of a Chemyx pump", frame.data)
        if line == wire.STALL and not self._stalled:
            self._stalled_us = frame.stamp_us
        self._stalled = line == wire.STALL
        return frame, line

    def _dispensed_ml(self) -> float:
        return self._value("dispensed volume", self._ask("dispensed volume"))

    def _largest_ml(self) -> float:
        frame, line = self._ask("read limit parameter")
        limits = wire.read_limits(line)
        if limits is None:
            raise ReplyError("not the limits of a Chemyx pump", frame.data)
        return limits.largest_volume * _BELOW

    # --- one exchange ---

    def _set(self, name: str, asked: float) -> float:
        try:
            text = wire.number_for_pump(asked, name)
        except ValueError as err:
            raise Refused(str(err), "") from err
        taken = self._value(name, self._ask(f"set {name}", text))
        return check_taken(name, asked, _UNITS[name], taken, resolution=_HALF_STEP * 10.0 ** -wire.DECIMALS[name])

    def _value(self, name: str, answer: tuple[Frame, str]) -> float:
        frame, line = answer
        value = wire.read_value(line, name)
        if value is None:
            raise ReplyError(f"{name}: not a value of a Chemyx pump", frame.data)
        return value

    def _ask(self, words: str, values: str = "", *, timeout_s: float = _REPLY_TIMEOUT_S) -> tuple[Frame, str]:
        """One command and the one line that answers it. Raises Refused."""
        command = Command(words, values, self._channel)

        def is_answer(frame: bytes) -> bool:
            """With the echo on the pump repeats the question; without it the line has to look like an answer to it."""
            try:
                reply = wire.decode_reply(frame)
            except ReplyError:
                return False
            if len(reply.lines) != 1:
                return False
            echoed = reply.echo is not None and reply.echo.rstrip() == wire.command_text(command)
            return echoed or (reply.echo is None and _looks_like(reply.lines[0], words))

        frame = self._link.exchange(wire.encode_command(command), timeout_s=timeout_s, wanted=is_answer)
        line = wire.decode_reply(frame.data).lines[0]
        if line == wire.INVALID:
            raise Refused(f"{wire.command_text(command)}: the pump does not know this command", line)
        return frame, line


_UNITS = {"units": "", "delay": "min", "diameter": "mm", "rate": "mL/h", "volume": "mL"}
_ANSWERS = {f"set {name}": f"{name} = " for name in _UNITS} | {
    "start": "Pump (start|delay)",
    "stop": "Pump stop",
    "pump status": r"\d\Z",
    "status": r"\d\Z",
    "dispensed volume": "dispensed volume = ",
    "read limit parameter": r"[\d.]+ ",
}
"""How the answer to each command begins."""


def _looks_like(line: str, words: str) -> bool:
    return line == wire.INVALID or re.match(_ANSWERS[words], line, re.ASCII) is not None


def _identify(answer: bytes) -> Identity | None:
    try:
        lines = wire.decode_reply(answer).lines
    except ReplyError:
        return None
    return _IDENTITY if len(lines) == 1 and wire.read_value(lines[0], "dispensed volume") is not None else None


@dataclass(frozen=True, slots=True)
class ChemyxOptions:
    """``channel`` of a pump that has several, from 1; 0: the pump has one and no number stands before its commands."""

    channel: int = 0


DRIVER = Driver(
    framer=wire.reply_ends,
    make=lambda link, options: ChemyxPump(link, channel=options.channel),
    options=ChemyxOptions,
    can=frozenset({"syringe", "target-volume", "totals"}),
    line=LineSettings(baudrate=38400),
    probe=Probe(b"dispensed volume\r", _identify),
)
