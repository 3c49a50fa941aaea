"""The raw file of one instrument: every frame, both ways, as it was, with its stamp. Text that a person can read.

One frame a line: ``000012345678 < S S     100.0000 g\\r\\n``: bench time in microseconds (13 digits), direction (``>`` to the
instrument, ``<`` from it), the bytes. What is not printable ASCII is written as an escape, so that a line of this file
is a frame of the wire, whatever the frame holds.
"""

from __future__ import annotations

import numpy as np

from instruments.stamped import NOTHING, Stamped
from instruments.wire.blocks import digits_of

_STAMP_DIGITS = 13
_HEAD = _STAMP_DIGITS + 3
_ESCAPES = {0x0D: b"\\r", 0x0A: b"\\n", 0x5C: b"\\\\"}
_TEXT = [_ESCAPES.get(byte) or (bytes([byte]) if 0x20 <= byte < 0x7F else b"\\x%02x" % byte) for byte in range(256)]
_CR_LF = b"\r\n"
_MANY = 4
"""Frames from which on a block is quicker than one line after the other."""
_CR_LF_TEXT = np.frombuffer(b"\\r\\n\n", dtype=np.uint8)


def raw_lines(frames: Stamped, direction: str) -> bytes:
    """The lines of the raw file for ``frames``."""
    return (len(frames) >= _MANY and _block(frames, direction)) or b"".join(
        _line(frame, stamp_us, direction) for frame, stamp_us in frames
    )


def readable(frame: bytes) -> str:
    """A frame as the raw file has it."""
    return b"".join(_TEXT[byte] for byte in frame).decode("ascii")


def _line(frame: bytes, stamp_us: int, direction: str) -> bytes:
    return b"%0*d %s %s\n" % (_STAMP_DIGITS, stamp_us, direction.encode("ascii"), readable(frame).encode("ascii"))


def frames_of(text: bytes, direction: str) -> tuple[Stamped, int]:
    """The frames of one direction in a raw file, and how many bytes of a torn line stand at its end. Raises ValueError."""
    whole, _, torn = text.rpartition(b"\n")
    mark = f" {direction} ".encode("ascii")
    lines = [line for line in whole.split(b"\n") if line[_STAMP_DIGITS:_HEAD] == mark]
    if not lines:
        return NOTHING, len(torn)
    frames = [_bytes_of(line[_HEAD:]) for line in lines]
    stamps_us = np.array([int(line[:_STAMP_DIGITS]) for line in lines], dtype=np.int64)
    ends = np.cumsum([len(frame) for frame in frames], dtype=np.int64)
    return Stamped(b"".join(frames), ends, stamps_us), len(torn)


def _bytes_of(text: bytes) -> bytes:
    if b"\\" not in text:
        return text
    if text.endswith(b"\\r\\n") and b"\\" not in text[:-4]:  # most lines, and ten times as fast
        return text[:-4] + _CR_LF
    return text.decode("unicode_escape").encode("latin-1")


def _block(frames: Stamped, direction: str) -> bytes:
    """The same for frames of one length that are plain text and CR LF; empty where they are not."""
    lengths = frames.lengths
    if (lengths != lengths[0]).any() or lengths[0] <= len(_CR_LF):
        return b""
    rows = np.frombuffer(frames.data, dtype=np.uint8).reshape(len(frames), -1)
    body = rows[:, : -len(_CR_LF)]
    plain = (body >= 0x20) & (body < 0x7F) & (body != 0x5C)
    if not plain.all() or (rows[:, -2:] != np.frombuffer(_CR_LF, dtype=np.uint8)).any():
        return b""
    lines = np.empty((len(frames), _HEAD + body.shape[1] + len(_CR_LF_TEXT)), dtype=np.uint8)
    lines[:, :_STAMP_DIGITS] = digits_of(frames.stamps_us, _STAMP_DIGITS)
    lines[:, _STAMP_DIGITS:_HEAD] = np.frombuffer(f" {direction} ".encode("ascii"), dtype=np.uint8)
    lines[:, _HEAD : _HEAD + body.shape[1]] = body
    lines[:, _HEAD + body.shape[1] :] = _CR_LF_TEXT
    return lines.tobytes()
