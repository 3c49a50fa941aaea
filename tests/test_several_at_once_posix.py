"""Two runs at once: on one bench the second is refused with owner and age; on two benches they share no file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.bench import Bench, load_bench
from harness.campaign import Campaign
from harness.plan import Plan, load_plan
from instruments.errors import LinkBusy
from instruments.sim.bench import SimulatedBench
from instruments.sim.setup import Setup
from reports.publish import history_of
from tests.conftest import ROOT
from tests.instruments.sim.served import served


@pytest.fixture
def plan(screening_plan: Path) -> Plan:
    return load_plan(screening_plan)


@contextmanager
def on_ptys(folder: Path, name: str) -> Iterator[Bench]:
    """A bench of that name, served at links in ``folder``."""
    folder.mkdir()
    text = (ROOT / "benches" / "simulated.toml").read_text().partition("[simulation]")[0]
    text = text.replace('id = "simulated"', f'id = "{name}"').replace("sim://simulated/", f"{folder}/")
    (folder / "bench.toml").write_text(text)
    with served(SimulatedBench(Setup(seed=3)), link_dir=folder):
        yield load_bench(folder / "bench.toml")


def test_a_second_run_on_one_bench_is_refused_with_owner_and_age(plan: Plan, tmp_path: Path) -> None:
    with on_ptys(tmp_path / "one", "one") as bench:
        first = Campaign(plan, bench, tmp_path / "out")
        with pytest.raises(
            LinkBusy, match=r"is in use by .+ of .+ \(process \d+\) since \d\d:\d\d UTC, 0 min ago; end that program first"
        ):
            Campaign(plan, bench, tmp_path / "out")
        first.close()
        Campaign(plan, bench, tmp_path / "out").close()
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_two_runs_on_two_benches_share_no_file(plan: Plan, tmp_path: Path) -> None:
    with on_ptys(tmp_path / "one", "one") as one, on_ptys(tmp_path / "two", "two") as two:
        runs = [Campaign(plan, bench, tmp_path / "out") for bench in (one, two)]
        written = [{path for path in run.folder.rglob("*") if path.is_file()} for run in runs]
        for run in runs:
            run.close()
    assert all(written)
    assert not written[0] & written[1]
    histories = {history_of(run.folder, {"bench": {"id": run.bench.id}}) for run in runs}
    assert {path.name for path in histories} == {"history-one.jsonl", "history-two.jsonl"}
