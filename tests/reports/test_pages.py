"""The pages of a run, opened in a real browser without a network."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from reports.figures import case_figure
from reports.masses import masses_csv
from reports.publish import republish, write_environment
from tests.conftest import ROOT, chromium
from tests.dosebench.test_cli import dosebench, run_folder, short_plan

BENCH = ROOT / "benches" / "simulated.toml"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--virtual-time-budget=15000"),
    *("--enable-logging=stderr", "--dump-dom"),
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    dosebench(folder, "tools", node=True)
    dosebench(folder, "run", short_plan(folder), "--bench", BENCH, "--out", "out", node=True)
    return run_folder(folder / "out")


def opened(page: Path, profile: Path, part: str = "") -> tuple[str, str]:
    """The text of a page (or of a part of it) as the browser shows it, and what it complained about."""
    command = [str(chromium()), *FLAGS, f"--user-data-dir={profile}", page.as_uri() + part]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL), done.stderr


@pytest.mark.browser
def test_the_allure_report_opens_offline_and_shows_the_case(published: Path, tmp_path: Path) -> None:
    page = published / "report.html"
    (case,) = set(re.findall(r"data/test-results/([0-9a-f]+)\.json", page.read_text("utf-8")))
    front, complaints = opened(page, tmp_path / "front")
    shown, more = opened(page, tmp_path / "case", f"#{case}")
    assert "SHORT on simulated: PASS (SIMULATED)" in front
    assert "SIMULATED" in front[front.index("Data source") :]
    assert all(text in shown for text in ("[SIMULATED] BOLUS: 1 mL within 5 %", "bolus volume", "mL'", "requirement"))
    assert not re.search("Content Security Policy|Uncaught", complaints + more)


@pytest.mark.browser
def test_the_plain_page_shows_verdict_values_and_figure(published: Path, tmp_path: Path) -> None:
    shown, _ = opened(published / "summary.html", tmp_path)
    for text in (
        "SIMULATED: no real pump was tested",
        "BOLUS: PASS",
        "0.95 to 1.05 mL",
        "SHA-256 of raw/balance.log",
        "<svg",
        "set rate",
    ):
        assert text in shown


def test_without_node_the_plain_page_is_made_and_one_line_says_what_is_missing(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.node.nodes", lambda: iter(()))
    (published / "summary.html").unlink()
    found = republish(published)
    assert found.report is None
    assert found.summary.is_file()
    assert re.fullmatch(r"no Node\.js .* run .*dosebench tools.*", found.missing)


def test_the_report_is_one_file_of_bounded_size(published: Path) -> None:
    assert (published / "report.html").stat().st_size < 10_000_000


def test_figures_and_tables_of_a_case(tmp_path: Path) -> None:
    campaign = Campaign(load_plan(short_plan(tmp_path)), load_bench(BENCH), tmp_path)
    campaign.start()
    (case,) = campaign.plan.cases
    campaign.run_case(case)
    campaign.close()
    figure = case_figure(campaign.record, case, campaign.weighing).decode()
    rows = masses_csv(campaign.record, case).splitlines()
    assert figure == case_figure(campaign.record, case, campaign.weighing).decode()
    assert all(text in figure for text in ("SIMULATED", "baseline to drain", "flow (mL/h)", "time (s)", campaign.run[:8]))
    assert rows[0] == "bench_time_s,since_start_s,mass_g,data_source"
    assert [float(row.split(",")[1]) for row in rows[1:]] == [0.0, 60.0, 120.0, 180.0, 240.0]
    assert all(row.endswith(",simulated") for row in rows[1:])


def test_the_environment_block_survives_spaces_colons_and_letters(tmp_path: Path) -> None:
    write_environment(tmp_path, {"Data source": "SIMULATED", "a:b=c": "µL \\ é"})
    lines = (tmp_path / "environment.properties").read_text("ascii").splitlines()
    assert lines == ["Data\\ source=SIMULATED", "a\\:b\\=c=\\u00b5L \\\\ \\u00e9"]
