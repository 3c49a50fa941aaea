"""Driver of KERN balances that speak KCP: those of MT-SICS, but with pauses between commands and without an update rate."""

from __future__ import annotations

from contextlib import suppress

from instruments.balances.mt_sics import MtSicsBalance
from instruments.balances.printing import no_update_rate
from instruments.driver import Driver, NoOptions, Probe
from instruments.errors import ReplyError
from instruments.identity import Identity
from instruments.link import Link
from instruments.wire import kern as wire
from instruments.wire import mt_sics
from instruments.wire.framing import line_ends


class KernBalance(MtSicsBalance):
    """One balance on one line, weighing in grams."""

    def set_update_rate(self, rate_hz: float) -> float:
        """Raises Refused: KCP has no command for it."""
        raise no_update_rate("KCP has no command for it")

    def start_stream(self) -> None:
        self._link.settle()
        super().start_stream()
        self._link.settle()  # nothing answers this command but the stream

    def _line(self, command: str, identifiers: tuple[str, ...], timeout_s: float) -> bytes:
        """The balance is deaf for a tenth of a second after a command: the line is let fall quiet for as long first."""
        self._link.settle()
        return super()._line(command, identifiers, timeout_s)


def _identify(data: bytes) -> Identity | None:
    with suppress(ReplyError):
        return Identity("") if wire.is_kcp(wire.decode_command_list(data)) else None
    return None


def _make(link: Link, options: NoOptions) -> KernBalance:
    return KernBalance(link)


DRIVER = Driver(
    framer=line_ends,
    make=_make,
    options=NoOptions,
    can=frozenset({"stream", "tare", "zero"}),
    probe=Probe(mt_sics.encode_command("I0"), _identify),
)
