"""The folder of a run: its name, who and what the run is, and the files that stand in it from the first moment on."""

from __future__ import annotations

import getpass
import json
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.bench import Bench
from harness.disk import replace_file
from harness.plan import Plan
from harness.record import Event
from instruments.errors import ConfigError

RUN_FILE = "run.json"
_RESERVE, _RESERVE_BYTES = ".reserve", 1 << 20
_PACKAGES = (
    "dosebench",
    "numpy",
    "pandas",
    "pyarrow",
    "GTC",
    "scipy",
    "pyserial",
    "pyvisa",
    "pytest",
    "allure-pytest",
    "cryptography",
)


def new_folder(out: Path, started: datetime, plan_id: str, data_source: str, run: str) -> Path:
    """A folder of its own for every run, that says what it is."""
    folder = out / f"{started:%Y%m%dT%H%M%SZ}-{plan_id}-{data_source}-{run[:8]}"
    try:
        folder.mkdir(parents=True)
    except OSError as err:
        raise ConfigError(f"{out}: run folders cannot go there ({err.strerror}); choose another --out") from err
    return folder


def identity_of(run: str, data_source: str, started: datetime, plan: Plan, tables: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of any run before it begins; ``tables`` are the bench file's, or the mapping's of a recording."""
    return {
        "run": run,
        "data_source": data_source,
        "started": started.isoformat(),
        "plan": {
            "id": plan.id,
            "revision": plan.file.plan.revision,
            "sha256": plan.sha256,
            "text": plan.text,
            "tables": plan.tables,
        },
        "cases": [{"id": case.id, "title": case.title, "requirement": list(case.requirement)} for case in plan.cases],
        "people": {"operator": _login(), "host": platform.node()},
        "clock": "this computer's UTC, read once at the start, then its monotonic clock; whether it is synchronised is not known",
        "versions": versions(),
        "dut": tables.get("dut", {}),
        "liquid": tables.get("liquid", {}),
    }


def of_bench(bench: Bench) -> dict[str, Any]:
    """What a record keeps of a bench: the file whole, and its equipment with calibration."""
    stands = {role: stand.model_dump(mode="json", include=_KEPT, exclude_none=True) for role, stand in bench.stands.items()}
    return {"bench": {"id": bench.id, "sha256": bench.sha256, "text": bench.text, "tables": bench.tables}, "equipment": stands}


_KEPT = {"driver", "address", "asset", "model", "serial", "certificate", "calibrated", "calibration_due"}


def instruments_of(events: Iterable[Event]) -> dict[str, str]:
    """Role and what the device said of itself."""
    return {event.data["role"]: _identity_text(event.data) for event in events if event.kind == "identity"}


def _identity_text(data: Mapping[str, str]) -> str:
    return ", ".join(part for part in (data["model"], data["serial"] and f"serial {data['serial']}", data["firmware"]) if part)


def _login() -> str:
    """The name of the account, never typed in; a container may have none."""
    with suppress(KeyError, OSError, ImportError):
        return getpass.getuser()
    return "unknown"


def write_run(folder: Path, identity: Mapping[str, Any], **more: Any) -> None:
    """``run.json``, for people and for pages: what the journal's head says, and at the end how it went. Raises OSError."""
    text = json.dumps({"schema": "dosebench/run/1", **identity, **more}, indent=1, default=str)
    replace_file(folder / RUN_FILE, text.encode("utf-8") + b"\n")


def read_run(folder: Path) -> dict[str, Any]:
    """Raises ConfigError when the folder is none of a run."""
    try:
        return dict(json.loads((folder / RUN_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError) as err:
        raise ConfigError(f"{folder}: is not the folder of a run ({err})") from err


def versions() -> dict[str, str]:
    """Of everything that had a hand in the numbers."""
    return {"python": platform.python_version(), "system": platform.system(), **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def hold_reserve(folder: Path) -> None:
    """Room that a run gives back when it ends, so that a disk which filled up meanwhile still takes its verdicts."""
    with suppress(OSError):
        (folder / _RESERVE).write_bytes(bytes(_RESERVE_BYTES))


def give_reserve_back(folder: Path) -> None:
    with suppress(OSError):
        (folder / _RESERVE).unlink()
