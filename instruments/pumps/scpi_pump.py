"""Driver of a pump with a SCPI interface, as docs/reference/scpi-pump.md describes it, or with other headers for the same.

A SCPI device says nothing by itself: alarms are asked for, with every ``poll``. Everything is sent as a single command with its
errors asked for afterwards, so that a refusal is told with what was refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from instruments.driver import Driver, Probe
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.link import Link
from instruments.port import LineSettings
from instruments.pumps import BatteryStatus, PumpStatus, Step
from instruments.scpi import Answered, Scpi, identify_as
from instruments.settings import check_taken
from instruments.wire import scpi_pump as wire
from instruments.wire import scpi_response as response
from instruments.wire.scpi import END, response_ends
from instruments.wire.scpi_pump import Alarm, LogEntry
from instruments.wire.scpi_pump_commands import Commands, Form, forms

_OFF = "OFF"
_STOP_TRIES = 3


class ScpiPump:
    """One pump on one line. ``commands`` are those that it writes otherwise than the manual."""

    def __init__(self, link: Link, commands: Commands) -> None:
        self._link, self._scpi = link, Scpi(link)
        self._forms = forms(commands)
        self._met: list[tuple[Alarm, int]] = []  # alarms that one answer told together, for the next polls to tell
        self._total_from_ml = 0.0
        self._logged = 0

    def connect(self) -> Identity:
        """Stop, reset the programme (``*RST``), silence and forget what is left of old alarms; begin to count the volume."""
        self._scpi.take_errors()
        identity = self._scpi.identify()
        self.stop()
        self._scpi.set("*RST", self._forms["acknowledge"].set)
        self._ask_alarms()
        self._met.clear()
        self._total_from_ml = self._number("total")
        return identity

    def resume(self) -> Identity:
        self._scpi.get_in_step()
        return self._scpi.identify()

    # --- the programme ---

    def set_syringe(self, inner_diameter_mm: float) -> float:
        raise Refused("a pump with a reservoir has no syringe", "")

    def set_rate(self, rate_ml_h: float) -> float:
        return self._set("rate", rate_ml_h)

    def set_target(self, volume_ml: float) -> float:
        return self._set("target-volume", volume_ml)

    def set_profile(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The pump's schedule (FLEX), run once; a bolus on a basal rate is one of two steps."""
        self.set_target(0.0)
        asked = [number for step in steps for number in (step.rate_ml_h, step.volume_ml)]
        self._scpi.set(self._forms["flex"].setting(",".join(_written(number) for number in asked)))
        taken = tuple(Step(*pair) for pair in self._scpi.ask(self._forms["flex"].asking(), wire.steps))
        if len(taken) != len(steps):
            raise SettingDiffers(f"schedule: asked for {len(steps)} steps, the pump took {len(taken)}")
        for step, took in zip(steps, taken, strict=True):
            self._check("rate", step.rate_ml_h, took.rate_ml_h)
            self._check("target-volume", step.volume_ml, took.volume_ml)
        return taken

    def start(self) -> None:
        self._begin("start")

    def give_bolus(self, volume_ml: float, rate_ml_h: float) -> None:
        """A bolus on whatever is being delivered; returns when the pump says that it runs."""
        self._set("bolus-volume", volume_ml)
        self._set("bolus-rate", rate_ml_h)
        self._begin("bolus")

    def prime(self, volume_ml: float, rate_ml_h: float) -> None:
        """Fill the catheter, from off; returns when the pump says that it runs. Afterwards it is off again."""
        self._set("prime-volume", volume_ml)
        self._set("prime-rate", rate_ml_h)
        self._begin("prime")

    def stop(self) -> None:
        """The command goes out first, whatever is still to come on the line; then the pump has to say that it is off."""
        for _ in range(_STOP_TRIES):
            self._link.send(self._forms["stop"].set.encode("ascii") + END)
            with suppress(ReplyTimeout, ReplyError, Refused):
                if self._word("state")[0] == _OFF:
                    return
        raise SafetyError("the pump does not confirm that it is off; stop it by hand now")

    def arm_watchdog(self, timeout_s: float) -> float:
        """In whole seconds, never fewer than asked; it acts while the pump delivers."""
        return self._set("watchdog", math.ceil(timeout_s))

    # --- what the pump says ---

    def poll(self) -> PumpStatus:
        """The state is asked before the alarms: what stopped a pump that is off is then told with it, or before."""
        word, stamp_us = self._word("state")
        self._met += self._ask_alarms()
        running, told = word != _OFF, wire.STATES[word]
        if not self._met:
            return PumpStatus(running, told, "", stamp_us)
        alarm, since_us = self._met.pop(0)
        return PumpStatus(running, alarm.meaning, alarm.word, since_us, alarm.kind)

    def infused_ml(self) -> float:
        return self._number("total") - self._total_from_ml

    def battery(self) -> BatteryStatus:
        charge_pct = response.measured(self._number("battery-charge"))
        return BatteryStatus(self._number("battery-voltage"), charge_pct, self._word("battery")[0])

    def event_log(self) -> tuple[LogEntry, ...]:
        """The entries that it did not return before, oldest first. A gap in the numbers: the pump has dropped some meanwhile."""
        numbers = self._scpi.ask(self._forms["log-range"].asking(), wire.log_range)
        fresh = [number for number in numbers if number > self._logged]
        entries = tuple(self._scpi.ask(self._forms["log-entry"].asking(number), wire.log_entry) for number in fresh)
        self._logged = max(fresh, default=self._logged)
        return entries

    def acknowledge(self) -> None:
        """Silence the tones of all present alarms."""
        self._scpi.set(self._forms["acknowledge"].set)

    # --- the reservoir ---

    def reservoir_ml(self) -> float:
        """What the pump computes to be in its reservoir: the last refill less what it was programmed to deliver since."""
        return self._number("reservoir")

    def refill(self, volume_ml: float) -> float:
        """Tell the pump what its reservoir was filled with; returns what it took, in mL."""
        return self._set("refill", volume_ml)

    def low_reservoir_ml(self) -> float:
        return self._number("low-reservoir")

    def set_low_reservoir(self, volume_ml: float) -> float:
        """Volume at which the pump gives its low-reservoir alarm (0: never); returns what it took, in mL."""
        return self._set("low-reservoir", volume_ml)

    # --- one exchange ---

    def _begin(self, name: str) -> None:
        self._scpi.set(self._forms[name].set)
        if self._word("state")[0] == _OFF:
            raise Refused(f"{name}: the pump says that it is off", _OFF)

    def _set(self, name: str, value: float) -> float:
        """Set, read back, compare."""
        if not (math.isfinite(value) and value >= 0):
            raise Refused(f"{name}: {value} is nothing that a pump can be set to", "")
        self._scpi.set(self._forms[name].setting(value))
        return self._check(name, value, self._number(name))

    def _check(self, name: str, asked: float, taken: float) -> float:
        form = self._forms[name]
        return check_taken(name, asked, form.unit, taken, resolution=form.resolution)

    def _number(self, name: str) -> float:
        form = self._forms[name]
        return self._scpi.ask(form.asking(), response.number) * form.factor

    def _word(self, name: str) -> tuple[str, int]:
        form = self._forms[name]
        read = _reader(form, wire.STATES if name == "state" else wire.BATTERY_STATES)
        answered = self._ask(form, read)
        return read(answered.frame), answered.stamp_us

    def _ask_alarms(self) -> list[tuple[Alarm, int]]:
        answered = self._ask(self._forms["alarms"], response.integer)
        return [(alarm, answered.stamp_us) for alarm in wire.alarms(response.integer(answered.frame))]

    def _ask(self, form: Form, read: Callable[[bytes], object]) -> Answered:
        return self._scpi.ask_stamped(form.asking(), response.is_a(read))


def _written(number: float) -> str:
    return f"{number:.9g}"


def _reader(form: Form, known: Sequence[str] | dict[str, str]) -> Callable[[bytes], str]:
    """Reads one of the words ``known``, or what the pump says in its place."""
    meant = {said.upper(): word for said, word in form.words.items()}

    def read(frame: bytes) -> str:
        said = (response.text(frame) if frame.startswith(b'"') else response.body(frame)).upper()
        word = meant.get(said, said)
        if word not in known:
            raise ReplyError(f"{form.query}: none of {', '.join(known)}", frame)
        return word

    return read


@dataclass(frozen=True, slots=True)
class ScpiPumpOptions:
    """``commands``: for a pump with another tree, its own header for each name that differs, or a table of ``Rewritten``."""

    commands: Commands = field(default_factory=dict)

    def __post_init__(self) -> None:
        forms(self.commands)


DRIVER = Driver(
    framer=response_ends,
    make=lambda link, options: ScpiPump(link, options.commands),
    options=ScpiPumpOptions,
    can=frozenset({"target-volume", "totals", "bolus-on-basal", "bolus", "prime", "watchdog", "reservoir", "battery"}),
    line=LineSettings(baudrate=115_200),
    probe=Probe(b"*IDN?\n", identify_as("IP20", "IP40")),
)
