"""The harness, broken on purpose in every place that decides a verdict: which places these are, and which tests see it."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.mutants import of_analysis, of_estimators, of_instruments, of_judges, of_metrology, of_records, of_verdicts
from benchmarks.mutants.mutant import Mutant

_ROOMS = (of_metrology, of_verdicts, of_analysis, of_estimators, of_judges, of_records, of_instruments)
MUTANTS: tuple[Mutant, ...] = tuple(mutant for room in _ROOMS for mutant in room.MUTANTS)

SURVIVORS: Mapping[str, str] = {}
"""Names of mutants that no test can see, each with the reason."""
