"""Simulated devices in the states that the exchanges begin with (``given`` in the tables), each on a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from instruments.clock import VirtualClock
from instruments.sim.device import SimDevice
from instruments.sim.mt_sics import BalanceData, MtSicsBalance
from instruments.sim.new_era_data import PumpData
from instruments.sim.new_era_pump import NewEraPump
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import IDEAL as IDEAL_DRIVE
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.weighing import CellData, WeighingCell
from instruments.wire import new_era
from tests.instruments.exchanges import Row

_ANSWERED_S = 0.1
_BYTE_S = 0.0005


@dataclass
class Standing:
    """A device on its clock, and what a host does with it."""

    device: SimDevice
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.clock.add(self.device)

    def say(self, data: bytes) -> None:
        self.device.receive(data)

    def spell(self, data: bytes) -> None:
        """One byte at a time, as a slow line brings them."""
        for byte in data:
            self.device.receive(bytes([byte]))
            self.pass_s(_BYTE_S)

    def pass_s(self, duration_s: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + duration_s)

    def heard(self) -> bytes:
        """All that has arrived and was not looked at yet."""
        return self.device.take().data

    def hear(self, count: int, *, within_s: float) -> bytes:
        """The next ``count`` bytes, as soon as they are there."""
        self.clock.wait(lambda: self.device.waiting >= count, self.clock.now_s() + within_s)
        return self.heard()

    def ask(self, data: bytes) -> bytes:
        """Say it and hear what comes in the next tenth of a second; what came before is let go."""
        self.heard()
        self.say(data)
        self.pass_s(_ANSWERED_S)
        return self.heard()

    def asks(self, texts: Iterable[str]) -> list[str]:
        """Commands as text, answers as text; framing, address and line ends are those of the device."""
        return [self.text(self.ask(text.encode("latin-1") + b"\r\n")) for text in texts]

    @staticmethod
    def text(data: bytes) -> str:
        return data.decode("latin-1").strip("\x02\x03\r\n")


# --- pump ---


@dataclass
class PumpStanding(Standing):
    device: NewEraPump

    def safely(self, text: str) -> str:
        """A command in Safe framing, the text of its answer in Safe framing."""
        answer = self.ask(new_era.encode_command(text, safe=True))
        return new_era.packet_text(answer).decode("ascii") if answer else ""


def pump(*, travel_ml: float = 60.0, gain: float = 1.0, **data: object) -> PumpStanding:
    """A pump without a line behind it; the power-up alarm is off unless asked for."""
    driven = replace(
        IDEAL_DRIVE, gain=gain, **{name: data.pop(name) for name in ("stall_notice_s", "stall_alarm") if name in data}
    )  # type: ignore[arg-type]
    drive = Drive(FluidPath(Line()), travel_ml=travel_ml, data=driven)
    return PumpStanding(NewEraPump(replace(PumpData(powered_up=False), **data), drive))  # type: ignore[arg-type]


def _idle(standing: PumpStanding) -> None:
    standing.asks(["DIA20", "RAT2.5MM", "VOL3", "DIRWDR"])


def _programmed(standing: PumpStanding) -> None:
    to = f"{standing.device.memory.address}"
    standing.asks([to + text for text in ("DIA26.59", "RAT1.5MM", "VOL1.0", "DIRINF", "CLDINF", "CLDWDR")])


def _infusing(standing: PumpStanding) -> None:
    _programmed(standing)
    standing.asks([f"{standing.device.memory.address}RUN"])


def _infusing_0_974(standing: PumpStanding) -> None:
    _programmed(standing)
    standing.say(b"RUN\r")
    standing.pass_s(38.96)


def _safe_timed_out(standing: PumpStanding) -> None:
    _safe(_infusing)(standing)
    standing.pass_s(4.5)


def _then(before: Callable[[PumpStanding], None], *texts: str, wait_s: float = 0.0) -> Callable[[PumpStanding], None]:
    def prepare(standing: PumpStanding) -> None:
        before(standing)
        standing.asks(texts)
        standing.pass_s(wait_s)

    return prepare


def _safe(before: Callable[[PumpStanding], None]) -> Callable[[PumpStanding], None]:
    return _then(before, "SAF4")


_PUMPS: dict[str, tuple[dict[str, object], Callable[[PumpStanding], object]]] = {
    "power-up": ({"powered_up": True}, Standing.heard),
    "idle": ({}, _idle),
    "programmed": ({}, _programmed),
    "infusing": ({}, _infusing),
    "infusing-0.974ML": ({}, _infusing_0_974),
    "paused": ({}, _then(_infusing, "STP")),
    "stalled": ({"travel_ml": 0.5}, _then(_infusing, wait_s=25.0)),
    "addr-12-infusing": ({"address": 12}, _infusing),
    "safe-idle": ({}, _safe(_idle)),
    "safe-infusing": ({}, _safe(_infusing)),
    "safe-timed-out": ({}, _safe_timed_out),
}


def given_pump(exchange: Row) -> PumpStanding:
    """A pump in the state that the exchange begins with."""
    options, prepare = _PUMPS[exchange["given"]]
    standing = pump(**options)  # type: ignore[arg-type]
    prepare(standing)
    standing.heard()
    return standing


# --- balance ---


@dataclass
class Pan:
    """What lies on the balance; ``sway`` is added on top, as a function of time."""

    load_g: float = 0.0
    sway: Callable[[FloatArray], FloatArray] | None = None

    def __call__(self, moments_s: FloatArray) -> FloatArray:
        return self.load_g + (self.sway(moments_s) if self.sway else np.zeros_like(moments_s))


IDEAL = CellData(readability_g=0.01, repeatability_g=0.0, drift_g_h=0.0, response_s=0.0, linearity_g=0.0, sensitivity_pct=0.0)
"""A cell that shows at once and exactly what lies on the pan."""


@dataclass
class BalanceStanding(Standing):
    device: MtSicsBalance
    pan: Pan = field(default_factory=Pan)

    def put(self, load_g: float) -> None:
        """Change the load and wait until an ideal cell is calm again."""
        self.pan.load_g = load_g
        self.pass_s(2.0)

    def restless(self, *, stable: bool) -> None:
        """Whether the load moves: the cell is told so by a criterion that nothing, or everything, meets."""
        cell = self.device.cell
        cell.data = replace(cell.data, calm_digits=1e9 if stable else -1.0)


def balance(
    pan: Pan | None = None, cell: CellData = IDEAL, *, seed: int = 1, warm_s: float = 2.0, **data: object
) -> BalanceStanding:
    pan = pan or Pan()
    device = MtSicsBalance(
        replace(BalanceData(), **data),  # type: ignore[arg-type]
        WeighingCell(cell, pan, np.random.default_rng(seed)),
    )
    standing = BalanceStanding(device, pan=pan)
    standing.pass_s(warm_s)
    return standing


_UNIT_CODES = {"g": 0, "kg": 1, "mg": 3, "ct": 5}
_BEYOND = {"overload": 1.1, "underload": -0.1}
"""Load as a share of the capacity."""


_OWN: dict[str, dict[str, object]] = {"mt-18": {"adjustment_g": 2000.0}, "mt-sic1": {"persona": "weigh-module"}}
"""What one exchange needs of its balance."""


def given_balance(exchange: Row) -> BalanceStanding:
    """A balance in the state that the exchange begins with; where its identity is asked, the one that the lines tell."""
    identity = {"model": "WMS404C-L WMS-Bridge", "serial": "B021002593", "software": "2.10 10.28.0.493.142"}
    readability_g = 1e-4 if "identification" in exchange["title"] else exchange["readability_g"]
    heaviest_g = max(row.get("load_g", 0.0) for row in (exchange, *exchange["steps"]))
    cell = replace(IDEAL, readability_g=readability_g, capacity_g=410.009 if heaviest_g < 410 else heaviest_g)
    own = _OWN.get(exchange["id"], {})
    standing = balance(cell=cell, update_rate_hz=exchange.get("update_rate_hz", 18.311), **identity, **own)
    channels = [
        f"M21 {channel} {_UNIT_CODES[exchange[name]]}"
        for channel, name in enumerate(("display_unit", "info_unit"), 1)
        if name in exchange
    ]
    tare = [f"TA {exchange['tare_g']:.2f} g"] if "tare_g" in exchange else []
    standing.asks([*channels, *tare])
    change(standing, exchange)
    standing.pass_s(2.0)
    standing.heard()
    return standing


def change(standing: BalanceStanding, row: Row) -> None:
    """Bring the balance into the state that an exchange or a step tells."""
    if "load_g" in row:
        standing.pan.load_g = row["load_g"]
    if "stable" in row:
        standing.restless(stable=row["stable"])
    given = row.get("given", "")
    if given in _BEYOND:
        standing.pan.load_g = _BEYOND[given] * standing.device.cell.data.capacity_g
    if given == "bridge-error-10":
        standing.device.scale.hardware_error = "10b"
