"""Run folders as evidence: which plan they ran, what they say of its cases, and whether they still hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from harness.evidence.signing import verify_signature
from harness.evidence.verifier import CUT, FAILS, HOLDS, SIGNATURES, FolderFiles, check_run, what_is_wrong
from harness.run_folder import RUN_FILE, read_run
from harness.verdicts import VERDICTS, Verdict, read_verdicts
from instruments.errors import ConfigError

REAL = "real"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its folder tells it. ``carried``: cases whose verdict was taken over, and the folder of the run it is from."""

    folder: Path
    run: str
    plan: str
    plan_sha256: str
    data_source: str
    started: datetime
    cases: Mapping[str, Verdict]
    carried: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A run folder that tells nothing, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a run is still what it was when it was closed: ``signed``, ``closed``, ``not closed`` or ``does not hold``.

    ``told``: the signatures that hold, or what is wrong. ``says`` is the verdict that this gives each of its cases beside the
    case's own.
    """

    word: str
    told: Sequence[str] = ()
    says: Verdict = Verdict.PASS


_WRONG = {FAILS: ("does not hold", Verdict.INVALID), CUT: ("not closed", Verdict.ABORTED)}


SUPERSEDED = Standing("superseded")
"""Of a run that does not count any more, as there is a later one: it is listed, and not verified."""


def standing_of(folder: Path) -> Standing:
    """As 'dosebench verify' finds it; whose keys have signed is for the reader to say."""
    found = check_run(FolderFiles(folder), (), verify_signature)
    if wrong := what_is_wrong(found):
        word, says = _WRONG[wrong[0].kind]
        return Standing(word, (str(wrong[0]),), says)
    signatures = [finding.text for finding in found if finding.file == SIGNATURES and finding.kind == HOLDS]
    return Standing("signed" if signatures else "closed", signatures)


def runs_under(out: Path) -> tuple[list[Run], list[Unreadable]]:
    """All runs in the folders of ``out``, the oldest first, and the folders of those that cannot be read."""
    runs, unreadable = [], []
    for path in sorted(out.glob(f"*/{RUN_FILE}")):
        try:
            runs.append(_run_in(path.parent))
        except ConfigError as err:
            unreadable.append(Unreadable(path.parent.name, str(err).replace(str(path.parent), path.parent.name)))
    return sorted(runs, key=lambda run: run.started), unreadable


def _run_in(folder: Path) -> Run:
    told, verdicts = read_run(folder), read_verdicts(folder / VERDICTS)
    try:
        resumes = told.get("resumes") or {"folder": "", "carried": []}
        return Run(
            folder=folder,
            run=told["run"],
            plan=told["plan"]["id"],
            plan_sha256=told["plan"]["sha256"],
            data_source=told["data_source"],
            started=datetime.fromisoformat(told["started"]).astimezone(UTC),
            cases={case.id: case.verdict for case in verdicts.cases},
            carried=dict.fromkeys(resumes["carried"], resumes["folder"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ConfigError(f"{folder}: its {RUN_FILE} does not tell what was run ({err!r})") from err
