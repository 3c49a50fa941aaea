"""What a mapping asks of a recording, answered as plain data for a JSON file."""

from __future__ import annotations

from typing import Any

from harness.analysis.view import View
from harness.answers import ANSWERS
from harness.answers.common import Plain
from harness.record import Period, Record
from harness.recording import Recording
from instruments.errors import BenchError, ConfigError

SCHEMA = "dosebench/analysis/1"
_STAMP_S = 1e-6


def results_of(recording: Recording, record: Record) -> Plain:
    """Everything that the mapping asks for. Raises ConfigError and BenchError, naming the analysis that cannot be done."""
    conditions = recording.conditions()
    return {
        "schema": SCHEMA,
        "recording": recording.source.name,
        "sha256": recording.sha256,
        "corrections": recording.mapping.corrections.model_dump(),
        "Z_mL_per_g": conditions.weighing.factor_ml_g(),
        "immersion": conditions.weighing.immersed,
        "evaporation_g_per_h": recording.evaporation.loss_g_h,
        "results": [
            _answered(View(record, request, conditions, recording.evaporation), recording)
            for request in recording.mapping.analysis
        ],
    }


def _answered(view: View[Any], recording: Recording) -> Plain:
    request = view.case
    name = request.id or request.kind
    try:
        period = _period(view)
        found = ANSWERS[request.kind](view, period, recording)
    except (BenchError, ConfigError) as err:
        raise type(err)(f"analysis {name!r}: {err}") from err
    return {"id": name, "kind": request.kind, "from_s": period.start_s, "to_s": period.end_s, **found}


def _period(view: View[Any]) -> Period:
    """To the last row, unless told. Raises ConfigError where the recording does not reach."""
    asked, last_s = view.case, float(view.record.readings.stamps_us[-1]) / 1e6
    end_s = last_s if asked.end is None else asked.end
    if not 0 <= asked.start < end_s <= last_s + _STAMP_S:
        raise ConfigError(f"from {asked.start:g} s to {end_s:g} s: the recording has 0 s to {last_s:g} s after its first row")
    return Period(asked.start, end_s)
