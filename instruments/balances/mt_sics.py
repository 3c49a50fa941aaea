"""Driver of MT-SICS balances."""

from __future__ import annotations

from instruments.errors import Refused, ReplyError
from instruments.identity import Identity
from instruments.link import Link
from instruments.stamped import Stamped
from instruments.wire import mt_sics as wire
from instruments.wire.mt_sics import Answer, Readings, Weighing

_REPLY_TIMEOUT_S = 2.0
_STABLE_TIMEOUT_S = 45.0
"""S, Z and T wait up to 40 s inside the balance."""


class MtSicsBalance:
    """One balance on one line, weighing in grams."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def connect(self) -> Identity:
        """Cancel whatever the balance was doing and read who it is."""
        serial = self._query("@", "I4").words[0]
        self._link.unsolicited()
        model, firmware = self._query("I2", "I2").words[0], self._query("I3", "I3").words[0]
        return Identity(model, serial, firmware)

    def set_update_rate(self, rate_hz: float) -> float:
        self._query(f"UPD {rate_hz:g}", "UPD")
        return float(self._query("UPD", "UPD").words[0])

    def start_stream(self) -> None:
        self._link.send(wire.encode_command("SIR"))

    def stop_stream(self) -> None:
        self._query("@", "I4")

    def readings(self) -> tuple[Readings, Stamped]:
        return wire.decode_block(self._link.unsolicited())

    def weigh(self) -> Weighing:
        """The present mass, settled or not. Not while streaming."""
        return wire.decode_weighing(self._line("SI", ("S",), _REPLY_TIMEOUT_S))

    def weigh_stable(self) -> Weighing:
        """The next settled mass; status ``I`` when the balance gave up waiting (40 s). Not while streaming."""
        return wire.decode_weighing(self._line("S", ("S",), _STABLE_TIMEOUT_S))

    def zero(self, *, wait: bool = True) -> None:
        """Set zero, settled (``wait``) or at once. Raises Refused with the balance's status."""
        answer = self._line("Z" if wait else "ZI", ("Z", "ZI"), _STABLE_TIMEOUT_S)
        self._done("zero", wire.decode_answer(answer).status, "ASD")

    def tare(self, *, wait: bool = True) -> Weighing:
        """Set tare, settled (``wait``) or at once; returns the tare mass. Raises Refused with the balance's status."""
        tare = wire.decode_weighing(self._line("T" if wait else "TI", ("T", "TI"), _STABLE_TIMEOUT_S))
        self._done("tare", tare.status, "SD")
        return tare

    def _query(self, command: str, identifier: str) -> Answer:
        answer = wire.decode_answer(self._line(command, (identifier,), _REPLY_TIMEOUT_S))
        self._done(command, answer.status, "AB")
        return answer

    def _line(self, command: str, identifiers: tuple[str, ...], timeout_s: float) -> bytes:
        expected = {*identifiers, *wire.GENERAL_ERRORS}
        frame = self._link.exchange(
            wire.encode_command(command), timeout_s=timeout_s, wanted=lambda line: wire.identifier_of(line) in expected
        )
        if wire.identifier_of(frame.data) in wire.GENERAL_ERRORS:
            raise ReplyError(f"{command}: {wire.GENERAL_ERRORS[wire.identifier_of(frame.data)]}", frame.data)
        return frame.data

    def _done(self, what: str, status: str, good: str) -> None:
        if status not in good:
            raise Refused(f"{what}: {wire.STATUS_WORDS.get(status, 'refused')}", status)
