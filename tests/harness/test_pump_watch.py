"""Between which two polls an alarm came: what its latency is uncertain by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.pump_watch import PumpWatch
from harness.record import Event
from instruments.pumps import PumpStatus

QUIET = PumpStatus(running=True, word="infusing", alarm="", stamp_us=1_000_000)


def stalled(at_us: int) -> PumpStatus:
    return PumpStatus(running=False, word="motor stalled", alarm="S", stamp_us=at_us, kind="stall")


@pytest.mark.parametrize(
    ("told", "since_us"),
    [
        ([QUIET, stalled(3_000_000)], 1_000_000),
        ([stalled(3_000_000)], 3_000_000),
        # one that came by itself is stamped before the poll that found it
        ([QUIET, stalled(900_000)], 900_000),
    ],
)
def test_an_alarm_lies_between_the_poll_without_it_and_its_own_stamp(told: list[PumpStatus], since_us: int) -> None:
    events: list[Event] = []
    answers = iter(told)
    rig: Any = SimpleNamespace(
        case="C",
        pump=SimpleNamespace(poll=lambda: next(answers)),
        kept=lambda _, ask: ask(),
        recorder=SimpleNamespace(event=lambda *entry: events.append(Event(*entry))),
    )
    watch = PumpWatch(rig)
    for _ in told:
        watch.ask()
    (alarm,) = [event for event in events if event.kind == "alarm"]
    assert (alarm.at_us, alarm.data["since_us"]) == (told[-1].stamp_us, since_us)
