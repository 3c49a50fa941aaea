"""A long plan goes on where it was cut: a new run, linked to the old one, that carries the verdicts which the old one has.

What began is repeated from its start, and never joined together. Nothing is taken over unless somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.bench import Bench
from harness.conclusion import Judged, judged_cases
from harness.evidence.verifier import FolderFiles, check_run, what_is_wrong
from harness.journal import canonical
from harness.plan import Plan
from harness.readback import Journal, read_journal
from harness.recorder import JOURNAL
from harness.verdicts import CaseVerdict, Verdict
from instruments.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Resumed:
    """The run that is resumed, by id, folder name and the head of its chain, and the verdicts that it hands over."""

    run: str = ""
    folder: str = ""
    chain: str = ""
    carried: Mapping[str, CaseVerdict] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any] | None:
        if not self.run:
            return None
        return {"run": self.run, "folder": self.folder, "chain": self.chain, "carried": list(self.carried)}


NOTHING_CARRIED = Resumed()


def resume(folder: Path, plan: Plan, bench: Bench) -> Resumed:
    """What a new run of ``plan`` on ``bench`` may carry over from the closed run in ``folder``: every case before the first that
    has no verdict. A case that is timed from another is repeated with it.

    Raises ConfigError when that was another plan or another bench, when the run is not closed, or when nothing is left to do.
    """
    journal = read_journal(folder / JOURNAL)
    _same(folder, journal, plan, bench)
    if not journal.closed:
        raise ConfigError(f"{folder}: this run has not been closed; 'dosebench recover' closes it, if nobody is running it")
    _whole(folder)
    judged = judged_cases(journal.entries)
    first = _first_without(plan.cases, judged)
    if first == len(plan.cases):
        raise ConfigError(f"{folder}: every case of this run has its verdict; there is nothing to resume")
    run = str(journal.head["run"])
    carried = {case.id: _carried(judged[case.id], folder.name) for case in plan.cases[:first]}
    return Resumed(run, folder.name, journal.hash, carried)


def _whole(folder: Path) -> None:
    """Nothing is carried over from a run that is not what it was."""
    if wrong := [found for found in what_is_wrong(check_run(FolderFiles(folder))) if found.file == JOURNAL]:
        raise ConfigError(f"{folder}: nothing can be carried over from this run, 'dosebench verify' finds: {wrong[0].text}")


def _same(folder: Path, journal: Journal, plan: Plan, bench: Bench) -> None:
    for what, before, now in (("plan", journal.head["plan"], plan.tables), ("bench", journal.head["bench"], bench.tables)):
        if "tables" not in before or canonical(before["tables"]) != canonical(now):
            raise ConfigError(f"{folder}: was a run with another {what} ({before['id']}) than this one; begin a run of its own")


def _first_without(cases: Sequence[Any], judged: Mapping[str, Judged]) -> int:
    """From here on all is repeated: also the case that a repeated one is timed from."""
    first = next((at for at, case in enumerate(cases) if not _has_verdict(judged.get(case.id))), len(cases))
    while first < len(cases):
        places = {case.id: at for at, case in enumerate(cases)}
        timed_from = [places[case.after.case] for case in cases[first:] if case.after is not None]
        if min(timed_from, default=first) >= first:
            break
        first = min(timed_from)
    return first


def _has_verdict(judged: Judged | None) -> bool:
    """Computed from its record, or the pump's own fault: not one that was never carried out, and none that was broken off."""
    if judged is None or judged.verdict.verdict is Verdict.ABORTED:
        return False
    return judged.from_record or bool(judged.carried) or judged.verdict.verdict is Verdict.FAIL


def _carried(judged: Judged, folder: str) -> CaseVerdict:
    if judged.carried:
        return judged.verdict
    return replace(
        judged.verdict, reasons=(*judged.verdict.reasons, f"carried over from the run in {folder}, which this one resumes")
    )
