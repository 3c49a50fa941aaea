"""What has to be on the disk before anybody relies on it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def to_disk(descriptor: int) -> None:
    """The data of an open file, and its size; not when it was last changed, which costs a second write."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Whoever reads meanwhile, or after the power has failed, sees the old file or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    names_to_disk(path.parent)


def names_to_disk(folder: Path) -> None:
    """That a file is there at all, under its name. Windows has no such call, and needs none."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
