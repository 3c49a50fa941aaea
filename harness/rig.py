"""An opened bench: pump and balance on one clock, everything recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from harness.bench import Bench
from harness.guardianship import Guardianship
from harness.intake import Intake
from harness.interlocks import Limits
from harness.pump_watch import PumpWatch
from harness.recorder import Recorder
from harness.safe_state import SafeState
from harness.stations import Stations
from instruments.balances import Balance
from instruments.clock import utc_at
from instruments.errors import BenchError, LinkLost, SettingDiffers
from instruments.hands import Hands, Step
from instruments.identity import Identity
from instruments.ports import Ports
from instruments.pumps import Pump, PumpStatus
from instruments.stamped import microseconds

_SETTLING_S = 1.0
"""How often it is looked whether the balance has settled."""
_RATE_AS_SHOWN = 0.02
"""Balances show their rate with one decimal."""
_BOUNCES = 4
"""A plug that is put in may lose its contact again; a line that does so more often than this in one go is lost."""

Result = TypeVar("Result")


class Rig:
    """What a procedure works with. Every wait goes through it: it drains the links and keeps the pump's watchdog content."""

    def __init__(
        self,
        bench: Bench,
        ports: Ports,
        recorder: Recorder,
        operator: Hands | None = None,
        limits: Limits | None = None,
        guardianship: Guardianship | None = None,
    ) -> None:
        self.bench, self.recorder, self.clock = bench, recorder, ports.clock
        self.case = ""
        self.stations = Stations(bench, ports, recorder, self.note)
        self.pump: Pump = self.stations["pump"]
        self.balance: Balance = self.stations["balance"]
        self._hands = ports.hands or operator
        self._intake = Intake(self, limits)
        self._guardianship = guardianship
        self._safe_state = SafeState(self)
        self._pump_watch = PumpWatch(self)
        self._stopping = self._infusing = False

    # --- opening ---

    def connect(self) -> dict[str, Identity]:
        """Find out who answers, compare with the bench file, set the syringe and the weighing rate, begin to weigh."""
        if overdue := self.bench.overdue(utc_at(self.clock, self.clock.now_s()).date()):
            raise BenchError("; ".join(overdue))
        self.stations.connect()
        syringe = self.bench.pump.syringe
        if syringe is not None and self.stations.can("pump", "syringe"):
            self.setting("syringe inner diameter", syringe.inner_diameter, "mm", self.pump.set_syringe)
        self._begin_to_weigh()
        return self.stations.identities

    def _begin_to_weigh(self) -> None:
        """At the bench file's rate: a balance that was without power meanwhile weighs at its own."""
        if self.stations.can("balance", "update-rate"):
            self._check_rate(self.setting("weighing rate", self.bench.balance.rate, "Hz", self.balance.set_update_rate))
        self.note("weighing begins")
        self.balance.start_stream()
        self._intake.begins()

    def _check_rate(self, taken_hz: float) -> None:
        asked_hz = self.bench.balance.rate
        if abs(taken_hz - asked_hz) > _RATE_AS_SHOWN * asked_hz:
            raise SettingDiffers(
                f"balance: asked for {asked_hz:g} readings a second, it took {taken_hz:g}; put that into balance.rate"
            )

    # --- lines that come and go ---

    def kept(self, role: str, act: Callable[[], Result]) -> Result:
        """Do what may be done twice; a line that is lost meanwhile is found again first, within its grace time."""
        attempt = act
        for _ in range(_BOUNCES):
            try:
                return attempt()
            except LinkLost as lost:
                self.stations.regain(role, lost, self.look)
            attempt = partial(self._taken_up, role, act)
        return attempt()

    def _taken_up(self, role: str, act: Callable[[], Result]) -> Result:
        """Another weighing rate than before is the bench's fault; in a case, SettingDiffers would blame the pump."""
        if role == "balance" and self._intake.weighing:
            try:
                self._begin_to_weigh()
            except SettingDiffers as err:
                raise BenchError(f"after its line came back: {err}") from err
        return act()

    # --- time ---

    def wait(self, duration_s: float) -> None:
        self.wait_until(self.clock.now_s() + duration_s)

    def wait_until(self, moment_s: float) -> None:
        """Let bench time pass; readings are recorded, the pump hears from us while its watchdog is armed."""
        while (now_s := self.clock.now_s()) < moment_s:
            self.clock.sleep_until(min(moment_s, now_s + self.clock.look_s, max(self._pump_watch.due_s, now_s)))
            self.look()

    def settle(self, least_s: float, most_s: float) -> None:
        """Wait ``least_s``, then until the balance calls its reading stable; after ``most_s`` it is noted that it has not."""
        until_s = self.clock.now_s() + most_s
        self.wait(least_s)
        while not self._intake.stable:
            if self.clock.now_s() >= until_s:
                self.note("not settled", within_s=most_s)
                return
            self.wait(_SETTLING_S)

    def look(self) -> None:
        """Take in what has come, and speak to the pump when it is time. Raises LinkError when the balance is silent.

        While the pump is being stopped nothing else matters: a balance that is lost too must not end the search for the pump.
        """
        if self._stopping:
            return
        if not self.stations.is_lost("balance"):
            self.drain()
        if self.clock.now_s() >= self._pump_watch.due_s and not self.stations.is_lost("pump"):
            self.poll()

    def drain(self) -> None:
        """Record the readings that have come. Raises LinkError when the balance is silent."""
        self._intake.drain(infusing=self._infusing)

    # --- by hand ---

    def by_hand(self, step: Step) -> str:
        """Have somebody do what the bench cannot; step and answer go into the record. Raises BenchError where nobody does."""
        self.note("by hand", step=step.kind, words=step.words, **step.data)
        if self._hands is None:
            raise BenchError(f"there is nobody to ask: {step.words}")
        answer = self._hands.ask(step, self.look)
        self.note("done by hand", step=step.kind, answer=answer)
        return answer

    # --- the pump ---

    def start(self, rate_ml_h: float, target_ml: float = 0.0) -> float:
        """Infuse at ``rate_ml_h`` (until ``target_ml``, 0: until stopped); returns the rate that the pump took, in mL/h.

        Raises BenchError, with nothing started, when there is no guardian that would stop the pump without us.
        """
        taken_ml_h = self.setting("set rate", rate_ml_h, "mL/h", self.pump.set_rate)
        if target_ml or self.stations.can("pump", "target-volume"):
            self.setting("target volume", target_ml, "mL", self.pump.set_target)
        self.begin(taken_ml_h, self.pump.start)
        return taken_ml_h

    def begin(self, rate_ml_h: float, act: Callable[[], None]) -> None:
        """Let the pump run by ``act``, at ``rate_ml_h`` to begin with: guarded, its watchdog armed, all in the record."""
        self._ensure_guardian()
        self._arm(self.bench.pump.watchdog)
        self.commanded(rate_ml_h)
        self._safe_state.infusing(rate_ml_h)
        act()
        self._infusing = True
        self._pump_watch.begin()

    def _arm(self, timeout_s: float) -> None:
        """The pump's own watchdog; that it has none is told, as nothing but us will stop it then."""
        if self.stations.can("pump", "watchdog"):
            self.setting("watchdog", timeout_s, "s", self.pump.arm_watchdog)
        elif timeout_s:
            self.note("no watchdog", driver=self.bench.pump.driver)

    def poll(self) -> PumpStatus:
        """Ask the pump how it is; changes and alarms go into the record. A guardian that has died has a successor by then."""
        self._ensure_guardian()
        return self._pump_watch.ask()

    def _ensure_guardian(self) -> None:
        if self._guardianship is not None and not self._stopping:
            self._guardianship.ensure()

    def unpowered(self) -> AbstractContextManager[None]:
        """In here the pump loses its power on purpose and gets it back. Raises LinkLost when it is not there again afterwards."""
        return self._pump_watch.unpowered()

    def watch(self, deadline_s: float, every_s: float) -> PumpStatus:
        """Poll the pump until it stands or raises an alarm, at the latest until ``deadline_s``; returns its last status."""
        while True:
            status = self.poll()
            if not status.running or self.clock.now_s() >= deadline_s:
                return status
            self.wait_until(min(deadline_s, self.clock.now_s() + every_s))

    def stop(self) -> PumpStatus:
        """Stop the pump, let it confirm, disarm its watchdog; returns how it says it is."""
        self.pump.stop()
        self._infusing = False
        self.commanded(0.0)
        self._pump_watch.end()
        self._arm(0)
        return self.poll()

    def make_safe(self) -> None:
        """Whatever has happened: stop the pump and prove it. Raises SafetyError if that cannot be done."""
        self._safe_state.reach()

    @contextmanager
    def only_the_pump(self) -> Iterator[None]:
        """Nothing else matters in here: a balance that is lost too must not end the search for the pump."""
        self._stopping = True
        try:
            yield
        finally:
            self._stopping = False

    # --- the record ---

    def setting(self, name: str, asked: float, unit: str, apply: Any) -> float:
        """Set something and record what was requested, what was sent for it, and what the device reports."""
        before = self.recorder.command_count
        taken = float(apply(asked))
        applied = self.recorder.commands_since(before)
        self.note("setting", name=name, requested=asked, reported=taken, unit=unit, applied=applied)
        return taken

    def commanded(self, rate_ml_h: float) -> None:
        """What the pump is to deliver from now on, also where it changes that by itself."""
        self.note("commanded", rate_ml_h=rate_ml_h)

    def note(self, kind: str, **data: Any) -> None:
        self.recorder.event(microseconds(self.clock.now_s()), kind, self.case, data)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A named stretch of the record; its end is written only when it was reached."""
        self.note("phase", name=name, edge="begin")
        yield
        self.poll()
        self.drain()
        self.note("health", **self.recorder.health)
        self.note("phase", name=name, edge="end")

    def close(self) -> None:
        """Make safe, end the weighing, let go of the ports."""
        try:
            self.make_safe()
        finally:
            self._intake.weighing = False
            try:
                with suppress(BenchError):
                    self.balance.stop_stream()
                    self._intake.take_in()
            finally:
                self.stations.close()
