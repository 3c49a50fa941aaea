"""What a verdict is for pytest, and with which exit status a session ends: 0 for nothing but a PASS that was made safe."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.ending import Ending
from fixtures.outcomes import CaseBroken, CaseFailed, raise_unless_pass
from harness.verdicts import CaseVerdict, RunVerdict, Verdict


@pytest.mark.parametrize(
    ("verdict", "raised"),
    [("FAIL", CaseFailed), ("INCONCLUSIVE", CaseBroken), ("INVALID", CaseBroken), ("ABORTED", CaseBroken)],
)
def test_only_a_fail_is_a_failure_of_the_pump(verdict: str, raised: type[Exception]) -> None:
    with pytest.raises(raised, match=rf"^{verdict}: the reason$"):
        raise_unless_pass(CaseVerdict("A", "a case", Verdict(verdict), ("R",), reasons=("the reason",)))


def test_only_a_pass_passes() -> None:
    raise_unless_pass(CaseVerdict("A", "a case", Verdict.PASS, ("R",)))


class Closed:
    """A campaign whose run ended with a verdict; ``unsafe`` where nobody confirmed that the pump stands."""

    def __init__(self, verdict: str, unsafe: str) -> None:
        self.folder, self.unsafe, self._verdict = Path("run"), unsafe, Verdict(verdict)

    def close(self) -> RunVerdict:
        return RunVerdict("r", "simulated", (CaseVerdict("A", "a case", self._verdict, ("R",)),))

    def release(self) -> None:
        """Nobody holds it."""


SESSIONS = [
    ("PASS", "", 0, 0),
    ("FAIL", "", 1, 1),
    ("INCONCLUSIVE", "", 0, 2),
    ("INVALID", "", 0, 3),
    ("ABORTED", "", 0, 4),
    ("PASS", "it runs on", 0, 4),
    ("FAIL", "it runs on", 1, 4),
    # something beside the verdicts went wrong
    ("PASS", "", 3, 4),
]
"""Verdict, what is unsafe, pytest's own status, and the status that the run deserves."""


@pytest.mark.parametrize(("verdict", "unsafe", "of_pytest", "status"), SESSIONS)
def test_the_exit_status_of_a_session(
    verdict: str, unsafe: str, of_pytest: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending: Any = Ending(Closed(verdict, unsafe), None, Path("staged"))  # type: ignore[arg-type]
    monkeypatch.setattr(ending, "_pages", lambda _: None)
    session: Any = SimpleNamespace(exitstatus=of_pytest)
    ending.pytest_sessionfinish(session)
    assert ending.status == status
    assert session.exitstatus == (status if unsafe else of_pytest or status)
