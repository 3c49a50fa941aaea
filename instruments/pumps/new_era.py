"""Driver of the New Era NE-1000 family in Basic and Safe mode."""

from __future__ import annotations

import math
from dataclasses import dataclass

from instruments.driver import Driver
from instruments.errors import PumpAlarm, Refused, ReplyError, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.ports import LineSettings
from instruments.pumps import PumpStatus
from instruments.wire import new_era as wire
from instruments.wire.new_era import Reply

_REPLY_TIMEOUT_S = 1.0
_RESOLUTION = 6e-4
"""Four significant places: half a step of the last one is 0.05 %; a little more for the pump's own rounding."""
_STOP_TRIES = 4


class NewEraPump:
    """One pump on one line. Rates are sent in the unit in which the pump's four digits lose least."""

    def __init__(self, link: Link, *, address: int = 0) -> None:
        self._link = link
        self._address = address
        self._safe = False
        self._met: list[tuple[Frame, Reply]] = []  # alarms that answered a stop, for the next poll to tell

    def connect(self) -> Identity:
        """Leave Safe mode if the pump is in it, take note of a pending alarm, stop, clear the totals."""
        self._safe = True
        self._ask_past_alarm("SAF0")
        self._safe = False
        version = self._command("VER").data
        self.stop()
        self._command("CLDINF")
        self._link.unsolicited()
        self._met.clear()
        return Identity(model=f"New Era {version.partition('V')[0]}", firmware=version)

    def resume(self) -> Identity:
        """Find the mode the pump is in now (it may have been switched off meanwhile) and ask for its version."""
        self._link.settle()
        version = self._command("VER").data
        return Identity(model=f"New Era {version.partition('V')[0]}", firmware=version)

    def set_syringe(self, inner_diameter_mm: float) -> float:
        self._command(f"DIA{wire.number_for_pump(inner_diameter_mm)}")
        self._command("VOLML")
        return self._took("DIA", inner_diameter_mm, "mm", wire.parse_printed(self._command("DIA").data))

    def set_rate(self, rate_ml_h: float) -> float:
        self._command(f"RAT{_rate_text(rate_ml_h)}")
        return self._took("RAT", rate_ml_h, "mL/h", wire.parse_rate(self._command("RAT").data))

    def set_target(self, volume_ml: float) -> float:
        self._command(f"VOL{wire.number_for_pump(volume_ml)}")
        return self._took("VOL", volume_ml, "mL", wire.parse_volume(self._command("VOL").data))

    def start(self) -> None:
        self._command("DIRINF")
        reply = self._command("RUN")
        if reply.status not in wire.RUNNING:
            raise Refused("the pump did not start", reply.status + reply.data)

    def stop(self) -> None:
        """Stop for good: the first STP pauses, the second ends the program; then the pump has to say so itself."""
        for _ in range(_STOP_TRIES):
            if self._ask_keeping_alarm("STP").status == "S":
                break
        if self._ask_keeping_alarm("").status in wire.RUNNING:
            raise SafetyError("the pump does not confirm that it stands; stop it by hand now")

    def poll(self) -> PumpStatus:
        frame, reply = self._exchange("")
        heard = [Frame(*piece) for piece in self._link.unsolicited()]
        alarms = [(frame, reply)] if reply.alarm else []
        alarms = self._met + [(early, other) for early in heard if (other := _as_alarm(early.data)) is not None] + alarms
        if alarms:
            frame, reply = alarms[0]
        self._met = [(later, other) for later, other in alarms[1:] if other.alarm != reply.alarm]
        word = wire.ALARM_WORDS[reply.alarm] if reply.alarm else wire.STATUS_WORDS[reply.status]
        return PumpStatus(reply.status in wire.RUNNING, word, reply.alarm, frame.stamp_us, wire.ALARM_KINDS.get(reply.alarm, ""))

    def infused_ml(self) -> float:
        reply = self._command("DIS")
        dispensed = wire.parse_dispensed(reply.data)
        if dispensed is None:
            raise Refused("the pump did not say what it has dispensed", reply.data)
        return dispensed.infused_ml

    def arm_watchdog(self, timeout_s: float) -> float:
        """Safe mode, in whole seconds, never fewer than asked: every packet restarts the timeout.

        The reply already uses the framing of the new mode.
        """
        seconds = math.ceil(timeout_s)
        self._command(f"SAF{seconds}")
        self._safe = seconds > 0
        data = self._command("SAF").data
        return self._took("SAF", seconds, "s", float(data) if data.isdecimal() else None)

    # --- one exchange ---

    def _command(self, text: str) -> Reply:
        """A command that has to be obeyed. Raises PumpAlarm or Refused."""
        reply = self._ask(text)
        if reply.alarm:
            raise PumpAlarm(f"{text or 'status'}: the pump raised an alarm ({wire.ALARM_WORDS[reply.alarm]})", reply.alarm)
        if reply.error:
            meaning = wire.ERROR_WORDS.get(reply.error, "refused")
            raise Refused(f"{text}: {meaning}", reply.error)
        return reply

    def _ask_past_alarm(self, text: str) -> Reply:
        """An alarm answers the next command whatever it is and so is acknowledged; then the command is sent again."""
        reply = self._ask(text)
        return self._ask(text) if reply.alarm else reply

    def _ask_keeping_alarm(self, text: str) -> Reply:
        """An alarm that answers is acknowledged by that, so it is kept for the next poll to tell."""
        frame, reply = self._exchange(text)
        if reply.alarm:
            self._met.append((frame, reply))
        return reply

    def _ask(self, text: str) -> Reply:
        return self._exchange(text)[1]

    def _exchange(self, text: str) -> tuple[Frame, Reply]:
        request = wire.encode_command(f"{self._address}{text}", safe=self._safe)
        frame = self._link.exchange(request, timeout_s=_REPLY_TIMEOUT_S, wanted=self._is_mine)
        reply = wire.decode_reply(frame.data)
        if reply.alarm and self._safe:
            self._link.settle()  # in Safe mode the alarm may also be on its way by itself: do not take it for the next reply
        return frame, reply

    def _is_mine(self, frame: bytes) -> bool:
        try:
            return wire.decode_reply(frame).address == self._address
        except ReplyError:
            return False

    def _took(self, name: str, asked: float, unit: str, taken: float | None) -> float:
        if taken is None:
            raise SettingDiffers(f"{name}: asked for {asked:g} {unit}, and the pump does not say what it took")
        if abs(taken - asked) > abs(asked) * _RESOLUTION:
            raise SettingDiffers(f"{name}: asked for {asked:g} {unit}, the pump took {taken:g} {unit}")
        return taken


def _as_alarm(frame: bytes) -> Reply | None:
    try:
        reply = wire.decode_reply(frame)
    except ReplyError:
        return None
    return reply if reply.alarm else None


def _rate_text(rate_ml_h: float) -> str:
    """The rate in the unit whose four digits come nearest to it."""
    candidates = []
    for unit, unit_ml_h in wire.RATE_UNITS_ML_H.items():
        try:
            number = wire.number_for_pump(rate_ml_h / unit_ml_h)
        except ValueError:
            continue
        candidates.append((abs(float(number) * unit_ml_h - rate_ml_h), number + unit))
    if not candidates:
        raise Refused(f"{rate_ml_h} mL/h does not fit into the pump's four digits in any unit", "?OOR")
    return min(candidates)[1]


@dataclass(frozen=True, slots=True)
class NewEraOptions:
    """``unit`` is the pump's address on a daisy chain, 0 to 99."""

    unit: int = 0


DRIVER = Driver(
    framer=wire.reply_ends,
    make=lambda link, options: NewEraPump(link, address=options.unit),
    options=NewEraOptions,
    can=frozenset({"syringe", "target-volume", "totals", "alarms-unsolicited", "watchdog"}),
    line=LineSettings(baudrate=19200),
)
