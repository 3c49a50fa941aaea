"""The manifest: every file, one way to write it, and versions that never fail."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness.disk import replace_file
from harness.evidence.manifest import source_revision, versions_of, write_manifest
from harness.evidence.verifier import what_is_wrong
from instruments.errors import BenchError
from tests.conftest import ROOT
from tests.harness.evidence.runs import CLOSED, RUN, checked, files_of, journal_lines, make_run


def test_it_lists_every_file_and_says_what_the_run_is(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    plain = json.loads((folder / "manifest.json").read_text())
    files = files_of(folder)
    wanted = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    del wanted["manifest.json"]
    assert plain.pop("files") == wanted
    last = json.loads([*journal_lines()][-1])
    assert plain.pop("chain") == {"entries": 8, "head": last["hash"]}
    own = plain.pop("sha256")
    assert plain == {
        "schema": "dosebench/manifest/1",
        "run": RUN,
        "data_source": "real",
        "verdict": "PASS",
        "closed": "2026-03-04T05:06:07+00:00",
        "versions": {"python": "3.11"},
    }
    text = b"".join(
        line for line in (folder / "manifest.json").read_bytes().splitlines(keepends=True) if own.encode() not in line
    )
    assert own == hashlib.sha256(text).hexdigest()


def test_the_same_run_gives_the_same_bytes_in_any_zone_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    first = files_of(folder)
    write_manifest(folder, versions={"python": "3.11"}, closed=CLOSED.astimezone(timezone(timedelta(hours=9))))
    assert files_of(folder) == first


def test_signatures_are_not_listed(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    (folder / "signatures.json").write_text("{}")
    assert "signatures.json" not in write_manifest(folder, versions={}, closed=CLOSED)["files"]


LEFT_OUT = {
    "closing entry": ("journal.jsonl", b"".join([*journal_lines()][:-1]), "its journal is not closed"),
    "journal": ("journal.jsonl", b"", "journal and verdicts of a run are needed"),
    "verdict": ("verdicts.json", b"{}", "journal and verdicts of a run are needed"),
}


@pytest.mark.parametrize(("name", "data", "text"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_there_is_none_of_a_run_that_is_not_closed(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    folder = make_run(tmp_path, manifest=False)
    (folder / name).write_bytes(data)
    with pytest.raises(BenchError, match=text):
        write_manifest(folder, versions={}, closed=CLOSED)
    assert not (folder / "manifest.json").exists()


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    folder = make_run(tmp_path, manifest=False)
    (folder / "verdicts.json").unlink()
    with pytest.raises(BenchError, match=r"its manifest cannot be written .*verdicts\.json"):
        write_manifest(folder, versions={}, closed=CLOSED)


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(OSError):
        replace_file(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_versions_of_this_tree(tmp_path: Path) -> None:
    found = versions_of()
    assert found["lock_sha256"] == hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    assert {"numpy", "cryptography", "pytest"} <= set(found["packages"])
    assert set(found) == {"lock_sha256", "python", "os", "machine", "source", "packages"}
    folder = make_run(tmp_path, manifest=False)
    write_manifest(folder, versions=found, closed=datetime.fromisoformat("2026-01-01T00:00:00Z"))
    assert not what_is_wrong(checked(files_of(folder)))


UNKNOWN = {"revision": "unknown", "dirty": "unknown"}


def git(tree: Path, *words: str) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    return subprocess.run(["git", "-C", str(tree), *who, *words], capture_output=True, text=True, check=True).stdout.strip()


def test_the_source_revision_is_of_this_tree_and_says_whether_it_was_changed(tmp_path: Path) -> None:
    assert source_revision(tmp_path) == UNKNOWN
    git(tmp_path, "init", "-q")
    assert source_revision(tmp_path) == UNKNOWN
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "file").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    assert source_revision(tmp_path) == {"revision": git(tmp_path, "rev-parse", "HEAD"), "dirty": "no"}
    assert source_revision(tmp_path / "inside") == UNKNOWN
    (tmp_path / "new").touch()
    assert source_revision(tmp_path)["dirty"] == "yes"


def test_without_git_the_revision_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert source_revision(ROOT) == UNKNOWN
