"""Driver of pumps with the Ultra command set: PHD ULTRA, Pump 11 Elite, Legato.

An infusion in the Quick Start mode: rate, target volume, start, stop. Left out: withdrawing, ramps, target times, stored methods,
digital lines. The pump is kept in ``poll on``, in which every reply ends with an XON and nothing comes unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from instruments.driver import Driver, Probe
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.port import LineSettings
from instruments.pumps import PumpStatus
from instruments.settings import check_taken
from instruments.wire import harvard as wire
from instruments.wire import harvard_numbers as numbers
from instruments.wire.harvard import Command, Reply
from instruments.wire.harvard_numbers import Printed

_REPLY_TIMEOUT_S = 1.0
_LOOK_TIMEOUT_S = 0.3
"""Of what goes before a command that matters more: three times what a reply may take."""
_TRIES = 4
_HALF_STEP = 0.500001
"""Of the last place that the pump prints: what rounding costs, and a little for the arithmetic."""
_ALARMS = frozenset({"*", ">*", "<*"})
_STARTED = frozenset({">", "T*"})
_NO_TARGET = "Target volume not set"
_PER_HOUR = {unit: ml_h for unit, ml_h in numbers.RATE_UNITS_ML_H.items() if unit.endswith("/hr")}


class Look(NamedTuple):
    prompt: str
    running: bool
    stamp_us: int


class HarvardPump:
    """One pump on one line, spoken to by its address. Numbers are sent in the largest unit of which there is one or more.

    A stall (or a limit switch that was hit) shows until the pump is stopped; it is told once, by the poll that follows it.
    """

    def __init__(self, link: Link, *, address: int = 0) -> None:
        self._link = link
        self._address = address
        self._polled, self._told = False, False
        self._alarm: Look | None = None
        self._before_ml = 0.0

    def connect(self) -> Identity:
        """Read who it is, stop, clear targets, ramps and totals. Raises ReplyError for a pump of another command set."""
        identity = self._identity()
        self.stop()
        for word in ("ctvolume", "cttime", "cvolume", "ctime"):
            self._set(word)
        self._link.unsolicited()
        self._before_ml, self._alarm = 0.0, None
        return identity

    def resume(self) -> Identity:
        self._link.settle()
        self._polled = False
        return self._identity()

    def set_syringe(self, inner_diameter_mm: float) -> float:
        self._set("diameter", _number(inner_diameter_mm, "mm", {"mm": 1.0}, decimals=4)[0])
        return self._took("diameter", inner_diameter_mm, "mm", numbers.read_diameter)

    def set_rate(self, rate_ml_h: float) -> float:
        self._set("irate", *_number(rate_ml_h, "mL/h", _PER_HOUR))
        return self._took("irate", rate_ml_h, "mL/h", numbers.read_rate)

    def set_target(self, volume_ml: float) -> float:
        if volume_ml == 0:
            self._set("ctvolume")
            _, told = self._read("tvolume")
            if told != _NO_TARGET:
                raise SettingDiffers(f"tvolume: asked for no target, the pump says {told!r}")
            return 0.0
        self._set("tvolume", *_number(volume_ml, "mL", numbers.VOLUME_UNITS_ML))
        return self._took("tvolume", volume_ml, "mL", numbers.read_volume)

    def start(self) -> None:
        """Infuse; the pump's own counter begins at zero, so that an old total does not meet the target.

        The run is sent once: whether it was obeyed is asked, as its reply may be lost or carry the prompt of before.
        """
        self._before_ml += self._counted_ml()
        self._set("civolume")
        with suppress(ReplyTimeout):
            self._set("irun")
        looks = (self._look(_REPLY_TIMEOUT_S) for _ in range(_TRIES))
        if not any(look.prompt in _STARTED for look in looks):
            raise Refused("the pump does not say that it infuses", self._look(_REPLY_TIMEOUT_S).prompt)

    def stop(self) -> None:
        """The stop is sent whatever is heard of the pump before; a stall is looked for first, as it shows no longer then."""
        with suppress(ReplyTimeout, ReplyError, Refused):
            self._look(_LOOK_TIMEOUT_S)
        for _ in range(_TRIES):
            with suppress(ReplyTimeout, Refused):
                self._set("stp")
            with suppress(ReplyTimeout, ReplyError, Refused):
                if not self._look(_REPLY_TIMEOUT_S).running:
                    return
        raise SafetyError("the pump does not confirm that it stands; stop it by hand now")

    def poll(self) -> PumpStatus:
        look = self._look(_REPLY_TIMEOUT_S)
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            return PumpStatus(look.running, wire.PROMPT_WORDS[alarm.prompt], alarm.prompt, alarm.stamp_us, "stall")
        return PumpStatus(look.running, wire.PROMPT_WORDS[look.prompt], "", look.stamp_us)

    def infused_ml(self) -> float:
        return self._before_ml + self._counted_ml()

    def arm_watchdog(self, timeout_s: float) -> float:
        raise Refused("a pump with the Ultra command set has no watchdog", "")

    # --- questions ---

    def _identity(self) -> Identity:
        """Half a command that the pump still holds, or a touch of its screen, costs the first question."""
        try:
            _, model = self._read("ver")
        except (ReplyTimeout, Refused):
            _, model = self._read("ver")
        frame, reply = self._obeyed("version", asks=True)
        told = {label: text.strip() for label, _, text in (line.partition(":") for line in reply.lines)}
        if "Firmware" not in told:
            raise ReplyError("not the version of a pump with the Ultra command set", frame.data)
        return Identity(model, told.get("Serial number", ""), told["Firmware"])

    def _look(self, timeout_s: float) -> Look:
        """Prompt and status line together: it runs if either says so."""
        frame, reply = self._obeyed("status", asks=True, timeout_s=timeout_s)
        status = wire.decode_status(_single(frame, reply))
        if status is None:
            raise ReplyError("not the status of a pump with the Ultra command set", frame.data)
        prompt = "*" if status.stalled else reply.prompt
        look = Look(prompt, status.running or prompt in wire.RUNNING, frame.stamp_us)
        if prompt in _ALARMS and not self._told:
            self._alarm = look
        self._told = prompt in _ALARMS
        return look

    def _counted_ml(self) -> float:
        return self._printed("ivolume", numbers.read_volume).value

    def _took(self, word: str, asked: float, unit: str, read: Callable[[str], Printed | None]) -> float:
        printed = self._printed(word, read)
        return check_taken(word, asked, unit, printed.value, resolution=_HALF_STEP * printed.step)

    def _printed(self, word: str, read: Callable[[str], Printed | None]) -> Printed:
        frame, told = self._read(word)
        printed = read(told)
        if printed is None:
            raise ReplyError(f"{word}: not a number of a pump with the Ultra command set", frame.data)
        return printed

    def _set(self, word: str, *arguments: str) -> None:
        self._obeyed(word, *arguments, asks=False)

    def _read(self, word: str) -> tuple[Frame, str]:
        frame, reply = self._obeyed(word, asks=True)
        return frame, _single(frame, reply)

    def _obeyed(self, word: str, *arguments: str, asks: bool, timeout_s: float = _REPLY_TIMEOUT_S) -> tuple[Frame, Reply]:
        """A command that has to be obeyed; ``asks``: its reply has to have a text. Raises Refused.

        When the last reply did not come the pump may have forgotten ``poll on`` (it was switched off, its screen was touched).
        """
        if not self._polled:
            with suppress(ReplyTimeout):
                self._exchange("poll", "on", asks=False, timeout_s=_LOOK_TIMEOUT_S)
        self._polled = False
        frame, reply = self._exchange(word, *arguments, asks=asks, timeout_s=timeout_s)
        self._polled = True
        if reply.error:
            raise Refused(f"{' '.join([word, *arguments])}: {reply.error}", reply.lines[0])
        return frame, reply

    def _exchange(self, word: str, *arguments: str, asks: bool, timeout_s: float) -> tuple[Frame, Reply]:
        def is_answer(frame: bytes) -> bool:
            """In full, with the XON, from this pump, with a text if it has to have one; a refusal answers anything."""
            try:
                reply = wire.decode_reply(frame)
            except ReplyError:
                return False
            mine = self._address == (reply.address or 0)
            return mine and frame[-1] == wire.XON and (bool(reply.lines) == asks or bool(reply.error))

        request = wire.encode_command(Command(word, arguments, self._address))
        frame = self._link.exchange(request, timeout_s=timeout_s, wanted=is_answer)
        return frame, wire.decode_reply(frame.data)


def _single(frame: Frame, reply: Reply) -> str:
    if len(reply.lines) != 1:
        raise ReplyError("more than one line of answer", frame.data)
    return reply.lines[0]


def _number(value: float, name: str, units: Mapping[str, float], *, decimals: int = 15) -> tuple[str, str]:
    """``value`` with the unit that it is sent in. Raises Refused for what is no amount."""
    if not 0 < value < float("inf"):
        raise Refused(f"{value:g} {name} is nothing that a pump could do", "")
    unit = next((unit for unit, one in units.items() if value >= one), list(units)[-1])
    return numbers.print_number(round(value / units[unit], decimals)), unit


def _identify(answer: bytes) -> Identity | None:
    """A prompt with two digits of address behind an LF and no CR: no other family answers an address like that."""
    try:
        reply = wire.decode_reply(answer.removeprefix(_PROBED))
    except ReplyError:
        return None
    known = reply.address == 0 and not reply.lines and not reply.notice
    return Identity("Harvard pump, Ultra command set") if known else None


_PROBED = b"0\r"
"""Asks pump 0 for its prompt; a CR alone would stop pumps of the same maker that speak Model 44."""


@dataclass(frozen=True, slots=True)
class HarvardOptions:
    """``unit`` is the pump's address on a chain, 0 to 99."""

    unit: int = 0


DRIVER = Driver(
    framer=wire.reply_ends,
    make=lambda link, options: HarvardPump(link, address=options.unit),
    options=HarvardOptions,
    can=frozenset({"syringe", "target-volume", "totals"}),
    line=LineSettings(baudrate=115200),
    probe=Probe(_PROBED, _identify),
)
