"""The switches of a New Era pump, its buzzer and its pins."""

from __future__ import annotations

import re

from instruments.sim.new_era_data import Memory
from instruments.sim.new_era_program import Program

TRIGGERS = frozenset({"FT", "FH", "F2", "LE", "ST", "T2", "SP", "P2"})
_INPUTS = frozenset("2346")
_BUZZ = re.compile(r"(0|1\d?)\Z", re.ASCII)
_BEEP_S = 1.0


class Switches:
    """Commands that change neither motion nor totals."""

    def __init__(self, memory: Memory, program: Program) -> None:
        self.memory, self.program = memory, program
        self._buzzing_until_s = 0.0

    def flag(self, name: str, argument: str) -> str:
        if not argument:
            return str(self.memory.flags[name])
        if argument not in ("0", "1"):
            return "?OOR"
        self.memory.flags[name] = int(argument)
        return ""

    def buzzer(self, argument: str) -> str:
        now_s = self.program.now_s
        if not argument:
            ended = self.program.finished and self.memory.flags["AL"]
            return str(int(ended or now_s < self._buzzing_until_s))
        if not _BUZZ.match(argument):
            return "?OOR"
        beeps = float(argument[1:] or "inf") if argument[0] == "1" else 0.0
        self._buzzing_until_s = now_s + beeps * _BEEP_S
        self.program.finished = False
        return ""

    def trigger_mode(self, argument: str) -> str:
        if not argument:
            return self.memory.trigger
        if argument not in TRIGGERS:
            return "?"
        self.memory.trigger = argument
        return ""

    def pin(self, argument: str) -> str:
        """Nothing is joined to the inputs: they are high."""
        return "1" if argument in _INPUTS and argument else "?OOR"

    def output(self, argument: str) -> str:
        return "" if argument in ("50", "51") else "?OOR"
