"""Simulated Ultra pumps in the states that the exchanges begin with, and what a host hears of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from instruments.sim.harvard import HarvardChain
from instruments.sim.harvard_models import PumpData
from instruments.wire import harvard as wire
from tests.instruments.exchanges import Row
from tests.instruments.sim.answers import a_drive
from tests.instruments.sim.states import Standing


class PumpStanding(Standing):
    device: HarvardChain

    def tells(self, *texts: str) -> list[str]:
        """Commands as text; of each answer the lines and the prompt in one (``500 ul/min >``), nothing for no answer."""
        return [_told(self.ask(f"{text}\r".encode())) for text in texts]


def _told(data: bytes) -> str:
    if not data:
        return ""
    reply = wire.decode_reply(data)
    return " ".join([*(line.strip() for line in reply.lines), reply.prompt])


def pump(*texts: str, travel_ml: float = 60.0, drive: dict[str, Any] | None = None, **data: Any) -> PumpStanding:
    """A chain of pumps, all with the same mechanics, after these commands."""
    options = replace(PumpData(), **data)
    drives = [a_drive(travel_ml=travel_ml, **(drive or {})) for _ in options.addresses]
    standing = PumpStanding(HarvardChain(options, drives))
    standing.tells(*texts)
    return standing


def running(*texts: str, **data: Any) -> PumpStanding:
    """A pump of 14.43 mm at 500 ul/min (120 s for 1 ml) after these commands, infusing since this moment."""
    standing = pump("diameter 14.43", "irate 500 ul/min", *texts, **data)
    standing.say(b"irun\r")
    return standing


def after_s(standing: PumpStanding, duration_s: float) -> PumpStanding:
    standing.pass_s(duration_s)
    standing.heard()
    return standing


GIVEN: dict[str, Callable[[], PumpStanding]] = {
    "idle": lambda: pump("diameter 9.525", "irate 100 ul/min"),
    "programmed": lambda: pump("diameter 14.43", "irate 500 ul/min"),
    "millilitre-a-minute": lambda: pump("diameter 14.43", "irate 1 ml/min"),
    "infusing": running,
    "infusing-to-10-ul": lambda: running("tvolume 10 ul"),
    "target-reached": lambda: after_s(running("tvolume 10 ul"), 2.0),
    "stalled": lambda: after_s(running(travel_ml=0.001), 10.0),
    "address-12": lambda: pump("diameter 14.43", "irate 3.2 ul/min", addresses=(12,)),
    "address-12-infusing": lambda: running("irate 3.2 ul/min", addresses=(12,)),
    "address-12-to-10-ul": lambda: running("tvolume 10 ul", addresses=(12,)),
    "legato": lambda: pump("diameter 14.43", model="legato-100"),
    "legato-polled": lambda: pump("diameter 14.43", "irate 199.49 ul/min", "poll on", model="legato-100"),
}
_BEGUN = frozenset({"infusing", "infusing-to-10-ul", "address-12-infusing", "address-12-to-10-ul"})


def given_pump(exchange: Row) -> PumpStanding:
    """The pump that an exchange begins with; what it said on the way there is let go."""
    standing = GIVEN[exchange["given"]]()
    if exchange["given"] in _BEGUN:
        standing.device.cancel_later()
    standing.heard()
    return standing
