"""One conversation with one pump of the New Era family: framing, address, alarms in place of answers, refusals."""

from __future__ import annotations

from instruments.errors import PumpAlarm, Refused, ReplyError
from instruments.link import Frame, Link
from instruments.wire import new_era as wire
from instruments.wire.new_era import Reply

_REPLY_TIMEOUT_S = 1.0
_TRIES = 4
"""How often a command that met the start of a phase (``?IGN``) is sent again."""

Heard = tuple[Frame, Reply]


class Talk:
    """Speaks to the pump at ``address`` and hears no other.

    The framing of an answer tells the mode that the pump is in; the next command is framed for that.
    """

    def __init__(self, link: Link, address: int) -> None:
        self._link, self._address = link, address
        self._safe, self._status = False, ""
        self._met: list[Heard] = []

    @property
    def safe(self) -> bool:
        """Whether the pump was in Safe mode when it last answered."""
        return self._safe

    @property
    def running(self) -> bool:
        """Whether it was running then."""
        return self._status in wire.RUNNING

    def command(self, text: str, *, packet: bool = False) -> Reply:
        """A command that has to be obeyed. Raises PumpAlarm or Refused.

        ``packet``: in Safe framing, which is understood in either mode.
        """
        reply = self._obeyed(text, packet=packet)
        if reply.alarm:
            raise PumpAlarm(f"{text or 'status'}: the pump raised an alarm ({wire.ALARM_WORDS[reply.alarm]})", reply.alarm)
        if reply.error:
            raise Refused(f"{text}: {wire.ERROR_WORDS.get(reply.error, 'refused')}", reply.error)
        return reply

    def data(self, text: str) -> str:
        """What the pump says to a question."""
        return self.command(text).data

    def _obeyed(self, text: str, *, packet: bool) -> Reply:
        for _ in range(_TRIES):
            reply = self.ask(text, packet=packet)[1]
            if reply.error != "?IGN":
                break
        return reply

    def command_past_alarm(self, text: str, *, packet: bool = False) -> Reply:
        """An alarm answers the next command whatever it is and so is acknowledged; then the command is sent again."""
        try:
            return self.command(text, packet=packet)
        except PumpAlarm:
            return self.command(text, packet=packet)

    def ask_keeping_alarm(self, text: str, *, packet: bool = False) -> Reply:
        """An alarm that answers is acknowledged by that, so it is kept for ``alarms`` to tell."""
        frame, reply = self.ask(text, packet=packet)
        if reply.alarm:
            self._met.append((frame, reply))
        return reply

    def ask(self, text: str, *, packet: bool = False) -> Heard:
        """Ask and hear, whatever the answer is. Raises ReplyTimeout."""
        request = wire.encode_command(f"{self._address}{text}", safe=packet or self._safe)
        frame = self._link.exchange(request, timeout_s=_REPLY_TIMEOUT_S, wanted=lambda heard: self._mine(heard) is not None)
        reply = wire.decode_reply(frame.data)
        self._safe, self._status = wire.is_packet(frame.data), reply.status
        if reply.alarm and self._safe:
            self._link.settle()  # the alarm may also be on its way by itself: do not take it for the next answer
        return frame, reply

    def alarms(self, answer: Heard) -> list[Heard]:
        """The alarms met since the last call, those that came by themselves, and the one in ``answer``, if any."""
        came = [Frame(*piece) for piece in self._link.unsolicited()]
        told = [(frame, reply) for frame in came if (reply := self._mine(frame.data)) is not None and reply.alarm]
        met, self._met = self._met, []
        return met + told + ([answer] if answer[1].alarm else [])

    def keep(self, alarms: list[Heard]) -> None:
        """Alarms that are to be told by the next call of ``alarms``."""
        self._met = alarms

    def forget_alarms(self) -> None:
        self._link.unsolicited()
        self._met = []

    def settle(self) -> None:
        self._link.settle()

    def _mine(self, frame: bytes) -> Reply | None:
        try:
            reply = wire.decode_reply(frame)
        except ReplyError:
            return None
        return reply if reply.address == self._address else None
