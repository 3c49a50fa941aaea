"""Driver of the New Era NE-1000 family (and its relabels) in Basic and Safe mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from instruments.driver import Driver
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError
from instruments.identity import Identity
from instruments.link import Link
from instruments.port import LineSettings
from instruments.pumps import PumpStatus, Step
from instruments.pumps.new_era_phases import Phases, check_profile
from instruments.pumps.new_era_probe import PROBE, identity_of
from instruments.pumps.new_era_talk import Talk
from instruments.settings import check_taken
from instruments.wire import new_era as wire
from instruments.wire import new_era_values as values

_STOP_TRIES, _LOOKS = 4, 2
_LONGEST_WATCH_S = 255
_ONE_PHASE, _PROFILE, _UNFINISHED = "one phase", "profile", "unfinished"


class NewEraPump:
    """One pump on a line. Rates and volumes are sent in the unit in which the pump's four digits lose least.

    While the pump runs its rate unit cannot be changed: a rate that the running unit cannot carry is refused, not rounded.
    """

    def __init__(self, link: Link, *, address: int = 0) -> None:
        self._talk = Talk(link, address)
        self._phases = Phases(self._talk)
        self._watch_s, self._target_ml = 0, 0.0
        self._phased, self._program = True, _ONE_PHASE

    def connect(self) -> Identity:
        """Leave Safe mode if the pump is in it, take note of a pending alarm, stop, make its program one phase, clear the total.

        A program that somebody left in the pump would go on where the target volume is reached.
        """
        self._talk.command_past_alarm("SAF0", packet=True)
        self._watch_s = 0
        identity = self._introduced()
        self.stop()
        self._make_one_phase()
        self._talk.command("CLDINF")
        self._talk.forget_alarms()
        return identity

    def resume(self) -> Identity:
        """Find the mode that the pump is in, go back to the watchdog that was armed, and ask who it is. Nothing else is changed.

        An alarm that was raised meanwhile (the watchdog's, or that of an interrupted power) is told by the next ``poll``.
        """
        self._talk.settle()
        for _ in range(_LOOKS):
            if not self._talk.ask_keeping_alarm("", packet=True).alarm:
                break
        if self._talk.safe != (self._watch_s > 0):
            self._talk.command(f"SAF{self._watch_s}")
        return self._introduced()

    def _introduced(self) -> Identity:
        version = self._talk.data("VER")
        identity = identity_of(version)
        if identity is None:
            raise ReplyError("this is not the version of a New Era pump", version.encode("ascii"))
        return identity

    # --- settings ---

    def set_syringe(self, inner_diameter_mm: float) -> float:
        taken_mm, shifted = self._phases.set_diameter(inner_diameter_mm)
        if shifted:
            self._restate_volumes()
        return taken_mm

    def _restate_volumes(self) -> None:
        """The pump keeps its numbers when their unit changes: microlitres would now be millilitres."""
        if self._program == _ONE_PHASE:
            self.set_target(self._target_ml)
        else:
            self._program = _UNFINISHED

    def set_rate(self, rate_ml_h: float) -> float:
        """Also while the pump runs, at one rate, within the unit that it runs in. Ends a profile."""
        self._end_profile()
        self._phases.write_rate(rate_ml_h)
        return self._phases.read_rate(rate_ml_h)

    def set_target(self, volume_ml: float) -> float:
        """Ends a profile."""
        self._end_profile()
        self._phases.use_unit_for([volume_ml])
        self._phases.write_volume(volume_ml)
        self._target_ml = self._phases.read_volume(volume_ml)
        return self._target_ml

    def arm_watchdog(self, timeout_s: float) -> float:
        """Safe mode, in whole seconds (to 255), never fewer than asked: every packet restarts the timeout.

        The reply already uses the framing of the new mode.
        """
        if not 0 <= timeout_s <= _LONGEST_WATCH_S:
            raise Refused(f"a watchdog of {timeout_s:g} s: the pump takes 0 to {_LONGEST_WATCH_S} s", "?OOR")
        self._watch_s = math.ceil(timeout_s)
        self._talk.command(f"SAF{self._watch_s}")
        data = self._talk.data("SAF")
        return check_taken("SAF", self._watch_s, "s", float(data) if data.isdecimal() else None, resolution=0)

    # --- profile ---

    def set_profile(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """One phase for each step (40 at most); the last may have volume 0 and then goes on until stopped.

        All phases are read back after the last was written. Raises Refused, with the pump's ``?``, where it has no phases.
        """
        check_profile(steps)
        if not self._phased:
            raise Refused("this pump knows no phases, and so no profile", "?")
        self._phases.select(1)
        self._program = _UNFINISHED
        taken = self._phases.write(steps)
        self._program = _PROFILE
        return taken

    def _end_profile(self) -> None:
        if self._program != _ONE_PHASE:
            self._make_one_phase()
            self.set_target(self._target_ml)

    def _make_one_phase(self) -> None:
        self._phased = self._phases.make_one()
        self._program = _ONE_PHASE

    # --- running ---

    def start(self) -> None:
        """Raises Refused when the pump does not say that it infuses; if it does anything else, it is stopped."""
        if self._program == _UNFINISHED:
            raise Refused("the profile was not written to its end; set it again, or set a rate", "")
        self._talk.command("DIRINF")
        reply = self._talk.command("RUN")
        if reply.status in wire.RUNNING - {"I"}:
            self.stop()
        if reply.status != "I":
            raise Refused(f"the pump did not start to infuse ({wire.STATUS_WORDS[reply.status]})", reply.status + reply.data)

    def stop(self) -> None:
        """Stop for good: the first STP pauses, the second ends the program; then the pump has to say so itself.

        A lost reply does not matter here, since a second STP only stops for good. After one the framing is changed: the pump
        may be in another mode than it was.
        """
        packet = False
        for _ in range(_STOP_TRIES):
            heard = self._status_after("STP", packet=packet)
            if heard == "S":
                break
            packet = packet != (not heard)
        for _ in range(_LOOKS):
            heard = self._status_after("", packet=packet)
            if heard in ("S", "P"):
                return
            packet = packet != (not heard)
        raise SafetyError("the pump does not confirm that it stands; stop it by hand now")

    def _status_after(self, text: str, *, packet: bool) -> str:
        try:
            return self._talk.ask_keeping_alarm(text, packet=packet).status
        except ReplyTimeout:
            return ""

    def poll(self) -> PumpStatus:
        """An alarm is told once. Whether the pump runs is what it says now: one may go on by itself after a power failure."""
        answer = self._talk.ask("")
        alarms = self._talk.alarms(answer)
        frame, reply = alarms[0] if alarms else answer
        self._talk.keep([heard for heard in alarms if heard[1].alarm != reply.alarm])
        word = wire.ALARM_WORDS[reply.alarm] if reply.alarm else wire.STATUS_WORDS[reply.status]
        return PumpStatus(self._talk.running, word, reply.alarm, frame.stamp_us, wire.ALARM_KINDS.get(reply.alarm, ""))

    def infused_ml(self) -> float:
        data = self._talk.data("DIS")
        dispensed = values.parse_dispensed(data)
        if dispensed is None:
            raise Refused("the pump did not say what it has dispensed", data)
        if dispensed.full:
            raise Refused("the pump's total has come to its last digit and is no longer true; connect again to clear it", data)
        return dispensed.infused_ml


@dataclass(frozen=True, slots=True)
class NewEraOptions:
    """``unit`` is the pump's address on a daisy chain, 0 to 99."""

    unit: Annotated[int, Field(ge=0, le=99)] = 0


DRIVER = Driver(
    framer=wire.reply_ends,
    make=lambda link, options: NewEraPump(link, address=options.unit),
    options=NewEraOptions,
    can=frozenset({"syringe", "target-volume", "totals", "bolus-on-basal", "alarms-unsolicited", "watchdog"}),
    line=LineSettings(baudrate=19200),
    probe=PROBE,
)
"""``bolus-on-basal`` is of the models that have a program (not of the NE-300 class, which refuses a profile)."""
