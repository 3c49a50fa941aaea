"""An implantable-style pump that obeys the commands of docs/reference/scpi-pump.md.

A peristaltic motor moves liquid from a reservoir into the line. What the pump tells of its reservoir it computes from what it has
been told and what it has counted; what really is in there only the simulation knows. So a pump that delivers too much is empty
before it says that it is low.

Here is what happens by itself; the commands are in ``implantable_commands``.
"""

from __future__ import annotations

from collections.abc import Callable

from instruments.sim.implantable_alarms import Alarms, Condition, Watch
from instruments.sim.implantable_battery import Battery
from instruments.sim.implantable_data import ImplantableData, persona
from instruments.sim.implantable_delivery import Delivery
from instruments.sim.implantable_log import EventLog
from instruments.sim.implantable_reservoir import Reservoir
from instruments.sim.physics.drive import Drive
from instruments.sim.power import Consumer, Source
from instruments.sim.scpi import ScpiDevice
from instruments.sim.scpi_status import PON
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_pump import BOLUS, FLEX, INFUSING, PRIMING, TARGET

_NEVER_S = float("inf")
_SLACK_ML = 1e-9
_OF_DELIVERY = frozenset({"LOW", "EMPTY", "STALL"})
"""Alarms of reservoir and motor."""
_OPERATION = {"OFF": 0, "CONS": INFUSING, "FLEX": INFUSING | FLEX, "BOL": INFUSING | BOLUS, "PRIM": INFUSING | PRIMING}


class ImplantablePump(ScpiDevice, Consumer):
    """State of the pump, and what becomes of it in time. ``filled_ml`` is what really is in the reservoir when it begins."""

    feels_pressure = False

    def __init__(self, data: ImplantableData, drive: Drive, *, filled_ml: float, source: Source | None = None) -> None:
        super().__init__(persona(data), baudrate=data.baudrate, latency_s=data.latency_s)
        self.data, self.drive = data, drive
        self.log = EventLog()
        self.alarms = Alarms(self.status.questionable, self.log)
        self.battery = Battery(data.battery, source)
        self.reservoir = Reservoir(drive, filled_ml if data.programmed_ml is None else data.programmed_ml)
        self.delivery = Delivery(drive, self._note, self._motor_changed, data.schedule_late_s)
        self.drug, self.concentration_ug_ml = "", 0.0
        self._heard_s, self._cut = 0.0, False
        self._filled = False
        self._edges_s = sorted({data.stall_at_s, data.stall_ends_s} - {_NEVER_S})
        self._watches = self._watch()
        self._agenda = self._events()
        self.reset()
        self.powered = self.voltage_v >= data.battery.dead_v
        if self.powered:
            self.log.power_up(0.0)

    def reset(self) -> None:
        """Off, and the programme as delivered; what belongs to the patient or to the pump's life stays."""
        self.delivery.stop(self.now_s, "OFF", "RESET")
        self.delivery.reset()
        self.alarms.reset()
        self.bolus_ml = self.bolus_ml_h = 0.0
        self.prime_ml, self.prime_ml_h = 0.42, 1.0
        self.watchdog_s = 0

    # --- towards the bench ---

    def drawn_a(self) -> float:
        return self.battery.drawn_ua * 1e-6 if self.powered else 0.0

    @property
    def voltage_v(self) -> float:
        return self.battery.voltage_v(self.now_s)

    def obey(self, frame: bytes) -> None:
        self.happen()
        if not self.powered:
            return
        self._heard_s = self.now_s
        super().obey(frame)
        self.happen()

    def fill(self, volume_ml: float) -> None:
        """Through the port, by hand; the pump does not know of it until it is told."""
        self._put_in(volume_ml)
        self._filled = True

    def _put_in(self, volume_ml: float) -> None:
        self.drive.refill(self.now_s, max(0.0, volume_ml + self.data.refill_error_ml))
        self._motor_changed(self.now_s)

    # --- by command ---

    def refill(self, volume_ml: float) -> None:
        """The pump is told of a filling; whoever tells has done it, more or less, if the hands of the bench have not."""
        self.reservoir.refill(self.now_s, volume_ml)
        if not self._filled:
            self._put_in(volume_ml)
        self._filled = False
        self._note(self.now_s, "REFILL", f"{volume_ml:g} mL")
        self._look()

    def set_low(self, volume_ml: float) -> None:
        self.reservoir.low_ml = volume_ml
        self._look()

    def start(self) -> None:
        """A new start is a new trial: alarms that are held end."""
        self.require_service()
        self.delivery.start(self.now_s)
        self.alarms.release(self.now_s)

    def require_service(self) -> None:
        if self.alarms.on("EOS"):
            raise ScpiError(-221)

    # --- what happens by itself ---

    def next_event_s(self) -> float:
        return min(due_s() for due_s, _ in self._agenda) if self.powered else _NEVER_S

    def happen(self) -> None:
        self._feel_power()
        self._look()
        while self.next_event_s() <= self.now_s:
            next(act for due_s, act in self._agenda if due_s() <= self.now_s)(self.now_s)
            self._look()
        self.alarming = self.powered and bool(self.alarms.bits)

    def _events(self) -> list[tuple[Callable[[], float], Callable[[float], None]]]:
        """When what happens by itself is due, and what it is."""
        return [
            (lambda: min(self._edges_s, default=_NEVER_S), self._turn_stall),
            (lambda: self.delivery.reached_s, self.delivery.go_on),
            (self.drive.next_event_s, self.drive.act),
            *((watch.due_s, watch.act) for watch in self._watches),
            (self.alarms.next_tone_s, self.alarms.sound_due),
            (self._silence_s, self._meet_silence),
        ]

    def _look(self) -> None:
        if self.powered:
            for watch in self._watches:
                watch.look(self.now_s)

    def _note(self, now_s: float, event: str, detail: str) -> None:
        self.log.put(now_s, event, detail)
        if event in ("TARGET", "END"):
            self.status.operation.happen(TARGET)

    def _motor_changed(self, now_s: float) -> None:
        self.status.operation.become(_OPERATION[self.delivery.state])
        self.battery.drive_motor(now_s, self.drive.flow_ml_s * 3600)
        if self._stuck and self.drive.flow_ml_s > 0:
            self.drive.block(now_s, "jam")

    # --- conditions that give alarm ---

    def _watch(self) -> list[Watch]:
        battery = self.battery
        conditions = [
            Condition("LOW", self._is_low, self._low_s, ends=True),
            Condition("EMPTY", self._is_empty, lambda: self.reservoir.falls_to_s(self.now_s, 0.0), ends=True),
            Condition("STALL", self._is_stalled, lambda: _NEVER_S, then=lambda: self._end_delivery("STALL")),
            Condition("ERI", lambda: battery.is_low(self.now_s), battery.low_s, then=lambda: battery.meet_low(self.now_s)),
            Condition("EOS", lambda: battery.is_at_end(self.now_s), battery.end_s, then=lambda: self._end_delivery("EOS")),
        ]
        return [Watch(self.alarms, condition, self._notice_s(condition.word)) for condition in conditions]

    def _notice_s(self, word: str) -> float:
        """How long it takes to notice what gives this alarm; infinity for never."""
        driven = self.drive.data
        missed = word in self.data.unnoticed or (word in _OF_DELIVERY and not driven.stall_alarm)
        return _NEVER_S if missed else driven.stall_notice_s

    def _is_low(self) -> bool:
        return 0 < self.reservoir.low_ml >= self.reservoir.left_ml(self.now_s) - _SLACK_ML

    def _low_s(self) -> float:
        return self.reservoir.falls_to_s(self.now_s, self.reservoir.low_ml) if self.reservoir.low_ml else _NEVER_S

    def _is_empty(self) -> bool:
        dry = self.drive.blocked == "end"
        return self.reservoir.left_ml(self.now_s) <= _SLACK_ML or (self.data.senses_empty and dry)

    @property
    def _stuck(self) -> bool:
        return self.data.stall_at_s <= self.now_s < self.data.stall_ends_s

    def _is_stalled(self) -> bool:
        return self._stuck and self.drive.flow_ml_s > 0

    def _turn_stall(self, now_s: float) -> None:
        """The motor gets stuck, or free again: then it turns on as it is driven."""
        del self._edges_s[0]
        flow_ml_s = self.drive.flow_ml_s
        self.drive.run(now_s, 0.0)
        self.drive.run(now_s, flow_ml_s)
        self._motor_changed(now_s)

    def _end_delivery(self, why: str) -> None:
        self.delivery.stop(self.now_s, "OFF", why)

    # --- watchdog ---

    def _silence_s(self) -> float:
        armed = self.watchdog_s > 0 and self.delivery.state != "OFF"
        return self._heard_s + self.watchdog_s if armed else _NEVER_S

    def _meet_silence(self, now_s: float) -> None:
        self._end_delivery("WDOG")
        self.alarms.begin(now_s, "WDOG")

    # --- power ---

    def cut_power(self) -> None:
        self.battery.connect(self.now_s, on=False)
        self.happen()

    def restore_power(self) -> None:
        self.battery.connect(self.now_s, on=True)
        self.happen()

    def _feel_power(self) -> None:
        enough = self.voltage_v >= self.data.battery.dead_v
        if enough and not self.powered:
            self._power_up()
        elif self.powered and not enough:
            self._power_down()

    def restart(self) -> None:
        self._power_down()
        self._cut = False
        self._power_up()

    def _power_down(self) -> None:
        self._cut = self.delivery.state != "OFF"
        self._end_delivery("POW")
        self.alarms.forget()
        self.powered = False
        self.battery.forget_low()
        self.cancel_later()

    def _power_up(self) -> None:
        self.powered = True
        self._wake_status()
        self.reset()
        self.log.power_up(self.now_s)
        if self._cut and "POW" not in self.data.unnoticed:
            self.alarms.begin(self.now_s, "POW")

    def _wake_status(self) -> None:
        """Registers as after power-up; what they pass on is kept only where ``*PSC 0`` says so."""
        self.status.clear()
        self.status.standard.event = PON
        if self.status.power_on_clears:
            self.status.preset()
            self.status.standard.enable = self.status.service_enable = 0
