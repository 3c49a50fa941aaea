"""What is drilled: each fault at the sizes that are told, with the plans that have to tell it, and what they cannot tell.

``{flow}`` and ``{rest}`` stand for moments of each plan: in an infusion, and in a case in which the pump has to stand.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.verdicts import Verdict

_SCREENING, _DAILY, _SYRINGE, _AMBULATORY = "itb_screening", "daily_check", "syringe_pump_iec_method", "ambulatory_iec_method"
_CONTINUOUS, _TITRATION, _RESERVOIR, _CATHETER = "itb_continuous", "itb_titration", "itb_reservoir", "itb_catheter"
_POWER = "itb_power_and_programmer"


@dataclass(frozen=True, slots=True)
class Told:
    """Faults that are there together, and the plans that have to give them the verdict they deserve.

    ``by``: the measurand that has to tell it with the first of the plans, where that is the point; others may as well.
    """

    faults: str
    plans: tuple[str, ...]
    by: str = ""


@dataclass(frozen=True, slots=True)
class Blind:
    """What these plans cannot tell on their benches: the verdict that they give, why, and what would show it."""

    faults: str
    plans: tuple[str, ...]
    verdict: Verdict
    why: str
    shown_by: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Faults that these plans have no case for, and why: nothing is said of them there, and other plans have to tell them."""

    faults: tuple[str, ...]
    plans: tuple[str, ...]
    why: str


UNCONFIRMED = frozenset({"draught"})
"""The balance confirms that a stopped pump stands; disturbed like this it may not, and such a stop is ABORTED."""
OWN_PROCESS = frozenset({"disk-full"})
"""They change the process that they run in; and only POSIX has them."""


TOLD: tuple[Told, ...] = (
    # The first row of a fault has its stated size: every seed with the first of its plans; all other runs have a quarter.
    # --- pump and drive ---
    Told("rate-gain:+3%", (_DAILY, _SYRINGE)),
    Told("rate-gain:-3%", (_DAILY, _SYRINGE)),
    Told("rate-gain:+6%", (_DAILY, _SCREENING)),
    Told("rate-gain:+7%", (_AMBULATORY,)),
    Told("rate-gain:+16%", (_CATHETER, _RESERVOIR, _POWER, _TITRATION, _CONTINUOUS)),
    Told("rate-gain:-16%", (_CATHETER, _RESERVOIR, _POWER, _TITRATION, _CONTINUOUS)),
    Told("syringe-diameter:+3%", (_DAILY, _SYRINGE)),
    Told("syringe-diameter:-4%", (_DAILY, _SCREENING)),
    Told("rate-drift:+2%/h", (_SYRINGE, _SCREENING)),
    Told("rate-drift:by=-10%/h,at={flow}", (_SYRINGE, _AMBULATORY)),
    Told("slow-start:0.1mL", (_SYRINGE, _SCREENING)),
    Told("slow-start:0.2mL", (_SYRINGE, _SCREENING), "start-up delay SUD_50"),
    Told("periodic-error:by=8%,period=0.5mL", (_SYRINGE,)),
    Told("periodic-error:by=20%,period=0.5mL", (_SYRINGE,)),
    Told("intermittent-stall:every=20min,for=1min", (_SYRINGE,)),
    Told("intermittent-stall:every=4h,for=40min", (_AMBULATORY, _TITRATION)),
    Told("motor-stall:at={flow}", (_DAILY, _RESERVOIR, _CATHETER)),
    Told("motor-stall:at={flow},for=30min", (_CATHETER, _SYRINGE)),
    Told("late-rate-change:40min", (_CONTINUOUS,), "done_50, rate 2"),
    Told("late-rate-change:4h", (_TITRATION,), "done_50, rate 2"),
    Told("bolus-length:+20%", (_POWER, _AMBULATORY), "bolus: volume error"),
    Told("bolus-length:+20%", (_CATHETER,), "furthest from the programme while priming"),
    Told("bolus-length:-20%", (_POWER, _SCREENING)),
    Told("bolus-duration:+30%", (_POWER, _SCREENING), "bolus: duration error"),
    Told("bolus-duration:-30%", (_POWER, _SCREENING), "bolus: duration error"),
    Told("bolus-late:30s", (_POWER,), "bolus: start"),
    Told("bolus-late:10min", (_POWER, _SCREENING)),
    Told("bolus-missed", (_POWER, _SCREENING, _AMBULATORY)),
    Told("bolus-doubled", (_POWER, _SCREENING)),
    Told("prime-surge:by=+100%,then=-30%,for=2h", (_CATHETER,), "furthest from the programme while priming"),
    Told("prime-surge:by=+300%,then=-60%,for=2h", (_CATHETER, _SCREENING)),
    Told("free-flow:height=1mm,at={rest}", (_POWER,), "flow when off"),
    Told("free-flow:height=10cm,at={rest}", (_POWER,)),
    Told("stop-ignored:for=1min", (_SCREENING,)),
    Told("stop-ignored", (_SCREENING,)),
    Told("setting-truncated:1", (_CATHETER, _SCREENING, _SYRINGE)),
    Told("setting-truncated:2", (_POWER,)),
    Told("alarm-missing", (_RESERVOIR, _SCREENING), "low-reservoir alarms"),
    Told("alarm-late:5min", (_RESERVOIR, _SCREENING)),
    Told("alarm-late:30min", (_RESERVOIR,), "left by the programme at the low-reservoir alarm, less what is due"),
    Told("alarm-early:0.5mL", (_RESERVOIR,), "volume never delivered"),
    Told("alarm-early:2mL", (_RESERVOIR,), "volume never delivered"),
    Told("alarm-computed:+14%", (_RESERVOIR,), "lead of the low-reservoir alarm"),
    Told("occlusion-alarm-missing", (_SYRINGE,), "occlusion alarms"),
    Told("occlusion-alarm-late:10min", (_SYRINGE,)),
    Told("occlusion-bolus:+100%", (_SYRINGE,)),
    Told("occlusion-bolus:-80%", (_SYRINGE,)),
    Told("reset-silent:at={flow}", (_DAILY, _CATHETER, _SYRINGE, _CONTINUOUS)),
    # --- what only an implantable-style pump has ---
    Told("rate-gain:+14%", (_RESERVOIR,), "lead of the low-reservoir alarm"),  # inside its accuracy, and empty before its alarm
    Told("pocket-fill:1mL", (_RESERVOIR,), "volume drawn out, less what the pump told"),
    Told("pocket-fill:2mL", (_RESERVOIR,)),
    Told("schedule-late:5min", (_POWER,)),
    Told("schedule-late:40min", (_POWER, _CONTINUOUS), "dose 1: volume error"),
    Told("low-alarm-missing", (_RESERVOIR,), "low-reservoir alarms"),
    Told("eri-missing", (_POWER,), "ERI alarms"),
    Told("eos-missing", (_POWER,), "EOS alarms"),
    Told("power-alarm-missing", (_POWER,), "power alarms"),
    # --- the line ---
    Told("leak:0.1%", (_CATHETER,), "pressure loss in the hold"),
    Told("leak:5%", (_DAILY, _SCREENING, _SYRINGE)),
    Told("occlusion:at={flow}", (_RESERVOIR, _CATHETER, _DAILY)),
    Told("occlusion:at={flow},for=30min", (_SYRINGE,)),
    Told("occlusion:at={flow} + occlusion-alarm-missing", (_SYRINGE,)),
    # --- balance, vessel and table ---
    Told("drift:20mg/h", (_DAILY, _RESERVOIR)),
    Told("drift:by=-20mg/h,at={flow}", (_RESERVOIR, _CATHETER)),
    Told("evaporation:8mg/h", (_DAILY, _RESERVOIR)),
    Told("evaporation:by=8mg/h,at={flow}", (_RESERVOIR, _CATHETER)),
    Told("vibration:2mg", (_DAILY, _CATHETER)),
    Told("vibration:size=1mg,at={flow},for=2min", (_DAILY, _CATHETER)),
    Told("draught:1mg", (_DAILY, _CATHETER)),
    Told("draught:size=5mg,at={flow}", (_DAILY, _CATHETER)),
    Told("knock:at={flow},swing=1g,shift=10mg", (_DAILY, _POWER)),
    Told("knock:at={flow},swing=20mg", (_CATHETER, _TITRATION)),
    Told("tubing-touches:at={flow},force=30mg", (_DAILY, _RESERVOIR)),
    Told("tubing-touches:at={flow},force=200mg,for=2min", (_DAILY, _CATHETER)),
    Told("drips", (_RESERVOIR, _CATHETER)),
    Told("overload:at={flow}", (_DAILY, _RESERVOIR)),
    Told("overload:at={flow},for=1min", (_DAILY, _CATHETER)),
    Told("balance-stuck:at={flow}", (_DAILY, _CATHETER, _TITRATION)),
    Told("balance-stuck:at=5min", (_DAILY, _CATHETER)),
    # --- lines, instruments and the computer ---
    Told("balance-unplug:at={flow}", (_DAILY, _TITRATION)),
    Told("balance-unplug:at=5min", (_DAILY, _CATHETER)),
    Told("lost-lines:at={flow},for=30s", (_DAILY, _CATHETER)),
    Told("lost-lines:at={flow}", (_DAILY, _CATHETER)),
    Told("serial-garbage:at={flow}", (_DAILY, _CATHETER)),
    Told("serial-garbage:at={flow},bytes=3", (_DAILY, _CATHETER)),
    Told("unit-changed:at={flow}", (_DAILY, _CATHETER)),
    Told("other-instrument", (_DAILY, _CATHETER)),
    Told("calibration-overdue", (_DAILY, _CATHETER)),
    Told("clock-step:at={flow},by=1min", (_DAILY, _CATHETER)),
    Told("clock-step:at={flow},by=-1min", (_DAILY, _CATHETER)),
    Told("disk-full:at={flow}", (_CATHETER,)),
)  # fmt: skip

INSIDE: tuple[Told, ...] = (
    # well inside the limits, by more than U
    Told("rate-gain:+1%", (_DAILY, _SYRINGE)),
    Told("rate-gain:-1%", (_DAILY, _SYRINGE)),
    Told("rate-gain:+3%", (_AMBULATORY,)),
    Told("rate-gain:+8%", (_TITRATION, _CONTINUOUS)),
    Told("rate-gain:+1.5%", (_RESERVOIR,)),
    Told("rate-gain:-10%", (_CATHETER, _POWER)),
    Told("slow-start:2uL", (_SYRINGE,)),
    Told("periodic-error:by=0.5%", (_SYRINGE,)),
    Told("rate-drift:+0.01%/h", (_AMBULATORY,)),
    Told("late-rate-change:2min", (_CONTINUOUS,)),
    Told("late-rate-change:20min", (_TITRATION,)),
    Told("bolus-length:+2%", (_POWER,)),
    Told("bolus-duration:+3%", (_POWER,)),
    Told("bolus-late:5s", (_POWER,)),
    Told("schedule-late:5s", (_POWER,)),
    Told("alarm-late:30s", (_RESERVOIR,)),
    Told("pocket-fill:0.1mL", (_RESERVOIR,)),
    Told("occlusion-alarm-late:10s", (_SYRINGE,)),
    Told("leak:0.01%", (_CATHETER,)),
)

COMBINED: tuple[Told, ...] = (
    Told("rate-gain:+3% + knock:at={flow},swing=1g,shift=10mg", (_DAILY,)),
    Told("rate-gain:+6% + balance-stuck:at={flow}", (_DAILY,)),
    Told("rate-gain:+3% + evaporation:8mg/h", (_DAILY,)),
    Told("rate-gain:+3% + temperature:+8K", (_DAILY,)),
    Told("leak:5% + drips", (_SYRINGE,)),
    Told("rate-gain:+16% + drift:20mg/h", (_RESERVOIR,)),
    Told("rate-gain:+16% + drift:by=-160mg/h,at={flow}", (_RESERVOIR,)),  # the sum looks right
    Told("low-alarm-missing + evaporation:8mg/h", (_RESERVOIR,)),
    Told("motor-stall:at={flow} + lost-lines:at={flow},for=40s", (_CATHETER,)),
    Told("occlusion:at={flow} + balance-unplug:at={flow}", (_CATHETER,)),
    Told("rate-gain:-16% + evaporation:by=8mg/h,at={flow}", (_CATHETER,)),
    Told("bolus-missed + vibration:2mg", (_POWER,)),
    Told("schedule-late:5min + serial-garbage:at={flow}", (_POWER,)),
)

_EVERYWHERE = (_DAILY, _CATHETER, _RESERVOIR, _POWER, _TITRATION, _AMBULATORY, _SYRINGE, _CONTINUOUS, _SCREENING)
NOT_ASKED: tuple[NotAsked, ...] = (
    NotAsked(
        ("alarm-missing", "alarm-late", "alarm-early", "low-alarm-missing", "pocket-fill"),
        (_DAILY, _CATHETER, _POWER, _TITRATION, _AMBULATORY, _SYRINGE, _CONTINUOUS),
        "no case runs the reservoir or the syringe empty",
    ),
    NotAsked(("alarm-computed",), (_CONTINUOUS,), "14 % too much is within the accuracy of its class, and no case runs it empty"),
    NotAsked(
        ("bolus-missed", "bolus-doubled", "bolus-length", "bolus-duration", "bolus-late"),
        (_DAILY, _RESERVOIR, _TITRATION, _CONTINUOUS),
        "no case gives a bolus",
    ),
    NotAsked(("bolus-late",), (_CATHETER, _AMBULATORY, _SYRINGE), "no case has a limit on the start of a bolus"),
    NotAsked(("bolus-duration",), (_AMBULATORY, _SYRINGE), "no case has a limit on how long a bolus takes"),
    NotAsked(
        ("eri-missing", "eos-missing", "power-alarm-missing"),
        (_CATHETER, _RESERVOIR, _TITRATION, _AMBULATORY, _CONTINUOUS),
        "no case runs the battery down or takes the power away",
    ),
    NotAsked(
        ("occlusion-alarm-missing", "occlusion-alarm-late", "occlusion-bolus"),
        tuple(plan for plan in _EVERYWHERE if plan != _SYRINGE),
        "no case closes the line against an occlusion alarm; implantable-style pumps have none",
    ),
    NotAsked(("schedule-late",), (_CATHETER, _RESERVOIR, _TITRATION, _AMBULATORY), "no case runs a schedule"),
    NotAsked(
        ("late-rate-change",),
        (_DAILY, _CATHETER, _RESERVOIR, _AMBULATORY, _SCREENING),
        "no case changes a rate while the pump runs",
    ),
    NotAsked(
        ("prime-surge",), (_DAILY, _RESERVOIR, _TITRATION, _CONTINUOUS), "no case begins with a set volume: a priming or a bolus"
    ),
    NotAsked(("slow-start",), (_DAILY, _RESERVOIR), "no case judges the beginning of a flow"),
    NotAsked(("free-flow",), (_SYRINGE,), "no case watches a pump that has to stand"),
    NotAsked(
        ("stop-ignored",), (_CATHETER, _RESERVOIR, _TITRATION), "a minute at 1 mL/h or less is 17 uL at most: within the limits"
    ),
    NotAsked(("setting-truncated",), (_RESERVOIR,), "its rates have one digit"),
    NotAsked(
        ("leak",), (_RESERVOIR, _POWER, _TITRATION, _AMBULATORY, _CONTINUOUS), "a thousandth of the flow is within the limits"
    ),
    NotAsked(
        ("syringe-diameter",), (_CATHETER, _POWER, _TITRATION, _CONTINUOUS), "6.1 % too much is within the accuracy of its class"
    ),
    NotAsked(
        ("intermittent-stall",),
        (_DAILY, _CATHETER, _RESERVOIR, _POWER, _CONTINUOUS),
        "a minute in twenty is 5 % too little, within the accuracy of its class; the daily check flows for five minutes",
    ),
    NotAsked(
        ("periodic-error",),
        (_RESERVOIR, _POWER, _TITRATION, _CONTINUOUS),
        "means over whole turns are judged, and they are right",
    ),
    NotAsked(("rate-drift",), (_DAILY,), "in five minutes it comes to less than the limit"),
    NotAsked(("disk-full",), (_DAILY,), "its files hardly grow to the megabyte at which this simulated disk is full"),
)
"""What each plan says nothing of. Every other fault, at its first size, each plan has to tell."""

_NO_OBSERVER, _PLAN = "No observer of this set-up could tell: ", "The record has it, and the plan does not ask: "
BLIND: tuple[Blind, ...] = (
    Blind(
        "temperature:+8K",
        _EVERYWHERE,
        Verdict.PASS,
        _NO_OBSERVER + "no sensor in the liquid, and 8 K change the density of water, and so every volume, by 0.2 %",
        "a thermometer in the vessel; the budget covers the temperature as the bench file states it, not a wrong statement",
    ),
    Blind(
        "lost-lines:at={flow},for=3s",
        (_DAILY, _CATHETER),
        Verdict.PASS,
        _PLAN + "a gap this short is allowed; nothing is lost by it, as the mass is still on the pan after it",
        "the health of the record, which tells every gap with its length",
    ),
    Blind(
        "knock:at={flow},swing=20mg",
        (_DAILY, _RESERVOIR, _CONTINUOUS),
        Verdict.PASS,
        _NO_OBSERVER + "the swing has died away before the next reading, or is less than the flow moves in five response times; "
        "nothing of it stays on the pan",
        "a slower flow (itb_catheter tells it), or more readings a second",
    ),
    Blind(
        "drips",
        (_DAILY,),
        Verdict.PASS,
        _PLAN + "at 12 mL/h a drop of 12 mg falls every four seconds; the mean of five minutes is right within U",
        "a slower flow: itb_catheter and all plans of days tell it",
    ),
    Blind(
        "periodic-error:by=20%",
        (_SCREENING, _DAILY),
        Verdict.PASS,
        _PLAN + "only mean flows and standstills are judged, and the mean is right",
        "a trumpet curve: syringe_pump_iec_method",
    ),
    Blind(
        "reset-silent:at={rest}",
        (_DAILY, _POWER),
        Verdict.PASS,
        _PLAN + "a pump that stands goes on standing; what it writes into its own log is not asked for",
        "the pump's log; a reset during an infusion is told by every plan",
    ),
    Blind(
        "free-flow:10cm",
        (_CATHETER, _POWER),
        Verdict.ABORTED,
        "It flows from the first minute on, and the interlock ends the run when half as much again has come as was planned: "
        "the run is not green, but the pump is not judged",
        "a closed stopcock in front of the outlet: what stops then came from the pump",
    ),
    Blind(
        "free-flow:height=1mm",
        (_POWER,),
        Verdict.INVALID,
        _NO_OBSERVER + "it flows in the blank already, where it may be a siphon of the bench as well",
        "a closed stopcock in front of the outlet: what stops then came from the pump",
    ),
    Blind(
        "free-flow:height=1mm,at={flow}",
        (_RESERVOIR,),
        Verdict.INVALID,
        _NO_OBSERVER + "it flows in the blank after the case, where it may be a siphon of the bench as well",
        "a case in which the pump is off: itb_power_and_programmer",
    ),
    Blind(
        "drift:by=2mg/h,at={rest}",
        (_POWER,),
        Verdict.FAIL,
        "FALSE ALARM. " + _NO_OBSERVER + "a zero that begins to rise while the pump is off looks like a flow of 2 uL/h",
        "a closed stopcock, or a check weight at the end: no flow of the pump moves that",
    ),
)
