"""What holds for the lines of every balance: blocks say the same as their lines one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instruments.errors import ReplyError
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped

DecodeLine = Callable[[bytes], Weighing]
DecodeBlock = Callable[[Stamped], tuple[Readings, Stamped]]


def block_of(lines: list[bytes]) -> Stamped:
    """Line number n has the stamp n."""
    return Stamped.join([Stamped.one(line, stamp_us) for stamp_us, line in enumerate(lines)])


def check_block(lines: list[bytes], decode_block: DecodeBlock, decode_line: DecodeLine) -> None:
    weighed: list[tuple[int, Weighing]] = []
    stray: list[tuple[bytes, int]] = []
    for stamp_us, line in enumerate(lines):
        try:
            weighed.append((stamp_us, decode_line(line)))
        except ReplyError:
            stray.append((line, stamp_us))
    readings, others = decode_block(block_of(lines))
    masses_g = [np.nan if weighing.mass_g is None else float(weighing.mass_g) for _, weighing in weighed]
    assert readings.stamps_us.tolist() == [stamp_us for stamp_us, _ in weighed]
    assert np.array_equal(readings.masses_g, masses_g, equal_nan=True)
    assert bytes(readings.statuses.tolist()) == b"".join(weighing.status.encode() for _, weighing in weighed)
    assert list(others) == stray
