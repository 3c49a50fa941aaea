"""The plain page: verdicts, figures, where the raw data are. Needs nothing but a browser, and nothing but Python to make."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from harness.verdicts import RunVerdict
from reports.tables import banner, html_table, measurands_html

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font-family: sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222 }}
table {{ border-collapse: collapse; margin: .5em 0 }} td, th {{ text-align: left; vertical-align: top }}
.banner {{ background: #b5541c; color: white; padding: .6em 1em; font-weight: bold }}
img {{ max-width: 100% }} code {{ word-break: break-all }}
</style></head><body>
{body}
</body></html>
"""


def write_summary(folder: Path, run: RunVerdict) -> Path:
    """``summary.html`` in the run folder."""
    identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    title = f"{identity['plan']['id']} on {identity['bench']['id']}: {run.verdict}"
    head = banner(run.data_source)
    parts = [
        f'<p class="banner">{escape(head)}</p>' if head else "",
        f"<h1>{escape(title)}</h1>",
        html_table(("what", "value"), list(environment(identity).items())),
        *(_case(folder, run, at, identity["plan"]["tables"].get("requirement", {})) for at in range(len(run.cases))),
    ]
    page = _PAGE.format(title=escape(title), body="\n".join(parts))
    path = folder / "summary.html"
    path.write_text(page, encoding="utf-8")
    return path


def environment(identity: dict[str, Any]) -> dict[str, str]:
    """What a reviewer has to know of a run at a glance; also the environment block of the Allure report."""
    simulation = identity["bench"]["tables"].get("simulation") or {}
    told = {
        "Data source": identity["data_source"].upper(),
        "Plan": f"{identity['plan']['id']}, SHA-256 {identity['plan']['sha256']}",
        "Bench": f"{identity['bench']['id']}, SHA-256 {identity['bench']['sha256']}",
        **identity.get("instruments", {}),
        "Faults switched on": ", ".join(simulation.get("faults", [])),
        "Seed": str(simulation.get("seed", "")),
        "Bench time": f"{identity.get('bench_time_s', 0) / 3600:.2f} h",
        "Started (UTC)": identity["started"],
        "Run": identity["run"],
        **{f"SHA-256 of {name}": digest for name, digest in identity.get("sha256", {}).items()},
        **{f"Version of {name}": version for name, version in identity["versions"].items()},
    }
    return {name: value for name, value in told.items() if value}


def _case(folder: Path, run: RunVerdict, at: int, texts: dict[str, str]) -> str:
    case = run.cases[at]
    figure = folder / "figures" / f"{case.id}.svg"
    drawn = figure.read_text(encoding="utf-8").partition("<svg")[2] if figure.is_file() else ""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in case.reasons)
    return "".join(
        [
            f"<h2>{escape(case.id)}: {case.verdict}</h2><p>{escape(case.title)}</p>",
            "<p>Requirements:</p><ul>",
            *(f"<li>{escape(f'{name}: {texts.get(name, str())}')}</li>" for name in case.requirement),
            "</ul>",
            measurands_html(case) if case.measurands else "",
            f"<ul>{reasons}</ul>" if reasons else "",
            f"<svg{drawn}" if drawn else "",
        ]
    )
