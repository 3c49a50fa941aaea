"""One function for each kind of analysis: from a view of a recording to plain data, values named with their units."""

from __future__ import annotations

from collections.abc import Mapping

from harness.answers.alarms import ALARMS
from harness.answers.boluses import BOLUSES
from harness.answers.common import Answer
from harness.answers.flows import FLOWS
from harness.answers.grid import ON_GRID

ANSWERS: Mapping[str, Answer] = {**FLOWS, **ON_GRID, **BOLUSES, **ALARMS}
"""By the ``kind`` of an analysis in a mapping."""
