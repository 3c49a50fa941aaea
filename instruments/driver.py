"""What a driver tells of itself: how to cut its bytes, what it can do, and how to ask carefully whether it is the right one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from instruments.identity import Identity
from instruments.link import Link
from instruments.port import LineSettings
from instruments.wire.framing import Framer

Device = TypeVar("Device", covariant=True)

CAPABILITIES: Mapping[str, str] = {
    "syringe": "takes the inner diameter of its syringe",
    "target-volume": "stops by itself at a set volume",
    "totals": "tells the volume that it has infused",
    "withdraw": "can run backwards",
    "bolus-on-basal": "runs a programme of rates and volumes, the last one until stopped",
    "bolus": "gives a bolus on a running infusion",
    "prime": "fills its catheter by a command of its own",
    "alarms-unsolicited": "sends its alarms without being asked",
    "watchdog": "stops by itself when nobody speaks to it",
    "reservoir": "keeps account of a reservoir, with an alarm when it is low",
    "battery": "tells the state of its battery, with ERI and EOS",
    "stream": "sends its readings by itself, on command or by its own setting",
    "update-rate": "its stream rate can be set by command",
    "tare": "can be tared by command",
    "zero": "can be set to zero by command",
    "voltage": "measures DC voltage",
    "scan": "measures several channels in turn",
    "digital-input": "reads a digital line",
    "output": "feeds a load with a set voltage and current limit",
    "protection": "has overvoltage and overcurrent trips that can be read and cleared",
}
"""What a plan can require of a bench, in words."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question that moves, tares and sets nothing, on any device of any family; ``identify`` reads its answer.

    ``identify`` gets everything that came within a second and returns None when it was not such a device.
    """

    request: bytes
    identify: Callable[[bytes], Identity | None]


@dataclass(frozen=True, slots=True)
class Driver(Generic[Device]):
    """``make`` builds the driver on a link from the options of the bench file's table (``[ROLE.options]``).

    ``options`` is the dataclass of those options, ``can`` a set of CAPABILITIES, ``line`` how the family's serial line is set by
    default.
    """

    framer: Framer
    make: Callable[[Link, Any], Device]
    options: type[Any]
    can: frozenset[str]
    line: LineSettings = field(default_factory=LineSettings)
    probe: Probe | None = None


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Of a driver that needs none."""
