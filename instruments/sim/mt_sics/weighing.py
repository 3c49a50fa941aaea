"""The commands that weigh, set zero, and tare."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from instruments.sim.mt_sics.adjusting import number
from instruments.sim.mt_sics.changes import Changes, snr_trigger_g, sr_trigger
from instruments.sim.mt_sics.scale import HOST, STEPS
from instruments.wire import mt_sics as wire
from instruments.wire.mt_sics import FIELD, Text

if TYPE_CHECKING:
    from instruments.sim.mt_sics.device import MtSicsBalance

Words = tuple[str, ...]
Act = Callable[["MtSicsBalance", Words], None]
Status = Callable[["MtSicsBalance", str], str]
"""The status to tell, from S or D."""

_LONGEST_MS, _MS_STEP = 65535, 8
_NEVER_S = float("inf")
_SIS_OVERLOAD, _SIS_UNDERLOAD, _SIS_ERROR = "4", "5", "6"


def plain(_: MtSicsBalance, calm: str) -> str:
    return calm


def against_minimum(balance: MtSicsBalance, calm: str) -> str:
    """M and N tell that the load is below the minimum weight."""
    net = abs(balance.count - balance.scale.zero - balance.scale.tare)
    enough = net >= balance.scale.counts(Decimal(str(balance.data.minimum_weight_g)))
    return calm if enough else {"S": "M", "D": "N"}[calm]


def _calm(balance: MtSicsBalance) -> str:
    return "S" if balance.stable else "D"


def now(channel: str = HOST, status: Status = plain) -> Act:
    """``SI`` and its kind: the value of the last conversion."""
    return lambda balance, _: _tell(balance, _calm(balance), channel, status)


def settled(channel: str = HOST, status: Status = plain) -> Act:
    """``S`` and its kind: the next calm value."""

    def act(balance: MtSicsBalance, _: Words) -> None:
        tell = partial(_tell, balance, "S", channel, status)
        balance.when_stable(tell, lambda: balance.answer("S", "I"), balance.settings.patience_s)

    return act


def _tell(balance: MtSicsBalance, calm: str, channel: str = HOST, status: Status = plain) -> None:
    balance.send(balance.scale.line(balance.count, status(balance, calm), channel))


def stream(channel: str = HOST) -> Act:
    def act(balance: MtSicsBalance, _: Words) -> None:
        balance.streaming, balance.stream_channel = True, channel

    return act


def timed(balance: MtSicsBalance, words: Words) -> None:
    """``SC``: the calm value, or the last one when the time is over."""
    within_s = _within_s(words[0])
    if within_s is None:
        balance.answer("S", "L")
        return
    balance.when_stable(partial(_tell, balance, "S"), partial(_tell, balance, "D"), within_s)


def checked(name: str) -> Act:
    """``SIC1`` and ``SIC2``: the present value with a CRC. What tells the two apart is not in the sources."""

    def act(balance: MtSicsBalance, _: Words) -> None:
        line = balance.scale.line(balance.count, _calm(balance))
        balance.send(wire.encode_checked(name, line))

    return act


def with_state(balance: MtSicsBalance, _: Words) -> None:
    """``SIS``: state, net value, unit, decimals, step, approval, and whether a tare is set (0 none, 1 weighed, 2 preset)."""
    scale = balance.scale
    net = balance.count - scale.zero - scale.tare
    beyond = {"+": _SIS_OVERLOAD, "-": _SIS_UNDERLOAD, "": "0" if balance.stable else "1"}
    state = _SIS_ERROR if scale.hardware_error else beyond[scale.beyond(balance.count - scale.zero)]
    tare = "0" if not scale.tare else ("2" if scale.tare_preset else "1")
    value = Text(f"{scale.number(net):>{FIELD}}")
    step, dropped = STEPS[scale.resolution]
    told = (scale.decimals(), step // 10**dropped, int(balance.data.approved))
    balance.answer("SIS", "A", state, value, scale.units[HOST], *map(str, told), tare)


# --- on change ---


def on_change(balance: MtSicsBalance, words: Words) -> None:
    """``SR``: the calm value, then at each change a dynamic one and the calm one after it."""
    _watch(balance, words, partial(_share, balance), dynamic=True, patience_s=balance.settings.patience_s)


def calm_on_change(balance: MtSicsBalance, words: Words) -> None:
    """``SNR``: the calm value now and after each change, however long that takes."""
    least = balance.scale.counts(Decimal(str(snr_trigger_g(balance.cell.data.readability_g))))
    _watch(balance, words, lambda _: least, dynamic=False, patience_s=_NEVER_S)


def _watch(balance: MtSicsBalance, words: Words, usual: Callable[[int], int], *, dynamic: bool, patience_s: float) -> None:
    preset = _preset(balance, words) if words else None
    if words and preset is None:
        balance.answer("S", "L")
        return
    trigger = usual if preset is None else lambda _: preset
    balance.changes = Changes(balance.now_s, trigger, dynamic=dynamic, patience_s=patience_s)
    if balance.stable:
        balance.changes.settled(balance.count)
        _tell(balance, "S")


def _share(balance: MtSicsBalance, calm: int) -> int:
    return sr_trigger(calm - balance.scale.zero - balance.scale.tare)


def _preset(balance: MtSicsBalance, words: Words) -> int | None:
    """The change to look out for, in counts; None if it is none."""
    value = number(words[0]) if words[1] == balance.scale.symbol() else None
    counts = balance.scale.counts(balance.scale.in_g(value)) if value is not None else 0
    return counts if counts > 0 else None


# --- zero and tare ---


def zero_settled(balance: MtSicsBalance, _: Words) -> None:
    patience_s = balance.persona.zero_patience_s
    patience_s = balance.settings.patience_s if patience_s is None else patience_s
    balance.when_stable(lambda: _zero(balance, "Z", "A"), lambda: balance.answer("Z", "I"), patience_s)


def zero_now(balance: MtSicsBalance, _: Words) -> None:
    _zero(balance, _named(balance, "ZI"), _calm(balance))


def zero_timed(balance: MtSicsBalance, words: Words) -> None:
    _timed(balance, "ZC", words, lambda status: _zero(balance, "ZC", status))


def _zero(balance: MtSicsBalance, identifier: str, done: str) -> None:
    balance.answer(identifier, balance.scale.set_zero(balance.count) or done)


def tare_settled(balance: MtSicsBalance, _: Words) -> None:
    tare = partial(_tare, balance, "T", "S")
    balance.when_stable(tare, lambda: balance.answer("T", "I"), balance.settings.patience_s)


def tare_now(balance: MtSicsBalance, _: Words) -> None:
    _tare(balance, _named(balance, "TI"), _calm(balance))


def tare_timed(balance: MtSicsBalance, words: Words) -> None:
    _timed(balance, "TC", words, lambda status: _tare(balance, "TC", status))


def _tare(balance: MtSicsBalance, identifier: str, status: str) -> None:
    if beyond := balance.scale.set_tare(balance.count):
        balance.answer(identifier, beyond)
    else:
        _tell_tare(balance, identifier, status)


def _tell_tare(balance: MtSicsBalance, identifier: str, status: str) -> None:
    scale = balance.scale
    balance.send(wire.encode_weight(identifier, status, scale.number(scale.tare), scale.symbol()))


def _timed(balance: MtSicsBalance, identifier: str, words: Words, act: Callable[[str], None]) -> None:
    within_s = _within_s(words[0])
    if within_s is None:
        balance.answer(identifier, "L")
        return
    balance.when_stable(partial(act, "S"), partial(act, "D"), within_s)


def _named(balance: MtSicsBalance, name: str) -> str:
    """``ZI`` and ``TI`` under their own names, or under those of ``Z`` and ``T``."""
    return name[0] if balance.data.immediate_as_plain else name


def tare_value(balance: MtSicsBalance, words: Words) -> None:
    """``TA``: tell the tare, or take one in the host unit."""
    value = number(words[0]) if words and words[1] == balance.scale.symbol() else None
    if words and (value is None or not balance.scale.preset_tare(value)):
        balance.answer("TA", "L")
        return
    _tell_tare(balance, "TA", "A")


def clear_tare(balance: MtSicsBalance, _: Words) -> None:
    balance.scale.clear_tare()
    balance.answer("TAC", "A")


def _within_s(text: str) -> float | None:
    """A time in ms as ``SC`` takes it, to the nearest 8 ms; None if it is none."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(_LONGEST_MS)) or int(text) > _LONGEST_MS:
        return None
    return round(int(text) / _MS_STEP) * _MS_STEP / 1000
