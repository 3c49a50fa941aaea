"""A small plan, its requirements and runs of it, as they lie in folders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from harness.conclusion import VERDICT, Judged
from harness.evidence.manifest import write_manifest
from harness.plan import Plan
from harness.recorder import Recorder
from harness.run_folder import identity_of, write_run
from harness.verdicts import VERDICTS, CaseVerdict, RunVerdict, Verdict, write_verdicts

REQUIREMENTS = """
[requirement.R1]
text = "One millilitre."
source = "a document"
limits = "stated"

[requirement.R2]
text = "Two millilitres."
source = "a document"
limits = "proposed"
on_bench = "Only the volume."

[requirement.OUT]
text = "Ten years."
source = "a document"
out_of_scope = "Nobody waits so long."
"""
_HEAD = """
[plan]
id = "{id}"
title = "Boluses"
"""
_CASE = """
[[case]]
id = "{id}"
title = "{id}"
procedure = "bolus"
volume = "1 mL"
over = "75 s"
volume_error = {{ within = "5 %" }}
requirement = {requirement}
"""
_HOUR = datetime(2026, 3, 4, 0, tzinfo=UTC)


def requirements_file(folder: Path, text: str = REQUIREMENTS) -> Path:
    path = folder / "requirements.toml"
    path.write_text(text, encoding="utf-8")
    return path


def plan_file(folder: Path, cases: Mapping[str, list[str]], name: str = "P") -> Path:
    """A plan with these cases and their requirements."""
    text = _HEAD.format(id=name) + "".join(_CASE.format(id=case, requirement=wanted) for case, wanted in cases.items())
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def add_run(
    out: Path,
    plan: Plan,
    verdicts: Mapping[str, str],
    *,
    hour: int = 1,
    source: str = "real",
    closed: bool = True,
    carried: str = "",
) -> Path:
    """A run folder as its program leaves it, or as a cut leaves it. ``carried``: the run that the first verdict is from."""
    started, folder = _HOUR.replace(hour=hour), out / f"{90 - hour}-{plan.id}-{source}"
    folder.mkdir(parents=True)
    run = folder.name
    judged = [CaseVerdict(case, case, Verdict(word), ("R1",)) for case, word in verdicts.items()]
    resumes = {"run": carried, "folder": carried, "carried": [judged[0].id]} if carried else None
    identity = {**identity_of(run, source, started, plan, {}), "bench": {"id": "B", "tables": {}}, "resumes": resumes}
    recorder = Recorder(folder, run, source, identity)
    for case in judged:
        recorder.event(1, VERDICT, case.id, Judged(case, from_record=True).as_data())
    write_run(folder, identity)
    write_verdicts(RunVerdict(run, source, tuple(judged)), folder / VERDICTS)
    if closed:
        recorder.close()
        write_manifest(folder, versions={}, closed=started)
    else:
        recorder.sync()
    return folder
