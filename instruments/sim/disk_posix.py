"""A disk that is full, for the files of this process alone: the system refuses to let any of them grow too large."""

from __future__ import annotations

import resource

_ROOM_BYTES = 1_000_000


class FullDisk:
    """From its making on no file of this process can become larger than a megabyte, until ``release``."""

    def __init__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM_BYTES, self._before[1]))

    def release(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)
