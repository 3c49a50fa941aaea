"""The front of the qualification report: what it is, how to read it, what was qualified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from html import escape

from reports.drilled.data import Drill
from reports.drilled.html import cells, code, heading, numbers, paragraph, table, td
from reports.drilled.words import MARKS, QUESTIONS, VERDICTS, mark_of, seeds_each, several, tag

_WHAT = (
    "dosebench tests infusion pumps on a laboratory bench and gives verdicts on them. This report tells whether these verdicts "
    "can be relied on. The program's own test plans were run on simulated benches, on which a known fault of the pump or of the "
    "bench had been switched on, and each verdict was compared with the one that this fault deserves: a pump that is at fault "
    "must not be passed, a good one not be failed, and a bench that cannot be trusted must not judge a pump at all."
)
_SCOPE = (
    "It is an operational qualification (OQ) of the installed program. It says nothing about any real pump, balance or bench. "
    "Whether the program computes correctly where it is installed is shown by the reference vectors (installation qualification, "
    "dosebench qualify vectors); whether a real bench measures well, by check weights and known flows on that bench "
    "(performance qualification)."
)


_NOT_WHOLE = "What was not run is not qualified: this is no report on the whole program."


def title(drill: Drill) -> str:
    part = part_of(drill)
    return f"Qualification of dosebench {drill.version}{f' ({part})' if part else ''}"


def part_of(drill: Drill) -> str:
    """What this drill is, where it is not the whole."""
    return "a selection" if drill.asked.chosen else "the short drill" if drill.asked.short else ""


def selection(drill: Drill) -> list[str]:
    """Above everything, so that a part does not look like the whole."""
    chosen = (("plans", drill.asked.plans), ("faults", drill.asked.faults))
    listed = "; ".join(f"{what}: {', '.join(names)}" for what, names in chosen if names)
    once = f"every fault once, with one plan and {several(drill.seeds, 'seed')}"
    short = f"The short drill: {once}" if not listed else f"in short, {once}"
    told = "; ".join(filter(None, (f"A selection: {listed}" if listed else "", short if drill.asked.short else "")))
    return [paragraph(f"{told}. {_NOT_WHOLE}", "selection")] if told else []


def about(drill: Drill) -> list[str]:
    under = f"Operational qualification, started {_moment(drill)} UTC. The data of this page are in drill.json, beside it."
    return [f"<h1>{escape(title(drill))}</h1>", paragraph(under, "under"), paragraph(_WHAT), paragraph(_SCOPE)]


# --- how to read it ---


def reading(drill: Drill) -> list[str]:
    verdicts = (td(f"<b>{word}</b>") + cells(means) for word, means in VERDICTS)
    marks = (td(_example(drill, mark.css, mark.sign), mark.css) + cells(mark.means) for mark in MARKS)
    return [
        heading("reading", "2 How to read it"),
        table(("verdict", "means"), verdicts, "narrow"),
        paragraph("Cells of the matrix say how many of their runs gave which verdict, and are marked:"),
        table(("mark", "means"), marks, "narrow matrix-marks"),
        paragraph(
            "Below the verdicts stands what was asked, where it was not simply whether the plan tells the fault: "
            + "; ".join(f"{asked.label}: {asked.asked.lower()}" for asked in QUESTIONS.values() if asked.label)
            + ". A run ends at its first FAIL, as nothing can change its verdict any more."
        ),
    ]


def _example(drill: Drill, css: str, sign: str) -> str:
    """One cell of this very matrix, where there is one."""
    found = next((cell for cell in drill.cells if cell.faults and mark_of(cell).css == css and tag(cell)), None)
    small = tag(found) if found else sign
    verdict, runs = (found.counted or [("", 0)])[0] if found else ("", 0)
    return f"<b>{escape(verdict)}</b> {runs}/{found.runs} <small>{escape(small)}</small>" if found else escape(small or css)


# --- what was qualified ---


def identity(drill: Drill) -> list[str]:
    return [
        heading("identity", "3 What was qualified, with what"),
        table(("what", "value"), (cells(name, value) for name, value in facts(drill).items()), "narrow"),
        "<h3>Test plans</h3>",
        table(("file", "id", "title", "revision", "cases", "bench", "SHA-256"), _plans(drill)),
        "<h3>Benches (simulated)</h3>",
        table(("file", "id", "title", "instruments", "SHA-256"), _benches(drill)),
        "<h3>Packages</h3>",
        paragraph(", ".join(f"{name} {version}" for name, version in drill.packages.items())),
    ]


def facts(drill: Drill) -> Mapping[str, str]:
    """What a reviewer has to know of a drill at a glance; also the environment block of its Allure report."""
    in_cells, in_curves = sum(cell.runs for cell in drill.cells), sum(curve.runs for curve in drill.curves)
    told = {
        "Data source": "SIMULATED",
        "Version of dosebench": drill.version,
        "Python": drill.python,
        "System": drill.platform,
        "Started (UTC)": _moment(drill),
        "Took": f"{_duration(drill.took_s)} in {several(drill.processes, 'process', 'es')}",
        "Runs": f"{drill.runs} ({in_cells} for the matrix, {in_curves} for the curves)",
        "Time on the simulated benches": f"{drill.bench_days:.0f} days" if drill.bench_days else "",
        "Seeds": _seeds(drill),
        "Seeds of each kind": _seeds_of_kinds(drill),
    }
    return {name: value for name, value in told.items() if value}


def _seeds(drill: Drill) -> str:
    last = drill.first_seed + drill.seeds - 1
    told = (
        f"{drill.first_seed} to {last}" if drill.seeds > 1 else str(last),
        "the same seed gives the same run",
        f"of a row the first plan has {drill.seeds}, the other plans and what is known not to be seen {drill.other_seeds}"
        if drill.other_seeds
        else "",
    )
    return "; ".join(filter(None, told))


def _seeds_of_kinds(drill: Drill) -> str:
    """As they were run."""
    kinds = {kind: [cell for cell in drill.cells if cell.about == kind] for kind in QUESTIONS}
    return "; ".join(f"{QUESTIONS[kind].asked.lower()}: {seeds_each(found)}" for kind, found in kinds.items() if found)


def _moment(drill: Drill) -> str:
    return f"{drill.started_utc.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _duration(took_s: float) -> str:
    minutes, seconds = divmod(round(took_s), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {seconds} s"


def _plans(drill: Drill) -> Iterator[str]:
    for plan in drill.plans:
        told = cells(plan.file, plan.id, plan.title, plan.revision) + numbers(str(plan.cases))
        yield told + cells(plan.bench) + code(plan.sha256)


def _benches(drill: Drill) -> Iterator[str]:
    for bench in drill.benches:
        instruments = ", ".join(f"{role} {driver}" for role, driver in bench.instruments.items())
        yield cells(bench.file, bench.id, bench.title, instruments) + code(bench.sha256)
