"""A KERN balance that speaks KCP: MT-SICS with a short list of commands, deaf for a tenth of a second after each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from instruments.sim.mt_sics import BalanceData, MtSicsBalance
from instruments.sim.mt_sics.table import Entry
from instruments.sim.physics.weighing import WeighingCell
from instruments.sim.site import Site
from instruments.stamped import Stamped, microseconds
from instruments.wire import kern as wire
from instruments.wire.mt_sics import Text

_NEVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class KernData:
    """Options of the device. ``gap_s`` 0 makes it hear everything. ``rate_hz`` of ``SIR`` is documented nowhere; 10 is our guess.

    ``reset_clears_tare``: disputed between the models that MT-SICS is spoken by; the default follows its manufacturer.
    """

    model: str = "PNJ 600-3M"
    serial: str = "K123456"
    software: str = "1.02"
    baudrate: int = 9600
    latency_s: float = 0.004
    gap_s: float = wire.GAP_S
    rate_hz: float = 10.0
    patience_s: float = 40.0
    zero_range: float = 0.02
    reset_clears_tare: bool = False


class KernBalance(MtSicsBalance):
    """The MT-SICS engine with the commands of a clone, of which one more sets something."""

    def __init__(self, data: KernData, cell: WeighingCell) -> None:
        engine = BalanceData(
            persona="clone",
            model=data.model,
            serial=data.serial,
            software=data.software,
            software_id=data.software,
            baudrate=data.baudrate,
            latency_s=data.latency_s,
            update_rate_hz=data.rate_hz,
            patience_s=data.patience_s,
            zero_patience_s=data.patience_s,
            zero_range=data.zero_range,
            reset_clears_tare=data.reset_clears_tare,
        )
        super().__init__(engine, cell)
        self.commands = {**self.commands, "I4": Entry(0, "I4", _serial_number, (0, 2))}
        self._gap_s, self._heard_s = data.gap_s, -_NEVER_S

    def receive(self, data: bytes) -> None:
        for frame, _ in self._frames.feed(Stamped.one(data, microseconds(self.now_s))):
            if self.now_s - self._heard_s >= self._gap_s:
                self._heard_s = self.now_s
                self.obey(frame)


def _serial_number(balance: MtSicsBalance, words: tuple[str, ...]) -> None:
    serial = wire.decode_serial_setting(words) if words else None
    if not words:
        balance.answer("I4", "A", Text(balance.data.serial))
    elif serial is None:
        balance.answer("I4", "L")
    else:
        balance.data = replace(balance.data, serial=serial)
        balance.answer("I4", "A")


def build(site: Site) -> KernBalance:
    return KernBalance(site.options(KernData), site.cell())
