"""The folder and the record of a run that goes on: never green until it is closed, and locked so that nobody recovers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.conclusion import ENDED, VERDICT, Judged, conclude, judged_cases, mark, not_closed
from harness.plan import Plan
from harness.recorder import Recorder
from harness.run_folder import hold_reserve, identity_of, new_folder, write_run
from harness.verdicts import VERDICTS, CaseVerdict, RunVerdict, Verdict, write_verdicts
from instruments.clock import utc_now
from instruments.locks import FolderLock


class OpenRun:
    """``tables`` are the bench file's, or those of a recording's mapping; ``told`` is what the journal's head says besides."""

    def __init__(
        self, out: Path, started: datetime, plan: Plan, data_source: str, tables: Mapping[str, Any], **told: Any
    ) -> None:
        self.run, self.data_source = str(uuid4()), data_source
        self.folder = new_folder(out, started, plan.id, data_source, self.run)
        self._lock = FolderLock(self.folder)
        self._lock.acquire()  # before there is a journal: one without an end that nobody holds is a run that was cut
        self._identity = {**identity_of(self.run, data_source, started, plan, tables), **told}
        try:
            self._stand_by()
        except BaseException:
            self._lock.release()
            raise

    def _stand_by(self) -> None:
        hold_reserve(self.folder)
        write_run(self.folder, self._identity)
        write_verdicts(not_closed(self.run, self.data_source, self._identity["cases"]), self.folder / VERDICTS)
        self.recorder = Recorder(self.folder, self.run, self.data_source, self._identity)

    def keep(self, name: str, text: str) -> None:
        """A file that a person wrote, as it was."""
        (self.folder / name).write_bytes(text.encode("utf-8"))

    def judged(self, at_us: int, judged: Judged) -> CaseVerdict:
        """Into the journal first; the verdict of the run is read from there."""
        self.recorder.event(at_us, VERDICT, judged.verdict.id, judged.as_data())
        return judged.verdict

    def ended(self, at_us: int, verdict: Verdict, reason: str) -> None:
        """No further case is run."""
        self.recorder.event(at_us, ENDED, data=mark(verdict, reason))

    def verdict(self) -> RunVerdict:
        """Of the run, by what its journal says so far."""
        events = self.recorder.record().events
        judged = {case: found.verdict for case, found in judged_cases(events).items()}
        return conclude(self.run, self.data_source, self._identity["cases"], events, judged)

    def finish(self, **told: Any) -> None:
        """When the record is closed and the verdicts are written: ``run.json`` says how it went. Raises OSError.

        The run stays held until it is ``released``: its pages and its manifest are still to come.
        """
        hashes, chain = self.recorder.hashes, self.recorder.chain
        write_run(self.folder, self._identity, closed=utc_now().isoformat(), sha256=hashes, chain=chain, **told)

    def release(self) -> None:
        """Nothing more is written into the folder."""
        self._lock.release()
