"""``SR`` and ``SNR``: weights that the balance sends by itself when the load has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from instruments.sim.physics.weighing import Samples

Told = tuple[float, int, str]
"""When, which count, and with what status; ``I`` stands for no value."""

_SNR_G = ((1e-6, 0.001), (1e-5, 0.01), (1e-4, 0.1), (0.1, 1.0))
"""Readability up to which a deflection is the least that ``SNR`` tells of, in g; beyond the table it is 5 g."""
_SR_SHARE, _SR_DIGITS = 0.125, 30


def sr_trigger(net: int) -> int:
    """Counts that the load has to change by for ``SR``, unless preset."""
    return max(_SR_DIGITS, round(abs(net) * _SR_SHARE))


def snr_trigger_g(readability_g: float) -> float:
    return next((least_g for up_to_g, least_g in _SNR_G if readability_g <= up_to_g * 1.001), 5.0)


class Changes:
    """Waits for a calm value, then for a change, and so on. ``dynamic``: the change itself is told too (``SR``)."""

    def __init__(self, now_s: float, trigger: Callable[[int], int], *, dynamic: bool, patience_s: float) -> None:
        self._since_s, self._patience_s = now_s, patience_s
        self._trigger, self._dynamic = trigger, dynamic
        self._calm: int | None = None

    def feed(self, samples: Samples) -> Iterator[Told]:
        """What these samples give occasion to tell."""
        at = 0
        while at < len(samples.counts):
            found, told = self._settle(samples, at) if self._calm is None else self._watch(samples, at, self._calm)
            at = found + 1
            if at <= len(samples.counts):
                yield from told

    def settled(self, count: int) -> None:
        """A calm value was told; from now on the load is watched."""
        self._calm = count

    def _watch(self, samples: Samples, at: int, calm: int) -> tuple[int, list[Told]]:
        moved = np.abs(samples.counts[at:] - calm) >= self._trigger(calm)
        found = at + _first(moved)
        if found == len(samples.counts):
            return found, []
        self._calm, self._since_s = None, float(samples.moments_s[found])
        return found, [(self._since_s, int(samples.counts[found]), "D")] if self._dynamic else []

    def _settle(self, samples: Samples, at: int) -> tuple[int, list[Told]]:
        calm = at + _first(samples.stable[at:])
        late = at + _first(samples.moments_s[at:] >= self._since_s + self._patience_s)
        found = min(calm, late)
        if found == len(samples.counts):
            return found, []
        moment_s, count = float(samples.moments_s[found]), int(samples.counts[found])
        if calm == found:
            self.settled(count)
            return found, [(moment_s, count, "S")]
        self._since_s = moment_s
        return found, [(moment_s, count, "I"), (moment_s, count, "D")]


def _first(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Where the mask first holds; its length for nowhere."""
    return int(mask.argmax()) if mask.any() else len(mask)
