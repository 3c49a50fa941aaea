"""What a mapping asks of a recording, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click

from instruments.errors import BenchError, ConfigError


def write_results(recording: Path, mapping: Path, to: Path | None) -> None:
    """Compute everything that the mapping asks for, into a file or to the standard output. Raises ConfigError and BenchError."""
    from harness.analyses import results_of
    from harness.recording import load_recording

    loaded = load_recording(recording, mapping)
    if not loaded.mapping.analysis:
        told = "asks for nothing: add an [[analysis]] with its kind, or give a --plan to judge the recording by"
        raise ConfigError(f"{mapping}: {told}")
    try:
        text = json.dumps(results_of(loaded, loaded.record("")), indent=1, allow_nan=False)
    except BenchError as err:
        raise type(err)(f"{mapping}: {err}") from err
    if to is None:
        click.echo(text)
    else:
        _write(to, text + "\n")


def _write(to: Path, text: str) -> None:
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as err:
        raise ConfigError(f"{to}: the results cannot be written there ({err.strerror})") from err
