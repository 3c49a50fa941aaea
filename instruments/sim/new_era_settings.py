"""What a New Era pump can be told of syringe, phases and motion: one function for each command, and its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from instruments.sim.new_era_data import FLAGS, Memory, Phase
from instruments.sim.new_era_program import RATE_FUNCTIONS, Program
from instruments.sim.new_era_switches import TRIGGERS, Switches
from instruments.wire import new_era_values as values

_UL_UP_TO_MM = 14.0
_DIAMETERS_MM = (0.1, 50.0)
_TURNED = {"INF": "WDR", "WDR": "INF", "STK": "WDR"}
_WITHOUT_ARGUMENT = frozenset({"RUN", "STP", "PUR", "E"})
_PLAIN = re.compile(r"[\d.]+\Z", re.ASCII)
_COUNT, _PHASE = re.compile(r"\d{1,2}\Z", re.ASCII), re.compile(r"\d{1,3}\Z", re.ASCII)
_PARAMETERS: dict[str, re.Pattern[str] | None] = {
    **dict.fromkeys(("RAT", "INC", "DEC", "FIL", "STP", "LPS", "LPE", "EVR", "CLD", "BEP", "PRI")),
    **dict.fromkeys(("JMP", "IF", "EVN", "EVS"), _PHASE),
    **dict.fromkeys(("LOP", "PRL"), _COUNT),
    "PAS": re.compile(r"(\d{1,2}|\d?\.\d)\Z", re.ASCII),
    "OUT": re.compile(r"[01]\Z"),
    "TRG": re.compile(r"(" + "|".join(sorted(TRIGGERS)) + r")\Z"),
}


class Panel(Switches):
    """The settings of one pump; every answer is data, an error text, or nothing."""

    def __init__(self, memory: Memory, program: Program) -> None:
        super().__init__(memory, program)
        self.data = program.data
        self._selected = 1

    def execute(self, text: str) -> str:
        """Obey one command without its address."""
        for length in (3, 2, 1):
            word, argument = text[:length], text[length:]
            if (action := _COMMANDS.get(word)) is not None:
                return self._obey(action, word, argument)
        return "?" if text else ""

    def _obey(self, action: Callable[[Panel, str], str], word: str, argument: str) -> str:
        program = self.program
        acts = bool(argument) or word in _WITHOUT_ARGUMENT
        if acts and program.running and program.now_s - program.turned_s < self.data.ignores_s:
            return "?IGN"
        program.finished = program.finished and word == "BUZ"
        return action(self, argument)

    @property
    def _number(self) -> int:
        """The phase that the commands are about: the selected one, and while the program runs the running one."""
        return self.program.at if self.program.running else self._selected

    def _phase(self) -> Phase:
        return self.program.phase(self._number)

    def _store(self, phase: Phase) -> str:
        self.program.store(self._number, phase)
        return ""

    def _value(self, text: str) -> float | str:
        """A number as a host may write it, or the refusal."""
        value = values.parse_number(text)
        if value is not None:
            return value
        return self.data.too_many_digits if _PLAIN.match(text) and text.count(".") < 2 else "?OOR"

    # --- settings ---

    def diameter(self, argument: str) -> str:
        if not argument:
            return values.number_from_pump(self.memory.diameter_mm)
        if self.program.running:
            return "?NA"
        value = self._value(argument)
        if isinstance(value, str):
            return value
        if not _DIAMETERS_MM[0] <= value <= _DIAMETERS_MM[1]:
            return "?OOR"
        self.memory.diameter_mm = value
        self.memory.volume_unit = "UL" if value <= _UL_UP_TO_MM else "ML"
        if self.data.diameter_clears_totals:
            self.program.infused_ml = self.program.withdrawn_ml = 0.0
        return ""

    def rate(self, argument: str) -> str:
        phase = self._phase()
        if not argument:
            return values.number_from_pump(phase.rate) + phase.unit
        argument = argument[1:] if argument[0] in "CI" else argument
        number, unit = _split_unit(argument, values.RATE_UNITS_ML_H)
        if phase.function not in RATE_FUNCTIONS or self._locked(phase, unit):
            return "?NA"
        value = self._value(number) if number else phase.rate
        if isinstance(value, str):
            return value
        return self._take_rate(replace(phase, rate=value, unit=unit or phase.unit), given=bool(number))

    def _locked(self, phase: Phase, unit: str) -> bool:
        """While pumping only the rate of a plain rate phase can be changed, and not its unit."""
        moving = self.program.status in ("I", "W") and phase.function == "RAT"
        return self.program.running and (not moving or unit not in ("", phase.unit))

    def _take_rate(self, phase: Phase, *, given: bool) -> str:
        if given and phase.function in ("RAT", "FIL") and not self.program.possible(phase.rate_ml_h):
            return "?OOR"
        if not self.program.running:
            return self._store(phase)
        self.program.change_rate(phase.rate)
        return ""

    def volume(self, argument: str) -> str:
        phase = self._phase()
        if not argument:
            return values.number_from_pump(phase.volume) + self.memory.volume_unit
        if self.program.running:
            return "?NA"
        if argument in values.VOLUME_UNITS_ML:
            self.memory.volume_unit = argument
            return ""
        value = self._value(argument)
        if isinstance(value, str):
            return value
        return self._store(replace(phase, volume=value)) if phase.function in RATE_FUNCTIONS else "?NA"

    def direction(self, argument: str) -> str:
        phase = self._phase()
        if not argument:
            return phase.direction
        if argument not in ("INF", "WDR", "REV", "STK"):
            return "?"
        wanted = _TURNED[phase.direction] if argument == "REV" else argument
        if not self.program.running:
            return self._store(replace(phase, direction=wanted))
        if phase.volume or wanted == "STK" or self.program.status not in ("I", "W"):
            return "?NA"
        self.program.change_direction(wanted)
        return ""

    def select(self, argument: str) -> str:
        if not self.program.traits.phases:
            return "?"
        if not argument:
            return f"{self._number:02d}"
        if self.program.running:
            return "?NA"
        if not _PHASE.match(argument) or int(argument) not in self.memory.phases:
            return "?OOR"
        self._selected = int(argument)
        return ""

    def function(self, argument: str) -> str:
        phase = self._phase()
        if not self.program.traits.phases:
            return "?"
        if not argument:
            return phase.function + phase.parameter
        if self.program.running:
            return "?NA"
        name = next((name for name in (argument[:3], argument[:2]) if name in _PARAMETERS), "")
        parameter = self._parameter(name, argument[len(name) :])
        if not name or parameter.startswith("?"):
            return parameter or "?"
        return self._store(replace(phase, function=name, parameter=parameter.strip()))

    def _parameter(self, name: str, text: str) -> str:
        """As it is printed (a space for none), or the refusal."""
        pattern = _PARAMETERS.get(name)
        if pattern is None:
            return "?" if text or not name else " "
        if not pattern.match(text):
            return "?OOR" if _PLAIN.match(text) else "?"
        if pattern is _PHASE and int(text) not in self.memory.phases:
            return "?OOR"
        if name == "LOP" and not int(text):
            return "?OOR"
        return f"{int(text):02d}" if text.isdigit() and name != "OUT" else text

    # --- motion ---

    def run(self, argument: str) -> str:
        program = self.program
        if program.running:
            return self.data.run_when_running
        if argument and not (program.traits.phases and _PHASE.match(argument)):
            return "?"
        paused = program.status == "P" and not argument
        first = self._selected if self.data.run_from_selected else 1
        number = program.at if paused else int(argument or first)
        if number not in self.memory.phases:
            program.fail("O")
            return ""
        phase = program.phase(number)
        if phase.function == "RAT" and not program.possible(phase.rate_ml_h):
            return "?OOR"
        if paused:
            program.resume()
        else:
            program.run(number)
        return ""

    def stop(self, argument: str) -> str:
        if argument:
            return "?"
        halted = {"P": "S", "X": self.data.after_purge}.get(self.program.status, "P")
        if self.program.status == "S":
            return self.data.stop_when_stopped
        self.program.halt(halted)
        return ""

    def purge(self, argument: str) -> str:
        if argument:
            return "?"
        if self.program.status != "S":
            return "?NA"
        self.program.purge(self._selected)
        return ""

    def trigger_event(self, argument: str) -> str:
        if argument and not _PHASE.match(argument):
            return "?"
        if not self.program.running:
            return "?NA"
        self.program.jump(int(argument or 0))
        return ""

    # --- totals ---

    def dispensed(self, argument: str) -> str:
        if argument:
            return "?"
        self.program.book()
        unit_ml = self.memory.volume_unit_ml
        infused = values.number_from_pump(self.program.infused_ml / unit_ml)
        return f"I{infused}W{values.number_from_pump(self.program.withdrawn_ml / unit_ml)}{self.memory.volume_unit}"

    def clear_dispensed(self, argument: str) -> str:
        if argument not in ("INF", "WDR"):
            return "?"
        if self.program.running:
            return "?NA"
        self.program.clear(argument)
        return ""


def _flag(name: str) -> Callable[[Panel, str], str]:
    return lambda panel, argument: panel.flag(name, argument)


def _split_unit(argument: str, units: dict[str, float]) -> tuple[str, str]:
    return (argument[:-2], argument[-2:]) if argument[-2:] in units else (argument, "")


_COMMANDS: dict[str, Callable[[Panel, str], str]] = {
    "DIA": Panel.diameter,
    "RAT": Panel.rate,
    "VOL": Panel.volume,
    "DIR": Panel.direction,
    "RUN": Panel.run,
    "STP": Panel.stop,
    "PUR": Panel.purge,
    "DIS": Panel.dispensed,
    "CLD": Panel.clear_dispensed,
    "PHN": Panel.select,
    "FUN": Panel.function,
    "BUZ": Panel.buzzer,
    "TRG": Panel.trigger_mode,
    "OUT": Panel.output,
    "IN": Panel.pin,
    "E": Panel.trigger_event,
    "LNM": _flag("LN"),
    **{name: _flag(name) for name in FLAGS},
}
