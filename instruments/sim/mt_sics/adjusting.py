"""Adjustment and test with a weight: ``C``, ``C0`` to ``C3``, ``TST3``, and what belongs to them (``M19``, ``M20``, ``M27``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from instruments.sim.mt_sics.pending import Pending
from instruments.wire import mt_sics as wire
from instruments.wire.mt_sics import FIELD, Text

if TYPE_CHECKING:
    from instruments.sim.mt_sics.device import MtSicsBalance

Words = tuple[str, ...]
Done = Callable[[str], None]
"""Told with A or I how the work ended."""

INTERNAL, EXTERNAL = "0", "1"
_MODES = ("0", "1", "2")
_PLACED_S = 2.0
"""A load has to lie at least that long before an adjustment goes on."""
_NEAR = 0.01
_DEVIATION_FIELD = 12
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)\Z", re.ASCII)


def number(text: str) -> Decimal | None:
    """A decimal number as commands may have it, or None."""
    return Decimal(text) if _NUMBER.match(text) else None


def cancel(balance: MtSicsBalance, _: Words) -> None:
    said = balance.call_off()
    balance.answer("C", "B")
    if said:
        balance.send(said)
    balance.answer("C", "A")


def setting(balance: MtSicsBalance, words: Words) -> None:
    """``C0``: how ``C1`` adjusts."""
    if not words:
        mode, kind = balance.settings.adjustment
        weight = _padded(balance, balance.settings.weights["M19"]) if kind == EXTERNAL else ""
        balance.answer("C0", "A", mode, kind, Text(weight))
    elif len(words) == 2 and words[0] in _MODES and words[1] in (INTERNAL, EXTERNAL):
        balance.settings.adjustment = (words[0], words[1])
        balance.answer("C0", "A")
    else:
        balance.answer("C0", "L")


def as_set(balance: MtSicsBalance, _: Words) -> None:
    run = _internal if balance.settings.adjustment[1] == INTERNAL else _external
    run(balance, "C1")


def external(balance: MtSicsBalance, _: Words) -> None:
    _external(balance, "C2")


def internal(balance: MtSicsBalance, _: Words) -> None:
    _internal(balance, "C3")


def test(balance: MtSicsBalance, _: Words) -> None:
    """``TST3``: the deviation found with the internal weight."""
    if not balance.persona.internal_weight:
        balance.answer("TST3", "L")
        return

    def finish(status: str) -> None:
        deviation = [Text(f"{0:>{_DEVIATION_FIELD}.{balance.scale.decimals()}f}")] if status == "A" else []
        balance.answer("TST3", status, *deviation)

    balance.answer("TST3", "B")
    _work_inside(balance, finish, cancelled=b"TST3 I\r\n")


def internal_by_key(balance: MtSicsBalance, done: Done) -> None:
    """The adjust key."""
    if balance.persona.internal_weight:
        _work_inside(balance, lambda status: _adjusted(balance, INTERNAL, status, done), cancelled=b"")
    else:
        done("I")


def _internal(balance: MtSicsBalance, name: str) -> None:
    if not balance.persona.internal_weight:
        balance.answer(name, "L")
        return

    def done(status: str) -> None:
        balance.answer(name, status)

    balance.answer(name, "B")
    cancelled = wire.encode_answer(name, "I")
    _work_inside(balance, lambda status: _adjusted(balance, INTERNAL, status, done), cancelled=cancelled)


def _work_inside(balance: MtSicsBalance, finish: Done, *, cancelled: bytes) -> None:
    """The internal weight takes its time; afterwards the load has to be calm."""
    end_s = balance.now_s + balance.data.adjustment_s
    balance.pending = Pending(end_s, lambda: finish("A" if balance.stable else "I"), adjusts=True, cancelled=cancelled)


def _adjusted(balance: MtSicsBalance, kind: str, status: str, done: Done) -> None:
    if status == "A":
        weight = balance.settings.weights["M19"] if kind == EXTERNAL else Decimal(0)
        balance.history.insert(0, (balance.calendar(), kind, _padded(balance, weight) if kind == EXTERNAL else ""))
    done(status)


def _external(balance: MtSicsBalance, name: str) -> None:
    """Asks the operator for an empty pan, the weight, and an empty pan again, and watches the load."""
    weight = balance.settings.weights["M19"]
    if balance.scale.counts(weight) > balance.scale.capacity:
        balance.answer(name, "L")
        return
    balance.answer(name, "B")
    _ask_for(balance, name, (Decimal(0), weight, Decimal(0)))


def _ask_for(balance: MtSicsBalance, name: str, loads: tuple[Decimal, ...]) -> None:
    if not loads:
        _adjusted(balance, EXTERNAL, "A", lambda status: balance.answer(name, status))
        return
    balance.send(wire.encode_notice(name, Text(_padded(balance, loads[0]))))
    asked_s, wanted = balance.now_s, balance.scale.counts(loads[0])
    near = balance.scale.counts(balance.settings.weights["M19"]) * _NEAR

    def placed() -> bool:
        gross = balance.count - balance.scale.zero
        return balance.stable and balance.now_s >= asked_s + _PLACED_S and abs(gross - wanted) <= near

    balance.pending = Pending(
        balance.now_s + balance.data.operator_patience_s,
        lambda: balance.answer(name, "I"),
        lambda: _ask_for(balance, name, loads[1:]),
        placed,
        adjusts=True,
        cancelled=wire.encode_answer(name, "I"),
    )


def weight(name: str) -> Callable[[MtSicsBalance, Words], None]:
    """``M19`` and ``M20``: the weights of adjustment and test, in the host unit."""

    def act(balance: MtSicsBalance, words: Words) -> None:
        scale, weights = balance.scale, balance.settings.weights
        if not words:
            balance.answer(name, "A", scale.number(scale.counts(weights[name])), scale.symbol())
            return
        value = number(words[0]) if words[1] == scale.symbol() else None
        if value is None or not 0 < scale.counts(scale.in_g(value)) <= scale.capacity:
            balance.answer(name, "L")
            return
        weights[name] = scale.in_g(value)
        balance.answer(name, "A")

    return act


def history(balance: MtSicsBalance, _: Words) -> None:
    """``M27``: the adjustments so far, the latest first."""
    if not balance.history:
        balance.answer("M27", "A")
    for number_, (moment, kind, weight_) in enumerate(balance.history, start=1):
        when = moment.strftime("%d %m %Y %H %M").split(" ")
        status = "A" if number_ == len(balance.history) else "B"
        balance.answer("M27", status, str(number_), *when, kind, Text(weight_))


def _padded(balance: MtSicsBalance, mass: Decimal) -> str:
    """A weight as adjustments show it: ten characters and the unit."""
    return f"{balance.scale.number(balance.scale.counts(mass)):>{FIELD}} {balance.scale.symbol()}"
