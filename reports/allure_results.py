"""The Allure results of a run, from its first moment: every case is there as *aborted* until the run is closed.

While a run goes on, allure-pytest writes into a folder of its own. At the end what it wrote takes the place of what stood there
before, and says what the verdicts say: allure-pytest would leave a case that was broken off as passed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import allure_commons
from allure_commons.utils import md5

from harness.disk import replace_file
from harness.verdicts import CaseVerdict, RunVerdict, Verdict
from instruments.clock import utc_now
from reports.allure3 import ReportError

RESULTS, STAGED = "allure-results", "allure-staged"
_RESULT = "*-result.json"
_STATUS = {Verdict.PASS: "passed", Verdict.FAIL: "failed"}
_CASE = "case"
_ABORTED = "ABORTED: "

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """A case as Allure will know it."""

    case: str
    title: str
    full_name: str
    test_case_id: str
    history_id: str


def stand_by(folder: Path, planned: Iterable[Planned], data_source: str) -> None:
    """Results that say *aborted* for every case that is to be run. Raises OSError."""
    for one in planned:
        name = str(uuid4())
        result = {
            "uuid": name,
            "name": one.title,
            "fullName": one.full_name,
            "testCaseId": one.test_case_id,
            "historyId": one.history_id,
            "labels": [
                _label("tag", data_source),
                _label("framework", "pytest"),
                _label("language", "python"),
                _label(_CASE, one.case),
            ],
            "stage": "finished",
            **dict.fromkeys(("start", "stop"), round(utc_now().timestamp() * 1000)),
        }
        verdict = CaseVerdict(one.case, one.title, Verdict.ABORTED, (), (), ("the run has not been closed",))
        _write(folder / RESULTS / f"{name}-result.json", _settled(result, verdict))


def _label(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def settle(folder: Path, run: RunVerdict, staged: Path | None = None) -> Path:
    """Put what allure-pytest wrote in the place of what stood there before; every result says what its verdict says.

    It wrote into ``staged``, a folder in that of the run unless told.

    Cases that it wrote nothing of stay as they were put there, with the reason that is known now. Returns the folder of the
    results. Raises ReportError.
    """
    results = folder / RESULTS
    verdicts = {case.id: case for case in run.cases}
    try:
        if not _read(results):  # cut before its cases were collected
            stand_by(folder, map(_unknown, run.cases), run.data_source)
        standing = {case: path for path, result in _read(results) if (case := _case_of(result)) in verdicts}
        cases = {result["testCaseId"]: _case_of(result) for _, result in _read(results)}
        for path, result in _read(staged or folder / STAGED):
            case = _case_of(result) or cases.get(result.get("testCaseId", ""), "")
            _write(path, _settled(result, verdicts[case]) if case in verdicts else result)
            standing.pop(case, results / "none").unlink(missing_ok=True)
        for path in standing.values():
            _write(path, _settled(_parsed(path), verdicts[_case_of(_parsed(path))]))
        _moved(staged or folder / STAGED, results)
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise ReportError(f"{folder}: its Allure results cannot be put in order ({err})") from err
    return results


def _unknown(case: CaseVerdict) -> Planned:
    """A case of which allure-pytest has told nothing."""
    return Planned(case.id, f"{case.id}: {case.title}", case.id, md5(case.id), md5(case.id))


def _settled(result: _Json, case: CaseVerdict) -> _Json:
    """The result with the status of its verdict, whatever it had; one that was aborted is named so."""
    name = str(result["name"]).removeprefix(_ABORTED)
    if case.verdict is not Verdict.ABORTED:
        return {**result, "name": name, "status": _STATUS.get(case.verdict, "broken")}
    reasons = "; ".join(case.reasons) or "nothing was measured"
    details = {**result.get("statusDetails", {}), "message": f"{_ABORTED}{reasons}"}
    return {**result, "name": f"{_ABORTED}{name}", "status": "broken", "statusDetails": details}


class NoneGreen:
    """Until a run is closed it may still turn out to be cut: what allure-pytest writes meanwhile says so.

    A disk that takes no result must not end the session: what stood there before stays, and gets its verdict at the end.
    """

    @allure_commons.hookimpl(wrapper=True)
    def report_result(self, result: Any) -> Generator[None, object, object]:
        result.status = "broken"
        result.name = f"{_ABORTED}{result.name}"
        return (yield from _if_there_is_room())

    @allure_commons.hookimpl(wrapper=True)
    def report_container(self) -> Generator[None, object, object]:
        return (yield from _if_there_is_room())

    @allure_commons.hookimpl(wrapper=True)
    def report_attached_data(self) -> Generator[None, object, object]:
        return (yield from _if_there_is_room())


def _if_there_is_room() -> Generator[None, object, object]:
    try:
        return (yield)
    except OSError:
        return None


@contextmanager
def none_green() -> Iterator[None]:
    """While a run goes on."""
    held = NoneGreen()
    allure_commons.plugin_manager.register(held)
    try:
        yield
    finally:
        allure_commons.plugin_manager.unregister(held)


def _case_of(result: Mapping[str, Any]) -> str:
    return next((label["value"] for label in result.get("labels", ()) if label["name"] == _CASE), "")


def _read(folder: Path) -> list[tuple[Path, _Json]]:
    """Without those that were torn by a kill: what had stood there for such a case stays."""
    found = []
    for path in sorted(folder.glob(_RESULT)):
        try:
            found.append((path, _parsed(path)))
        except ValueError:
            path.rename(path.with_suffix(".torn"))
    return found


def _parsed(path: Path) -> _Json:
    return dict(json.loads(path.read_bytes()))


def _write(path: Path, result: _Json) -> None:
    replace_file(path, json.dumps(result).encode("ascii"))


def _moved(staged: Path, results: Path) -> None:
    if not staged.is_dir():
        return
    results.mkdir(exist_ok=True)
    for path in staged.iterdir():
        shutil.move(path, results / path.name)
    staged.rmdir()


def deliver(results: Path, wanted: Path) -> None:
    """A copy for who asked for it elsewhere. Raises OSError."""
    shutil.copytree(results, wanted, dirs_exist_ok=True)
