"""Turns a folder of Allure results into one self-contained page, with Allure 3, offline.

Allure works in a folder of its own, on a copy of what it would change. It is not taken at its word: it also ends with
status 0 when it left a result out, and its page calls an analytics service. So the page is counted and sealed here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from reports.node import ReportError, ReportToolsMissing, allure_script, install_tools, tools_dir, working_node

_Json = dict[str, Any]

__all__ = ["ReportError", "ReportToolsMissing", "install_tools", "render", "tools_dir"]

_RENDER_TIMEOUT_S = 900
_SHOWN_RUNS = 50
"""Every test in the page carries its own past: more runs would make a long page slow."""

_HISTORY = "history.jsonl"
_CONFIG = Path(__file__).with_name("allure") / "allurerc.mjs"

# Nothing else passes: variables of a CI service change the report's name and put its addresses into the page.
_PASSED_ON = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/[^"]*"></script>\s*<script>[^<]*gtag\([^<]*</script>\s*'
)
_TRACKERS = ("googletagmanager", "google-analytics", "gtag(")
_HEAD = '<meta charset="utf-8">'
# The page may use what it carries (data:, blob:) and nothing else, whatever a device's reply or a description says.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline' data: blob:; img-src data: blob:; "
    "font-src data:; media-src data: blob:; connect-src data: blob:; frame-src data: blob:; form-action 'none'"
)
_FETCHING = {"src", "srcset", "href", "xlink:href", "data", "poster", "action", "formaction", "background"}


def render(results: Path, report: Path, *, title: str, history: Path | None = None, remember: bool = False) -> Path:
    """Make the page ``report`` from the folder ``results``, with the earlier runs in ``history`` as its past.

    ``remember`` adds this run to ``history``: wanted once for each run, and not when a page is made again. An earlier
    ``report`` is replaced whole or stays as it is. Uses no network. Raises ReportError.
    """
    if remember and history is None:
        raise ValueError("remember=True needs a history to remember the run in")
    try:
        runs = _read_results(results)
        past = _points_before(history, min(run.get("start") or 0 for run in runs)) if history else None
        page, point = _generate(results, title, past)
        _replace(report, _sealed(_counted(page, len(runs))))
        if history and point and remember:
            _append(history, point)
    except OSError as err:
        where = err.filename2 or err.filename or report
        raise ReportError(f"{where}: the report could not be made ({err.strerror or err})") from err
    return report


def _read_results(results: Path) -> list[_Json]:
    """Every result, because Allure silently leaves out what it cannot read. Raises ReportError."""
    files = sorted(results.glob("*-result.json"))
    if not files:
        raise ReportError(f"{results}: there are no Allure results in this folder")
    return [_read_result(file) for file in files]


def _read_result(file: Path) -> _Json:
    try:
        result = json.loads(file.read_bytes())
    except (OSError, ValueError) as err:
        raise ReportError(f"{file}: this result cannot be read, so no report is made without it ({err})") from err
    if not isinstance(result, dict):
        raise ReportError(f"{file}: this is not an Allure result, so no report is made without it")
    # allure-pytest leaves a test that was interrupted as passed, without the id that it gives at the test's end.
    if result.get("status") == "passed" and not result.get("historyId"):
        raise ReportError(f"{file}: this case was cut short and is marked as passed, so no report is made from it")
    return result


def _generate(results: Path, title: str, past: Sequence[_Json] | None) -> tuple[str, _Json | None]:
    """Allure's page, and its point for the history if there is one. Raises ReportError."""
    with tempfile.TemporaryDirectory(prefix="dosebench-report-", ignore_cleanup_errors=True) as folder:
        work = Path(folder).resolve()
        settings = {"title": title, "historyPath": None if past is None else _HISTORY}
        (work / "settings.json").write_text(json.dumps(settings), encoding="ascii")
        (work / _HISTORY).write_text("".join(map(_line, past or ())), encoding="ascii")
        return _page(results, work), None if past is None else _new_point(work / _HISTORY, len(past))


def _page(results: Path, work: Path) -> str:
    # "." with --cwd, as a path given as argument is taken for a pattern: brackets and stars in it would not be found.
    places = {"--cwd": results.resolve(), "--config": _CONFIG, "--output": work / "site"}
    said = _run_allure([".", *(str(word) for pair in places.items() for word in pair)], work)
    page = work / "site" / "index.html"
    if not page.is_file():
        raise ReportError(f"Allure made no report: {said}")
    return page.read_text(encoding="utf-8")


def _run_allure(words: list[str], work: Path) -> str:
    """What Allure had to say, in one line. Raises ReportError."""
    command = [str(working_node().executable), str(allure_script()), "generate", *words]
    env = _environment(work)
    try:
        done = subprocess.run(
            command, cwd=work, env=env, timeout=_RENDER_TIMEOUT_S, stdin=subprocess.DEVNULL, capture_output=True
        )
    except subprocess.TimeoutExpired as err:
        raise ReportError(f"Allure was not ready after {_RENDER_TIMEOUT_S} s, and was stopped") from err
    said = (done.stderr + done.stdout).decode(errors="replace").strip()
    return said.partition("\n")[0] or f"it ended with status {done.returncode}"


def _environment(work: Path) -> dict[str, str]:
    """No CI service, no git repository to ask about, and a temporary folder that goes away with ``work``."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    return {**kept, **temporary, "GIT_DIR": str(work / "no-repository"), "NO_COLOR": "1"}


def _counted(page: str, expected: int) -> str:
    shown = page.count('d("data/test-results/')
    if shown != expected:
        raise ReportError(f"Allure took {shown} of {expected} results into the report")
    return page


def _sealed(page: str) -> str:
    """The page without its analytics, and forbidden to load anything from outside. Raises ReportError."""
    sealed = _ANALYTICS.sub("", page)
    sealed = sealed.replace(_HEAD, f'{_HEAD}\n    <meta http-equiv="Content-Security-Policy" content="{_POLICY}">', 1)
    if _POLICY not in sealed or any(tracker in sealed for tracker in _TRACKERS):
        raise ReportError("Allure's page is not built as expected: its analytics could not be taken out")
    if outside := outside_references(sealed):
        raise ReportError(f"the report refers to what it does not carry: {', '.join(outside)}")
    return sealed


def outside_references(page: str) -> list[str]:
    """What the tags of ``page`` refer to and the page does not carry in itself."""
    reader = _References()
    reader.feed(page)
    reader.close()
    return [address for address in reader.found if not address.strip().lower().startswith(("data:", "blob:", "#"))]


class _References(HTMLParser):
    """Collects what the tags of a page refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in _FETCHING and value]


def _replace(report: Path, page: str) -> None:
    report.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{report.name}.", dir=report.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(page)
        Path(name).chmod(0o644)  # mkstemp's own is for the owner alone, and a report is there to be passed on
        Path(name).replace(report)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _points_before(history: Path, moment_ms: int) -> list[_Json]:
    """The runs in ``history`` that had ended by then: not this run itself, nor what came after it.

    A torn line is passed over; Allure would stop at it.
    """
    lines = history.read_text(encoding="utf-8", errors="replace").split("\n") if history.is_file() else []
    points = [point for line in lines if (point := _point(line)) is not None]
    return [point for point in points if _ended_ms(point) < moment_ms][-_SHOWN_RUNS:]


def _point(line: str) -> _Json | None:
    try:
        point = json.loads(line)
    except ValueError:
        return None
    return point if isinstance(point, dict) and isinstance(point.get("testResults"), dict) else None


def _ended_ms(point: _Json) -> int:
    return max((test.get("stop") or 0 for test in point["testResults"].values()), default=0)


def _new_point(history: Path, past: int) -> _Json:
    """What Allure added to its copy of the history. Raises ReportError, as Allure does not fail when it could not."""
    lines = history.read_text(encoding="utf-8").rstrip("\n").split("\n")
    if len(lines) != past + 1 or (point := _point(lines[-1])) is None:
        raise ReportError("Allure made a report, but no point for the history")
    return point


def _append(history: Path, point: _Json) -> None:
    """Add one line in one write; after a line torn by a power cut, on a line of its own."""
    history.parent.mkdir(parents=True, exist_ok=True)
    before = history.read_bytes() if history.is_file() else b""
    gap = b"" if before[-1:] in (b"", b"\n") else b"\n"
    with history.open("ab") as file:
        file.write(gap + _line(point).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _line(point: _Json) -> str:
    """ASCII, as Node.js also ends a line at U+2028."""
    return json.dumps(point) + "\n"
