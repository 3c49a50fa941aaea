"""What drivers of balances that print lines share: waiting until a line says what it must, and reading a stream by the line."""

from __future__ import annotations

from collections.abc import Callable, Container
from decimal import Decimal

import numpy as np

from instruments.errors import Refused, ReplyTimeout
from instruments.link import Frame, Link
from instruments.readings import Weighing
from instruments.stamped import Stamped

STABLE_TIMEOUT_S = 45.0
_NEAR_DIGITS = 9
"""A balance that has just been zeroed or tared shows no more than this many digits of its last place."""


def near_zero(weighing: Weighing) -> bool:
    """Stable, and within a few digits of zero."""
    mass_g = weighing.mass_g
    return weighing.status == "S" and mass_g is not None and abs(mass_g) <= _digit_g(mass_g) * _NEAR_DIGITS


def _digit_g(mass_g: Decimal) -> Decimal:
    return Decimal(1).scaleb(int(mass_g.as_tuple().exponent))


def wait_for(next_line: Callable[[], Frame], good: Callable[[bytes], bool], patience_s: float) -> Frame:
    """Lines until one is good; the last one when ``patience_s`` have gone by, by the lines' own stamps."""
    first = frame = next_line()
    while not good(frame.data) and frame.stamp_us - first.stamp_us < patience_s * 1e6:
        frame = next_line()
    return frame


def check_zero(what: str, weighing: Weighing) -> None:
    """Raises Refused, with the balance's own code, when it does not show zero after ``what``."""
    if not near_zero(weighing):
        shown = f"{weighing.mass_g} g" if weighing.mass_g is not None else weighing.code
        raise Refused(f"{what}: the balance does not come to a stable zero", shown or weighing.status)


def no_update_rate(how: str) -> Refused:
    return Refused(f"the weighing rate cannot be set by command: {how}", "")


class Stream:
    """Lines that come by themselves: waited for one by one, and handed out all together later, so that none is lost."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._kept: list[Stamped] = []

    def next_line(self, wanted: Callable[[bytes], bool], timeout_s: float) -> Frame:
        """The next wanted line that comes from now on. Raises ReplyTimeout."""
        self._kept.append(self._link.unsolicited())
        frame = self._link.receive(timeout_s=timeout_s, wanted=wanted)
        others = self._link.unsolicited()
        before, after = others.split(int(np.searchsorted(others.stamps_us, frame.stamp_us)))
        self._kept += [before, Stamped.one(*frame), after]
        return frame

    def comes(self, wanted: Callable[[bytes], bool], timeout_s: float) -> bool:
        """Whether a wanted line comes in time."""
        try:
            self.next_line(wanted, timeout_s)
        except ReplyTimeout:
            return False
        return True

    def take(self) -> Stamped:
        """All that has come since the last call, in its order."""
        kept, self._kept = self._kept, []
        return Stamped.join([*kept, self._link.unsolicited()])


def without(lines: Stamped, empty: Container[bytes]) -> Stamped:
    """``lines`` but for those that say nothing."""
    return lines.pick(np.array([line not in empty for line, _ in lines], dtype=bool)) if len(lines) else lines
