"""Commands of the Ultra set that move nothing: who the pump is, its line, its screen, its inputs and outputs.

Left out, as their answers are not known well enough: stored methods (``catalog``, ``delmethod``, ``free``), ``config``,
``metrics``, ``tilt``, ``valve``, and what ``cmd 22`` and ``cmd 44`` turn a PHD ULTRA into.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from instruments.sim.harvard_arguments import Args, Lines, need, no_more, one_of, whole, wrong_argument, wrong_state
from instruments.sim.harvard_pump import HarvardPump
from instruments.sim.harvard_rates import Action
from instruments.wire import harvard as wire

_MODES = {
    "i": "Infuse Only (qs i)",
    "w": "Withdraw Only (qs w)",
    "iw": "Infuse/Withdraw (qs iw)",
    "wi": "Withdraw/Infuse (qs wi)",
}
_SENTENCES = {
    "dim": "Backlight is set to {}",
    "echo": "Echo is {}",
    "input": "The trigger input is {}.",
    "poll": "Polling mode is {}",
}
_WORDS = {"dim": " {}", "echo": "{}", "input": " {}.", "poll": " {}", "cmd": " {}"}
_SWITCHES = {"mom": "Momentary", "rise": "Active high", "fall": "Active low"}


def _told(pump: HarvardPump, what: str, value: str) -> Lines:
    """An answer that firmware versions put into different words."""
    if pump.data.texts == "old":
        return (_SENTENCES.get(what, "{}").format(value),)
    text = _WORDS[what].format(value[:1].upper() + value[1:])
    return (text if pump.data.texts == "spaced" else text.strip(),)


# --- who it is ---


def _version(pump: HarvardPump, args: Args) -> Lines:
    no_more(args)
    return (pump.data.version or pump.model.version,)


def _versions(pump: HarvardPump, args: Args) -> Lines:
    """Labels are padded to 15 characters; old firmware does not tell the serial number."""
    no_more(args)
    told = {"Firmware:": pump.data.firmware or pump.model.firmware, "Pump address:": str(pump.address)}
    if pump.data.texts != "old":
        told["Serial number:"] = pump.data.serial
    return tuple(f"{label:<15}{value}" for label, value in told.items())


def _address(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (f"Pump address is {pump.address}",)
    pump.address = whole(need(args, 1)[0], 0, 99)
    return (f"Pump address set to {pump.address}",)


def _command_set(pump: HarvardPump, args: Args) -> Lines:
    if not pump.model.digital_out:
        raise wrong_state("Unknown command")
    if not args:
        return _told(pump, "cmd", "Ultra")
    one_of(args, "ultra")
    return ()


# --- the line ---


def _baud(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (f"{pump.baudrate} baud",)
    baudrate = whole(need(args, 1)[0], 0, max(pump.model.bauds))
    if baudrate not in pump.model.bauds:
        raise wrong_argument(args[0], "Out of range")
    pump.baudrate = baudrate
    return ()


def _echo(pump: HarvardPump, args: Args) -> Lines:
    if pump.poll == "remote":
        raise wrong_state("Echo is not possible in remote polling mode")
    if not args:
        return _told(pump, "echo", pump.echo.upper())
    pump.echo = one_of(args, "on", "off")
    return ()


def _poll(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return _told(pump, "poll", pump.poll.upper())
    pump.poll = one_of(args, *wire.POLL_MODES)
    if pump.poll == "remote":
        pump.echo = "off"
    return ()


def _nvram(pump: HarvardPump, args: Args) -> Lines:
    """Whether rates go to memory changes nothing that a host could see; some models do not know ``none``."""
    one_of(args, "on", "off", *(["none"] if pump.model.plain_nvram else []))
    return ()


# --- the screen and the rest ---


def _mode(pump: HarvardPump, args: Args) -> Lines:
    """There are no stored methods; the one that a pump may begin with has no name."""
    if not args:
        return (f"Quick Start - {_MODES[pump.mode]}",) if pump.mode else ()
    name = " ".join(args).lower()
    mode = name.removeprefix("qs ")
    if mode == name or mode not in _MODES or ("w" in mode and not pump.model.withdraws):
        raise wrong_argument(args[-1], "Unknown method")
    pump.mode = mode
    return ()


def _backlight(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return _told(pump, "dim", f"{pump.backlight_pct}%")
    pump.backlight_pct = whole(need(args, 1)[0], 0, 100)
    return ()


def _foot_switch(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (_SWITCHES[pump.foot_switch],)
    pump.foot_switch = one_of(args, *_SWITCHES)
    return ()


def _clock(pump: HarvardPump, args: Args) -> Lines:
    """Set in 24 hours, told in 12."""
    if args:
        try:
            pump.clock_set = datetime.strptime(" ".join(need(args, 2)), "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            raise wrong_argument(args[0], "Invalid time") from None
        pump.clock_set_s = pump.now_s
    moment = pump.clock_set + timedelta(seconds=pump.now_s - pump.clock_set_s)
    half = "AM" if moment.hour < 12 else "PM"
    return (f"{moment:%m/%d/%y} {(moment.hour - 1) % 12 + 1}:{moment:%M:%S} {half}",)


def _input(pump: HarvardPump, args: Args) -> Lines:
    """Nothing is joined to the trigger input: it rests high."""
    no_more(args)
    return _told(pump, "input", "high")


def _output(pump: HarvardPump, args: Args) -> Lines:
    _has_outputs(pump)
    one_of(need(args, 2)[:1], "1", "2")
    one_of(args[1:], "high", "low")
    return ()


def _sync(pump: HarvardPump, args: Args) -> Lines:
    _has_outputs(pump)
    one_of(args, "high", "low")
    return ()


def _has_outputs(pump: HarvardPump) -> None:
    if not pump.model.digital_out:
        raise wrong_state("Unknown command")


ALWAYS: Mapping[str, Action] = {
    "address": _address,
    "baud": _baud,
    "cmd": _command_set,
    "dim": _backlight,
    "echo": _echo,
    "ftswitch": _foot_switch,
    "input": _input,
    "load": _mode,
    "nvram": _nvram,
    "output": _output,
    "poll": _poll,
    "sync": _sync,
    "time": _clock,
    "ver": _version,
    "version": _versions,
}
