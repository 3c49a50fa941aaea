"""What becomes of a case that could not be carried out to its end, and of the cases after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import plan_from
from harness.rig import Rig
from instruments.errors import BenchError, Interlock, LinkLost, NotMet, PumpAlarm, SafetyError, SettingDiffers
from tests.conftest import ROOT

OFF = {
    "procedure": "pump-off",
    "title": "t",
    "requirement": ["R"],
    "duration": "5 min",
    "settle": "1 min",
    "flow": {"within": "90 uL/h"},
}
TABLES = {
    "plan": {"id": "ENDS", "title": "t"},
    "preparation": {"settle": "1 min", "blank": "10 min"},
    "case": [{**OFF, "id": "ENDED"}, {**OFF, "id": "NEXT"}],
}


def raising(err: BenchError) -> Callable[[Rig, Any], None]:
    def act(rig: Rig, case: Any) -> None:
        raise err

    return act


ENDED: list[tuple[BenchError, str, str]] = [
    # of the pump: it fails, and the next case shows what else is wrong with it
    (PumpAlarm("it stalled", "S"), "FAIL", "PASS"),
    (SettingDiffers("it took another rate"), "FAIL", "PASS"),
    (NotMet("it did not come to its pressure"), "FAIL", "PASS"),
    # of the bench: it cannot be trusted any more
    (LinkLost("the balance is gone"), "INVALID", "INVALID"),
    (BenchError("nobody was there"), "INVALID", "INVALID"),
    # nothing may go on
    (Interlock("the vessel is full"), "ABORTED", "ABORTED"),
    (SafetyError("nobody confirmed the stop"), "ABORTED", "ABORTED"),
]


@pytest.mark.parametrize(("err", "ended", "following"), ENDED, ids=[type(err).__name__ for err, *_ in ENDED])
def test_who_is_to_blame_for_the_end_of_a_case(err: BenchError, ended: str, following: str, tmp_path: Path) -> None:
    campaign = Campaign(plan_from(TABLES, "", tmp_path / "plan.toml"), load_bench(ROOT / "benches" / "simulated.toml"), tmp_path)
    campaign.start()
    first, second = campaign.plan.cases
    found = [campaign.run_case(first, raising(err)), campaign.run_case(second)]
    campaign.close()
    campaign.release()
    assert [case.verdict for case in found] == [ended, following], [case.reasons for case in found]
    assert str(err) in found[0].reasons


def test_a_stop_that_nobody_confirmed_at_the_end_leaves_nothing_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the cases have shown: it is in the record, and the run is ABORTED."""
    campaign = Campaign(plan_from(TABLES, "", tmp_path / "plan.toml"), load_bench(ROOT / "benches" / "simulated.toml"), tmp_path)
    campaign.start()
    assert [campaign.run_case(case).verdict for case in campaign.plan.cases] == ["PASS", "PASS"]
    let_go = campaign.rig.close

    def close() -> None:
        let_go()
        raise SafetyError("nobody confirmed the stop")

    monkeypatch.setattr(campaign.rig, "close", close)
    found = campaign.close()
    campaign.release()
    assert [case.verdict for case in found.cases] == ["ABORTED", "ABORTED"]
    assert any("nobody confirmed the stop" in reason for reason in found.cases[-1].reasons)
    assert "nobody confirmed the stop" in campaign.unsafe
