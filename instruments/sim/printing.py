"""What balances have in common that print lines: a cell, zero and tare, a stream at the cell's rate, waiting for calm.

Where the line is too slow for the cell, the stream leaves out values, evenly; a line once begun is never cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil

import numpy as np
from numpy.typing import NDArray

from instruments.sim.device import SimDevice
from instruments.sim.physics.weighing import Samples, WeighingCell
from instruments.stamped import IntArray
from instruments.wire import blocks
from instruments.wire.blocks import UNIT_POWERS, Mask

_NEVER_S = float("inf")
_BEYOND_DIGITS = 9


class PrintingBalance(SimDevice):
    """Subclasses obey commands (``command``) and say how a value is printed (``line``, ``block``) and which (``chosen``).

    Counts are in digits of the last place in g, masses on the pan; ``net`` is what is shown.
    """

    def __init__(
        self, cell: WeighingCell, *, baudrate: int, latency_s: float, rate_hz: float, zero_range: float, bits: int = 10
    ) -> None:
        super().__init__(baudrate=baudrate, latency_s=latency_s)
        self.cell = cell
        self._byte_s = bits / baudrate
        self._zero_range = zero_range
        self.zero, self.tare, self.unit = 0, 0, "g"
        self.count, self.stable = 0, False
        self.streaming = False
        self._turn = 0
        self._waiting: Callable[[], object] | None = None
        self._given_up: Callable[[], object] | None = None
        self._deadline_s = _NEVER_S
        self._queue: deque[bytes] = deque()
        cell.set_rate(0.0, rate_hz)

    # --- what a family says ---

    def command(self, frame: bytes) -> None:
        """Act on a command whose turn it is."""
        raise NotImplementedError

    def cancels(self, frame: bytes) -> bool:
        """Whether a command ends the waiting of another one, rather than waiting behind it."""
        return False

    def line(self, count: int, *, stable: bool) -> bytes:
        """What is printed of ``count`` (as the cell has it), whatever state the balance is in."""
        raise NotImplementedError

    def block(self, net: IntArray, stable: Mask) -> tuple[bytes, IntArray]:
        """Lines of ordinary values in g: the bytes and where each line ends."""
        raise NotImplementedError

    def ordinary(self) -> bool:
        """Whether values in range are printed as ``block`` does it."""
        return self.unit == "g"

    def chosen(self, samples: Samples) -> Mask:
        """Which values the stream prints."""
        return np.ones(len(samples.counts), dtype=bool)

    # --- the line ---

    def obey(self, frame: bytes) -> None:
        if self._waiting is not None and not self.cancels(frame):
            self._queue.append(frame)
            return
        self.command(frame)

    def print_now(self) -> None:
        self.send(self.line(self.count, stable=self.stable))

    # --- weighing ---

    def next_event_s(self) -> float:
        return min(self.cell.next_sample_s, self._deadline_s) if self._waiting else _NEVER_S

    def next_output_s(self) -> float:
        printed_s = self.cell.next_sample_s + self._latency_s + self._line_s if self.streaming else _NEVER_S
        return min(super().next_output_s(), printed_s)

    def advance_to(self, now_s: float) -> None:
        samples = self.cell.convert_until(now_s)
        if len(samples.counts):
            if self.streaming:
                self._stream(samples)
            self.count, self.stable = int(samples.counts[-1]), bool(samples.stable[-1])
        super().advance_to(now_s)
        self._try_waiting()

    def start_stream(self) -> None:
        self.streaming, self._turn = True, 0

    @property
    def _line_s(self) -> float:
        return max(len(self.line(0, stable=stable)) for stable in (True, False)) * self._byte_s

    def _stream(self, samples: Samples) -> None:
        every = max(1, ceil(round(self._line_s * self.cell.rate_hz, 9)))
        turns = self._turn + np.arange(len(samples.counts))
        self._turn += len(samples.counts)
        picked = (turns % every == 0) & self.chosen(samples)
        if picked.any():
            self._print(samples.moments_s[picked], samples.counts[picked], samples.stable[picked])

    def _print(self, moments_s: NDArray[np.float64], counts: IntArray, stable: Mask) -> None:
        if self.ordinary() and not self._any_beyond(counts):
            data, ends = self.block(counts - self.zero - self.tare, stable)
        else:
            values = zip(counts.tolist(), stable.tolist(), strict=True)
            data, ends = blocks.join_lines(self.line(count, stable=calm) for count, calm in values)
        self.send_block(data, ends, np.rint(self._sent_s(moments_s, ends) * 1e6).astype(np.int64))

    def _sent_s(self, moments_s: NDArray[np.float64], ends: IntArray) -> NDArray[np.float64]:
        """When each line has gone out: after its own value and the latency, and behind the line before it."""
        line_s = np.diff(ends, prepend=0) * self._byte_s
        busy_s = np.cumsum(line_s)
        begun_s = np.maximum.accumulate(np.maximum(moments_s + self._latency_s - (busy_s - line_s), self._free_s))
        self._free_s = float(begun_s[-1] + busy_s[-1])
        return np.asarray(begun_s + busy_s)

    def set_unit(self, unit: str) -> None:
        self.unit = unit

    # --- ranges ---

    @property
    def capacity(self) -> float:
        return self.cell.data.capacity_g * 10.0**self.cell.data.decimals

    def beyond(self, count: int) -> str:
        """``+`` above the capacity and 9 digits, ``-`` below minus the zero range, else nothing."""
        if count - self.zero > self.capacity + _BEYOND_DIGITS:
            return "+"
        return "-" if count - self.zero < -self.capacity * self._zero_range else ""

    def _any_beyond(self, counts: IntArray) -> bool:
        return bool(self.beyond(int(counts.max())) or self.beyond(int(counts.min())))

    def net_text(self, count: int) -> str:
        """The value shown for ``count``, in the unit that is shown."""
        return self.text(count - self.zero - self.tare)

    def text(self, counts: int) -> str:
        """So many digits in the unit that is shown."""
        return blocks.decimal_text(counts, self.decimals)

    @property
    def decimals(self) -> int:
        return self.cell.data.decimals + UNIT_POWERS[self.unit]

    # --- zero and tare ---

    def set_zero(self) -> bool:
        """Zero, which clears the tare. Whether it could be: not outside the zero range."""
        possible = abs(self.count) <= self.capacity * self._zero_range
        if possible:
            self.zero, self.tare = self.count, 0
        return possible

    def set_tare(self) -> bool:
        """Tare what is on the pan. Whether it could be: nothing below zero or beyond the range."""
        gross = self.count - self.zero
        possible = gross >= 0 and not self.beyond(self.count)
        self.tare = gross if possible else self.tare
        return possible

    # --- waiting for stability ---

    def when_stable(
        self, act: Callable[[], object], given_up: Callable[[], object] | None = None, patience_s: float = _NEVER_S
    ) -> None:
        """Act as soon as the cell is calm; commands wait behind. After ``patience_s`` do ``given_up`` instead."""
        if self.stable:
            act()
            return
        self._waiting, self._given_up, self._deadline_s = act, given_up, self.now_s + patience_s

    @property
    def waiting_for_calm(self) -> bool:
        return self._waiting is not None

    def stop_waiting(self) -> None:
        self._waiting, self._deadline_s = None, _NEVER_S
        while self._queue and self._waiting is None:
            self.obey(self._queue.popleft())

    def _try_waiting(self) -> None:
        act = self._waiting if self.stable else self._given_up
        if self._waiting is None or not (self.stable or self.now_s >= self._deadline_s):
            return
        self._waiting = None
        if act is not None:
            act()
        self.stop_waiting()
