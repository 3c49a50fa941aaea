"""One conversation on one port: requests and replies, lines that come by themselves, every byte stamped and shown to a tap.

A frame that arrives late is not to be taken for the answer to a later question: after a timeout the link first lets the line
fall quiet and sets aside what still comes. Where half a frame came, the rest may come as late as it likes: it is put behind
its beginning and set aside as well, unless by itself it is a frame that was ``wanted``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from instruments.clock import Clock
from instruments.errors import GarbledReply, HalfReply, ReplyTimeout
from instruments.port import Port
from instruments.stamped import NOTHING, Stamped, microseconds
from instruments.wire.framing import FRAME_LIMIT, FrameBuffer, Framer

_QUIET_S = 0.1
_SHOWN = 100
_LONGEST_DOUBT_S = 2.0
_SETTLE_S = 1.0
"""A line that is never quiet (a balance that sends its readings) is waited for no longer than this."""


class Frame(NamedTuple):
    """One whole frame and the moment its last byte arrived."""

    data: bytes
    stamp_us: int


class Tap(Protocol):
    """Sees all traffic of a link before anybody acts on it."""

    def sent(self, role: str, data: bytes, stamp_us: int) -> None: ...

    def received(self, role: str, frames: Stamped) -> None: ...

    def exchanged(self, role: str, request: bytes, reply: bytes | None, sent_us: int, heard_us: int) -> None:
        """A request and the frame that was taken for its answer: None where none came, or none was waited for. An answer of
        several frames tells of each, the later ones with an empty request.
        """
        ...


class Link:
    """Exchanges whole frames with one device. Use from one thread."""

    def __init__(self, port: Port, framer: Framer, clock: Clock, *, role: str, tap: Tap | None = None) -> None:
        self.role = role
        self._port, self._clock, self._tap = port, clock, tap
        self._frames = FrameBuffer(framer)
        self._pending: deque[Frame] = deque()
        self._aside: list[Stamped] = []
        self._half = b""
        self._out_of_step, self._doubt_s = False, _QUIET_S
        self.heard_s = clock.now_s()
        """When the last whole frame arrived; at first, when the link was made."""

    def send(self, data: bytes) -> None:
        """Without waiting for an answer."""
        sent_us = self._now_us()
        self._write(data)
        self._told(data, None, sent_us)

    def _write(self, data: bytes) -> None:
        if self._tap is not None:
            self._tap.sent(self.role, data, self._now_us())
        self._port.write(data)

    def _told(self, request: bytes, reply: Frame | None, sent_us: int) -> None:
        if self._tap is not None:
            heard_us = reply.stamp_us if reply else self._now_us()
            self._tap.exchanged(self.role, request, reply.data if reply else None, sent_us, heard_us)

    def _now_us(self) -> int:
        return microseconds(self._clock.now_s())

    def exchange(
        self, request: bytes, *, timeout_s: float, wanted: Callable[[bytes], bool] | None = None, alike: bool = False
    ) -> Frame:
        """Send ``request``; return the first frame after it that is ``wanted`` (any, unless told).

        What else comes is kept for ``unsolicited``. Where all answers look ``alike`` and nothing can be asked that tells old from
        new, the line has to be silent for as long as an answer may take before anything is asked after one that did not come.
        Raises ReplyTimeout, and LinkError when the line is lost.
        """
        if self._out_of_step:
            self.settle(self._doubt_s)
        self._set_aside(self._take())
        self._doubt_s = min(timeout_s, _LONGEST_DOUBT_S) if alike else _QUIET_S
        self._out_of_step = True  # until the answer is here: a Ctrl-C in between leaves it on its way
        sent_us, frame = self._now_us(), None
        try:
            self._write(request)
            frame = self._received(timeout_s, wanted)
        finally:
            self._told(request, frame, sent_us)
        self._out_of_step = False
        return frame

    def receive(self, *, timeout_s: float, wanted: Callable[[bytes], bool] | None = None) -> Frame:
        """The next frame that is ``wanted``, waiting for it. Raises ReplyTimeout (HalfReply, GarbledReply if something came)."""
        since_us = self._now_us()
        frame = self._received(timeout_s, wanted)
        self._told(b"", frame, since_us)
        return frame

    def _received(self, timeout_s: float, wanted: Callable[[bytes], bool] | None) -> Frame:
        deadline_s = self._clock.now_s() + timeout_s
        passed_over = b""
        while True:
            while self._pending:
                frame = self._pending.popleft()
                if wanted(frame.data) if wanted else not self._half:
                    self._half = b""
                    return frame
                self._set_aside(Stamped.one(*frame))
                passed_over = frame.data
            if self._clock.now_s() >= deadline_s:
                raise self._late(timeout_s, passed_over)
            self._pending.extend(Frame(*piece) for piece in self._frame(self._port.wait(deadline_s)))

    def unsolicited(self) -> Stamped:
        """All frames that no exchange took, oldest first; empties the store."""
        self._set_aside(self._take())
        aside, self._aside = self._aside, []
        return Stamped.join(aside)

    def settle(self, quiet_s: float = _QUIET_S) -> None:
        """Wait until the line is quiet: late answers go to the unsolicited, half a frame is kept for its end to come."""
        last_s = self._clock.now_s() + max(_SETTLE_S, quiet_s)
        while len(arrived := self._port.wait(self._clock.now_s() + quiet_s)):
            self._set_aside(self._frame(arrived))
            if self._clock.now_s() >= last_s:
                break
        self._out_of_step = False
        self._keep_half()

    def renew(self, port: Port) -> None:
        """Go on with a port that was opened again. What was on its way when the line was lost is gone."""
        self._keep_half()
        self._half = b""
        self._port, self._out_of_step = port, True

    def _take(self) -> Stamped:
        arrived = self._frame(self._port.poll())
        waiting, self._pending = self._pending, deque()
        return Stamped.join([*(Stamped.one(*frame) for frame in waiting), arrived])

    def _frame(self, arrived: Stamped) -> Stamped:
        frames = self._frames.feed(arrived) if len(arrived) else NOTHING
        if len(frames):
            self.heard_s = float(frames.stamps_us[-1]) / 1e6
            if self._tap is not None:
                self._tap.received(self.role, frames)
        return frames

    def _set_aside(self, frames: Stamped) -> None:
        if len(frames):
            half, self._half = self._half, b""
            self._aside.append(Stamped(half + frames.data, frames.ends + len(half), frames.stamps_us))

    def _keep_half(self) -> None:
        """What a timeout cut off must not stand before the next answer."""
        held = self._frames.drop()
        if held and self._tap is not None:
            self._tap.received(self.role, Stamped.one(held, microseconds(self._clock.now_s())))
        self._half = (self._half + held)[-FRAME_LIMIT:]

    def _late(self, timeout_s: float, passed_over: bytes) -> ReplyTimeout:
        told = f"{self.role}: no answer within {timeout_s:g} s"
        if self._frames.held:
            return HalfReply(f"{told} (only {self._frames.held[:_SHOWN]!r} came); check the line settings and who else reads")
        if passed_over:
            instead = f"(what came instead ended with {passed_over[:_SHOWN]!r})"
            return GarbledReply(f"{told} {instead}; check the line settings, and which device is there")
        return ReplyTimeout(f"{told}; check power, address and line settings")
