"""From the folder of a drill to what people open: the page, its tables, and the Allure run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.disk import replace_file
from instruments.errors import ConfigError
from reports.allure_results import RESULTS
from reports.drill_allure import drill_report, write_drill_results
from reports.drill_csv import curves_csv, matrix_csv
from reports.drill_page import drill_page
from reports.drilled.data import Drill, Part, typed
from reports.drilled.studies_data import Coverage, Mutants, Risk
from reports.publish import Published

PAGE, MATRIX, CURVES = "qualification.html", "matrix.csv", "curves.csv"
_DRILL, _FIGURE = "drill.json", "coverage.svg"
_STUDIES: Mapping[str, type[Part]] = {"coverage": Coverage, "risk": Risk, "mutants": Mutants}

_Json = Mapping[str, Any]


def write_report(folder: Path) -> Path:
    """``qualification.html``, ``matrix.csv``, ``curves.csv`` and ``allure-results/`` from ``drill.json`` and what is beside it.

    Returns the page. Raises ConfigError for a file that cannot be read or is something else; then nothing is written.
    """
    drill, studies = _read(folder / _DRILL, Drill), _studies(folder)
    figure = _content(folder / _FIGURE) if (folder / _FIGURE).is_file() else b""
    texts = {
        PAGE: drill_page(drill, **studies, coverage_figure=figure),
        MATRIX: matrix_csv(drill),
        CURVES: curves_csv(drill),
    }
    try:
        for name, text in texts.items():
            replace_file(folder / name, text.encode())
        write_drill_results(drill, folder / RESULTS)
    except OSError as err:
        raise ConfigError(f"{folder}: the report cannot be written there ({err.strerror})") from err
    return folder / PAGE


def write_allure_report(folder: Path) -> Published:
    """``report.html`` from what ``write_report`` left in ``folder``; without Node.js or Allure it says what is missing."""
    return drill_report(folder, _read(folder / _DRILL, Drill), folder / PAGE)


def _studies(folder: Path) -> dict[str, _Json | None]:
    paths = {name: folder / f"{name}.json" for name in _STUDIES}
    return {name: _read(path, _STUDIES[name]) if path.is_file() else None for name, path in paths.items()}


def _read(path: Path, kind: type[Part]) -> _Json:
    """Raises ConfigError."""
    content = _content(path)
    try:
        plain = json.loads(content)
        typed(kind, plain)
    except (ValueError, ConfigError) as err:
        raise ConfigError(f"{path}: {err if isinstance(err, ConfigError) else f'is no JSON: {err}'}") from err
    return dict(plain)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        hint = "; 'dosebench drill' makes it" if path.name == _DRILL else ""
        raise ConfigError(f"{path}: cannot be read ({err.strerror}){hint}") from err
