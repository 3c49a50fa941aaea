"""Harvard Apparatus and KD Scientific "Ultra" command set: PHD ULTRA, Pump 11 Elite, Legato.

A command is ``[address][@]word[ argument ...] CR``. The reply is ``LF``, lines that end with CR LF, and a prompt that says what
the pump does, with nothing behind it; where the pump tells its address, lines begin with ``NN:`` and the prompt with ``NN``.

So ``LF 12:`` may be a whole reply (pump 12 is idle) or the beginning of one that has text, and no reader can tell without
waiting. With ``poll on`` the pump puts an XON behind every prompt and says nothing by itself; the framer for the host goes by
that XON. With ``poll remote`` there are no prompts: ``NN:text LF`` for each line, nothing for none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.stamped import IntArray
from instruments.wire.framing import FRAME_LIMIT

CR, LF, XON = 0x0D, 0x0A, 0x11
_XON = bytes([XON])

PROMPT_WORDS = {
    ":": "idle",
    ">": "infusing",
    "<": "withdrawing",
    "*": "stalled",
    "T*": "target reached",
    ">*": "infuse limit switch hit",
    "<*": "withdraw limit switch hit",
}
RUNNING = frozenset("<>")
POLL_MODES = ("off", "on", "remote")
ERROR_WORDS = ("Command error", "Argument error", "Range error")

_LF = re.compile(rb"\n")
_COMMAND = re.compile(r" *(?P<early>@?)(?P<address>\d{0,2}):?(?P<late>@?) *(?P<word>[^ ]*)(?P<arguments>.*)\Z", re.DOTALL)
_REPLY = re.compile(
    rb"(?P<notice>\r?)\n(?P<lines>(?:[\x20-\x7e]*\r\n)*)"
    rb"(?:(?P<address>\d\d)(?::(?=T))?)?(?P<prompt>:|T\*|[<>]\*?|\*)\x11?\Z"
)
_REMOTE = re.compile(rb"(?P<address>\d\d):[\x20-\x7e]*\n(?:(?P=address):[\x20-\x7e]*\n)*\Z")
_STATUS = re.compile(
    r"(?P<rate>\d{1,20}) (?P<time>\d{1,20}) (?P<volume>\d{1,20}) (?P<flags>[iIwW][.iIwW][.S][.T][iIwW][.T]?)\Z", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Command:
    """What a host says: the word in lower case (none: only the prompt is asked). ``quiet``: the screen is not refreshed."""

    word: str
    arguments: tuple[str, ...] = ()
    address: int | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a pump says; ``address`` None where it tells none. ``prompt`` is empty with ``poll remote``.

    ``prefixed``: the lines carry the address too; they do but in the answer to ``address N``. ``notice``: it came by itself.
    """

    prompt: str
    lines: tuple[str, ...] = ()
    address: int | None = None
    prefixed: bool = True
    notice: bool = False

    @property
    def error(self) -> str:
        """The refusal, its lines in one (``Argument error: 2 (Target volume out of range)``), or an empty text."""
        if not self.lines or self.lines[0].partition(":")[0] not in ERROR_WORDS:
            return ""
        told = " ".join(line.strip() for line in self.lines[1:])
        return f"{self.lines[0]} ({told})" if told else self.lines[0]


@dataclass(frozen=True, slots=True)
class Status:
    """The line that answers ``status``: flow in fL/s; run time (ms, in old firmware other units) and volume in fL, both of the
    present direction.

    ``flags``: direction (upper case while the motor runs), limit switch, ``S`` stalled, trigger input, direction port, ``T``
    target reached (which early firmware leaves out).
    """

    rate_fl_s: int
    time: int
    volume_fl: int
    flags: str

    @property
    def running(self) -> bool:
        return self.flags[0].isupper()

    @property
    def stalled(self) -> bool:
        return self.flags[2] == "S"


# --- frames ---


def command_ends(data: bytes) -> IntArray:
    """Framer for the pump: up to each CR."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == CR) + 1


def reply_ends(data: bytes) -> IntArray:
    """Framer for the host of a pump with ``poll on``: up to each XON; what stands before the reply in it is its own frame."""
    ends: list[int] = []
    at = 0
    for end in (np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == XON) + 1).tolist():
        start = _reply_start(data[at:end])
        ends += [at + start, end] if start else [end]
        at = end
    return np.array(ends, dtype=np.int64)


def _reply_start(piece: bytes) -> int:
    """Where the reply begins that ends the piece: at the first LF from which it is one."""
    if len(piece) <= FRAME_LIMIT:
        for start in (found.start() for found in _LF.finditer(piece)):
            with suppress(ReplyError):
                decode_reply(piece[start:])
                return start
    return 0


# --- commands ---


def encode_command(command: Command) -> bytes:
    address = "" if command.address is None else f"{command.address:02d}"
    text = " ".join([f"{address}{'@' * command.quiet}{command.word}", *command.arguments])
    return f"{text}\r".encode("ascii")


def decode_command(frame: bytes) -> Command:
    """A command as the pump sees it: without control characters, the word in lower case. Raises ReplyError without its CR."""
    text = "".join(chr(byte) for byte in frame if 0x20 <= byte < 0x7F)
    match = _COMMAND.match(text)
    if match is None or frame[-1:] != b"\r":
        raise ReplyError("not a command of the Ultra set", frame)
    address = int(match["address"]) if match["address"] else None
    return Command(match["word"].lower(), tuple(match["arguments"].split()), address, bool(match["early"] or match["late"]))


# --- replies ---


def encode_reply(reply: Reply, *, poll: str = "off", colon_target: bool = False) -> bytes:
    """A reply in a polling mode. ``colon_target``: ``T*`` stands behind the address with a colon between."""
    address = "" if reply.address is None else f"{reply.address:02d}"
    prefix = f"{address}:" if address and reply.prefixed else ""
    if poll == "remote":
        return "".join(f"{prefix}{line}\n" for line in reply.lines).encode("ascii")
    lines = "".join(f"{prefix}{line}\r\n" for line in reply.lines)
    colon = ":" if colon_target and address and reply.prompt == "T*" else ""
    text = f"\n{lines}{address}{colon}{reply.prompt}".encode("ascii")
    return b"\r" * reply.notice + text + _XON * (poll == "on")


def decode_reply(frame: bytes) -> Reply:
    """Read one reply in whichever polling mode. Raises ReplyError on anything else."""
    if remote := _REMOTE.match(frame):
        return Reply("", _unprefixed(frame.split(b"\n")[:-1], remote["address"], frame), int(remote["address"]))
    match = _REPLY.match(frame)
    if match is None:
        raise ReplyError("not a reply of the Ultra command set", frame)
    prompt, notice = match["prompt"].decode("ascii"), bool(match["notice"])
    lines = match["lines"].split(b"\r\n")[:-1]
    if match["address"] is None:
        return Reply(prompt, _texts(lines), notice=notice)
    prefixed = not lines or any(line.startswith(match["address"] + b":") for line in lines)
    texts = _unprefixed(lines, match["address"], frame) if prefixed else _texts(lines)
    return Reply(prompt, texts, int(match["address"]), prefixed, notice)


def _texts(lines: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(line.decode("ascii") for line in lines)


def _unprefixed(lines: Sequence[bytes], digits: bytes, frame: bytes) -> tuple[str, ...]:
    """Lines without the address that each has to begin with."""
    if not all(line.startswith(digits + b":") for line in lines):
        raise ReplyError("lines without the address of the prompt", frame)
    return _texts([line[3:] for line in lines])


def error_lines(kind: str, argument: str, text: str) -> tuple[str, ...]:
    """A refusal as the pump prints it: the second line begins with three spaces and has 80 characters at most."""
    return (f"{kind}: {argument}" if argument else f"{kind}:", f"   {text}"[:80])


def encode_status(status: Status) -> str:
    return f"{status.rate_fl_s} {status.time} {status.volume_fl} {status.flags}"


def decode_status(line: str) -> Status | None:
    """Read the line that answers ``status``, or None if it is none."""
    match = _STATUS.match(line)
    return Status(int(match["rate"]), int(match["time"]), int(match["volume"]), match["flags"]) if match else None
