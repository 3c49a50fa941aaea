"""Whatever comes over the line, no simulated device falls over: the others of its bench would fall with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.drivers import KINDS, drivers
from instruments.sim.bench import SimulatedBench
from instruments.sim.setup import read_setup
from instruments.wire.framing import FRAME_LIMIT
from tests.instruments.test_discovery import ADDRESS, ROLES
from tests.instruments.wire.chunks import noisy

NAMES = [(kind, name) for kind in KINDS for name in sorted(drivers(kind))]
ALPHABET = b"\r\n\x02\x03\x1b :;?*@,.()#\"'0123456789+-ACDEILMNOPRSTUV"


def bench(kind: str, name: str) -> SimulatedBench:
    return SimulatedBench(read_setup({}), {ROLES[kind]: {"driver": name, "address": ADDRESS}})


def hear(kind: str, name: str, data: bytes) -> SimulatedBench:
    """A device after it has heard ``data`` and a minute has gone by."""
    made = bench(kind, name)
    made.devices["thing"].receive(data)
    made.clock.sleep_until(60.0)
    return made


@pytest.mark.parametrize(("kind", "name"), NAMES)
@given(data=noisy(ALPHABET))
def test_no_bytes_stop_a_device(kind: str, name: str, data: bytes) -> None:
    hear(kind, name, data)


@pytest.mark.parametrize(("kind", "name"), NAMES)
@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n"])
@given(fill=st.sampled_from([b"A", b"0", b"\xff", b" ", b"*", b"\x02", b"("]), extra=st.integers(-2, 3))
def test_no_overlong_line_stops_a_device(kind: str, name: str, end: bytes, fill: bytes, extra: int) -> None:
    hear(kind, name, fill * (FRAME_LIMIT + extra) + end)


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_a_device_answers_again_after_an_overlong_line(kind: str, name: str) -> None:
    made = hear(kind, name, b"A" * (3 * FRAME_LIMIT + 17) + b"\r\n\r\n")
    device, probe = made.devices["thing"], drivers(kind)[name].probe
    assert probe is not None
    told = []
    for second in range(61, 67, 3):
        device.take()
        device.receive(probe.request)
        made.clock.sleep_until(second + 3.0)
        told.append(probe.identify(device.take().data))
    assert any(identity is not None for identity in told)
