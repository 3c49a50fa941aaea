"""The KCP driver: MT-SICS with a pause before every command, and never an answer sent back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import numpy as np
import pytest

from instruments.balances.kern import DRIVER, KernBalance
from instruments.driver import NoOptions
from instruments.errors import Refused, ReplyError
from instruments.wire.framing import line_ends
from tests.instruments.balances.driven import driven
from tests.instruments.script import Scripted, Turn, scripted
from tests.instruments.sim.printing import balance as simulated
from tests.instruments.sim.states import Pan

WHO = 'I4 A "K123456"'


def turn(asked: str, *answers: str | tuple[float, str]) -> Turn:
    timed = [said if isinstance(said, tuple) else (0.03, said) for said in answers]
    return asked.encode("ascii") + b"\r\n", [(delay_s, said.encode("ascii") + b"\r\n") for delay_s, said in timed]


@contextmanager
def balance(*turns: Turn) -> Iterator[tuple[KernBalance, Scripted]]:
    with scripted(line_ends, *turns) as script:
        yield DRIVER.make(script.link, NoOptions()), script


def test_connecting_reads_who_it_is_and_sets_nothing() -> None:
    with balance(turn("@", WHO), turn("I2", 'I2 A "PNJ"'), turn("I3", 'I3 A "1.02"')) as (driver, _):
        identity = driver.connect()
    assert (identity.model, identity.serial, identity.firmware) == ("PNJ", "K123456", "1.02")


def test_commands_are_more_than_a_tenth_of_a_second_apart() -> None:
    asked = [turn("SI", "S D     100.12 g"), turn("SI", "S S     100.12 g"), turn("SIR"), turn("@", WHO)]
    with balance(*asked) as (driver, script):
        moments_s, write = [], script.port.write

        def noted(data: bytes) -> None:
            moments_s.append(script.clock.now_s())
            write(data)

        script.port.write = noted  # type: ignore[method-assign]
        for act in (driver.weigh, driver.weigh, driver.start_stream, driver.stop_stream):
            act()
    assert min(np.diff(moments_s)) > 0.12


def test_a_balance_with_a_longer_pause_would_hear_only_some() -> None:
    standing = simulated("kern", Pan(1.0), gap_s=0.12)
    with driven(DRIVER, standing) as driver:
        assert driver.connect().serial == "K123456"


def test_a_tare_tells_its_mass_and_a_status_is_a_refusal() -> None:
    with balance(turn("T", "T S     100.00 g"), turn("Z", "Z +")) as (driver, _):
        assert driver.tare().mass_g == Decimal("100.00")
        with pytest.raises(Refused) as caught:
            driver.zero()
    assert caught.value.code == "+"


def test_a_command_that_it_does_not_know_is_refused() -> None:
    with balance(turn("SI", "ES")) as (driver, _), pytest.raises(Refused) as caught:
        driver.weigh()
    assert caught.value.code == "ES"


@pytest.mark.parametrize("line", ["S S     100.00 ct", "S S     100.00"])
def test_what_is_no_weight_in_grams_is_an_error(line: str) -> None:
    with balance(turn("SI", line)) as (driver, _), pytest.raises(ReplyError):
        driver.weigh()
