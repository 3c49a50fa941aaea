"""The manifest of a closed run: the hash of every file, the head of the chain, and the versions of all that had a hand in it."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.disk import replace_file
from harness.evidence.verifier import JOURNAL, MANIFEST, MANIFEST_SCHEMA, UNLISTED, VERDICTS, FolderFiles, rendered, sha256
from instruments.errors import BenchError

_ROOT = Path(__file__).resolve().parents[2]
_GIT_TIMEOUT_S = 10.0
_UNKNOWN = "unknown"


def write_manifest(folder: Path, *, versions: Mapping[str, Any], closed: datetime) -> dict[str, Any]:
    """Write ``manifest.json`` of a run whose journal is closed; nothing but signatures may be added to the folder afterwards.

    ``closed`` is the moment of closing, ``versions`` as ``versions_of`` gives them. Returns what was written. Raises BenchError
    when the journal is not closed, or a file cannot be read or written.
    """
    try:
        manifest = {
            "schema": MANIFEST_SCHEMA,
            **_identity(folder),
            "closed": closed.astimezone(UTC).isoformat(),
            "files": {name: _told(folder / name) for name in FolderFiles(folder) if name not in UNLISTED},
            "versions": dict(versions),
        }
        manifest["sha256"] = sha256(rendered(manifest))
        replace_file(folder / MANIFEST, rendered(manifest))
    except OSError as err:
        raise BenchError(f"{folder}: its manifest cannot be written ({err})") from err
    return manifest


def _identity(folder: Path) -> dict[str, Any]:
    """What journal and verdicts say of the run."""
    try:
        lines = (folder / JOURNAL).read_bytes().splitlines()
        head, last = json.loads(lines[0]), json.loads(lines[-1])
        verdict = json.loads((folder / VERDICTS).read_bytes())["verdict"]
        if last["kind"] != "closed":
            raise BenchError(f"{folder}: its journal is not closed; `dosebench recover` closes a run that was cut")
        chain = {"entries": last["seq"], "head": last["hash"]}
        return {"run": head["run"], "data_source": head["data_source"], "verdict": verdict, "chain": chain}
    except (ValueError, KeyError, TypeError, IndexError) as err:
        raise BenchError(f"{folder}: journal and verdicts of a run are needed for its manifest ({err!r})") from err


def _told(path: Path) -> dict[str, Any]:
    if path.is_symlink() or not path.is_file():
        raise OSError(f"{path} is not a plain file")
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": file.tell()}


def versions_of() -> dict[str, Any]:
    """Versions of everything here and now: lock, Python, system, source revision, every installed package. Never fails."""
    return {
        "lock_sha256": _lock_sha256(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "os": platform.platform(),
        "machine": platform.machine(),
        "source": source_revision(_ROOT),
        "packages": _packages(),
    }


def _lock_sha256() -> str:
    lock = _ROOT / "requirements.lock"
    try:
        return sha256(lock.read_bytes())
    except OSError:
        return _UNKNOWN


def _packages() -> dict[str, str]:
    found = {str(package.name): str(package.version) for package in metadata.distributions()}
    return dict(sorted(found.items()))


def source_revision(tree: Path) -> dict[str, str]:
    """``revision`` (the commit) and ``dirty`` (yes, no) of a source tree; both ``unknown`` where git does not know the tree."""
    top = _git(tree, "rev-parse", "--show-toplevel")
    revision, changes = _git(tree, "rev-parse", "HEAD"), _git(tree, "status", "--porcelain")
    if top is None or Path(top).resolve() != tree.resolve() or revision is None or changes is None:
        return {"revision": _UNKNOWN, "dirty": _UNKNOWN}
    return {"revision": revision, "dirty": "yes" if changes else "no"}


def _git(tree: Path, *words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "--no-optional-locks", "-C", str(tree), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_GIT_TIMEOUT_S)  # noqa: S603 - the words are ours
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
