"""The syringe of an Ultra pump: bore, volume, the syringes known by name, how many there are and how hard they are pushed."""

from __future__ import annotations

from collections.abc import Mapping

from instruments.sim.harvard_arguments import Args, Lines, given_volume, need, number, whole, wrong_argument, wrong_state
from instruments.sim.harvard_models import MAKERS, Maker
from instruments.sim.harvard_pump import HarvardPump
from instruments.sim.harvard_rates import Action
from instruments.wire import harvard_numbers as numbers


def _still(pump: HarvardPump) -> None:
    if pump.motion.running and not pump.data.set_diameter_running:
        raise wrong_state("The pump is running")


def _diameter(pump: HarvardPump, args: Args) -> Lines:
    """A unit behind the number is taken if it is mm."""
    if not args:
        return (numbers.print_diameter(pump.diameter_mm),)
    _still(pump)
    need(args[:-1] if args[-1].lower() == "mm" else args, 1)
    lowest_mm, highest_mm = pump.model.diameters_mm
    if not lowest_mm <= number(args[0]) <= highest_mm:
        raise wrong_argument(args[0], "Out of range")
    pump.diameter_mm, pump.syringe = number(args[0]), ""
    return ()


def _syringe_volume(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (numbers.print_volume(pump.syringe_ml),)
    volume_ml = given_volume(need(args, 2))
    if not volume_ml:
        raise wrong_argument(args[0], "Out of range")
    pump.syringe_ml = volume_ml
    return ()


def _syringe(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (pump.syringe or f"Custom, {numbers.print_number(pump.diameter_mm)} mm",)
    if args[0] == "?":
        return tuple(f"{code}  {maker.name}" for code, maker in MAKERS.items())
    maker = MAKERS.get(args[0].lower()[:3])
    if maker is None:
        raise wrong_argument(args[0], "Unknown syringe")
    if args[1:] == ("?",):
        return tuple(f"{size_ml} ml" for size_ml in maker.sizes_ml)
    return _take_syringe(pump, maker, need(args, 3))


def _take_syringe(pump: HarvardPump, maker: Maker, args: Args) -> Lines:
    _still(pump)
    volume_ml = given_volume(args[1:])
    bore_mm = next((bore_mm for size_ml, bore_mm in maker.bores_mm.items() if size_ml == volume_ml), None)
    if bore_mm is None:
        raise wrong_argument(args[1], "Unknown syringe")
    pump.syringe_ml, pump.diameter_mm = volume_ml, bore_mm
    pump.syringe = f"{maker.name}, {numbers.print_volume(volume_ml)}, {numbers.print_number(bore_mm)} mm"
    return ()


def _gang(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (f"{pump.syringes} syringes",)
    pump.syringes = whole(need(args, 1)[0], 1, 99)
    return ()


def _force(pump: HarvardPump, args: Args) -> Lines:
    if not args:
        return (f"{pump.force_pct}%",)
    pump.force_pct = whole(need(args, 1)[0], 1, 100)
    return ()


ALWAYS: Mapping[str, Action] = {"force": _force, "syrmanu": _syringe}
IN_QUICK_START: Mapping[str, Action] = {"diameter": _diameter, "gang": _gang, "svolume": _syringe_volume}
