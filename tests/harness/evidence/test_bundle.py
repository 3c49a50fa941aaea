"""One archive: the same bytes for the same runs, every changed byte found, and a verifier inside that needs nothing."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.evidence import verifier
from harness.evidence.bundle import bundle, write_archive
from harness.evidence.signing import make_key, verify_signature
from harness.evidence.verifier import FAILS, Results, all_holds, check_bundle, check_path, lines_of, what_is_wrong
from instruments.errors import ConfigError
from tests.harness.evidence.runs import files_of, flipped, make_run, make_sealed

Members = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sealed(tmp_path_factory.mktemp("runs") / "R1")


@pytest.fixture(scope="module")
def members(folder: Path) -> Members:
    """Of a small bundle: the verifier is left out of it."""
    inside = [(f"R1/{name}", data) for name, data in files_of(folder).items()]
    return [("README.txt", b"read me\n"), ("verify.py", b"pass\n"), *inside]


def archived(members: Members) -> bytes:
    file = io.BytesIO()
    write_archive(members, file)
    return file.getvalue()


def told_of(path: Path, data: bytes) -> Results:
    path.write_bytes(data)
    return check_bundle(path, ed25519=verify_signature)


def test_the_same_runs_give_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    other = make_run(tmp_path / "R0", run="0", data_source="simulated")
    bundle([folder, other], tmp_path / "a.zip")
    bundle([other, folder], tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    results = check_bundle(tmp_path / "a.zip", ed25519=verify_signature)
    assert [name for name, _ in results] == ["a.zip", "R0", "R1"]
    assert all_holds(results)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = archive.namelist()
        readme = archive.read("README.txt").decode()
        assert archive.read("verify.py") == Path(verifier.__file__).read_bytes()
    assert names[:3] == ["README.txt", "verify.py", "R0/empty.txt"]
    assert {name.removeprefix("R1/") for name in names if name.startswith("R1/")} == set(files_of(folder))
    assert "R0  PASS  closed 2026-03-04T05:06:07+00:00  signatures: 0  SIMULATED: no real pump was tested\n" in readme
    assert "R1  PASS  closed 2026-03-04T05:06:07+00:00  signatures: 2\n" in readme


def test_every_flipped_byte_is_found(tmp_path: Path, members: Members) -> None:
    data, path = archived(members), tmp_path / "b.zip"
    assert all_holds(told_of(path, data))
    with path.open("r+b", buffering=0) as file:
        for at in range(len(data)):
            _put(file, at, data[at] ^ (0x01, 0x20, 0x80)[at % 3])
            name, found = check_bundle(path, ed25519=verify_signature)[0]
            first = what_is_wrong(found)[0]
            assert (name, first.kind, first.file, first.first, first.last) == ("b.zip", FAILS, "b.zip", 0, len(data) - 1), at
            _put(file, at, data[at])
    assert path.read_bytes() == data


def _put(file: io.FileIO, at: int, byte: int) -> None:
    file.seek(at)
    file.write(bytes([byte]))


def test_a_flipped_byte_of_a_file_is_named_inside(tmp_path: Path, members: Members) -> None:
    data = archived(members)
    for name, content in members:
        start = data.index(content) if content else 0
        for at in range(0, len(content), 7):
            results = told_of(tmp_path / "b.zip", flipped(data, start + at))
            named = [finding for _, found in results for finding in what_is_wrong(found)][1]
            assert named.file == name.removeprefix("R1/")
            assert named.first <= at <= named.last


@pytest.mark.parametrize("size", [0, 10, 22, 71, 93, 1000, 5000])
def test_an_archive_cut_short_is_found(tmp_path: Path, members: Members, size: int) -> None:
    results = told_of(tmp_path / "b.zip", archived(members)[:size])
    assert "expected the comment sha256:" in results[0][1][0].text
    assert not all_holds(results)


def _renamed(old: str, new: str) -> Callable[[Members], Members]:
    return lambda members: [(new if name == old else name, data) for name, data in members]


def _more(name: str) -> Callable[[Members], Members]:
    return lambda members: [*members, (name, b"x")]


REMADE: dict[str, tuple[Callable[[Members], Members], str]] = {
    "absolute": (_more("/etc/passwd"), "refused: '/etc/passwd'"),
    "upwards": (_more("R1/../../x"), "refused: 'R1/../../x'"),
    "upwards on Windows": (_more("R1\\..\\x"), "refused: 'R1\\\\..\\\\x'"),
    "a drive": (_more("C:x"), "refused: 'C:x'"),
    "a folder": (_more("R1/x/"), "refused: 'R1/x/'"),
    "not printable": (_more("R1/\x1b"), "refused: 'R1/\\x1b'"),
    "twice": (_more("R1/verdicts.json"), "refused: 'R1/verdicts.json'"),
    "twice but for capitals": (_more("R1/VERDICTS.json"), "refused: 'R1/VERDICTS.json'"),
    "beside the runs": (_more("setup.py"), "setup.py: expected no such file beside the run folders"),
    "one more in a run": (_more("R1/x"), "x, bytes 0 to 0: expected no such file: the manifest does not list it"),
    "one more run": (_more("R2/x"), "R2: DOES NOT HOLD: journal.jsonl: is missing"),
    "renamed": (_renamed("R1/verdicts.json", "R1/verdict.json"), "verdicts.json, bytes 0 to 115: is missing"),
    "no runs": (lambda members: members[:2], "expected at least one run folder inside"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("change", "text"), REMADE.values(), ids=REMADE)
def test_what_is_put_into_an_archive_made_again_is_found(
    tmp_path: Path, members: Members, change: Callable[[Members], Members], text: str
) -> None:
    results = told_of(tmp_path / "b.zip", archived(change(members)))
    assert results[0][1][0].text == "the archive's bytes have the sha256 in its comment"
    assert text in "\n".join(lines_of(results))
    assert not all_holds(results)


LISTED = {
    "packed": ("<H", 10, zipfile.ZIP_DEFLATED, "it is packed or encrypted"),
    "encrypted": ("<H", 8, 1, "it is packed or encrypted"),
    "two sizes": ("<L", 20, 100, "it is packed or encrypted"),
    "elsewhere": ("<L", 42, 1, "there is no member at byte 1 of the archive"),
    "in the last bytes": ("<L", 42, -3, "there is no member at byte"),
    "beyond": ("<L", 42, 1 << 30, "it would begin at byte 1073741824 of an archive of"),
}
"""Fields of a member in the zip's list of members: form, place, value."""


@pytest.mark.parametrize(("form", "at", "value", "text"), LISTED.values(), ids=LISTED)
def test_a_list_of_members_that_lies_is_found(
    tmp_path: Path, members: Members, form: str, at: int, value: int, text: str
) -> None:
    data = bytearray(archived(members))
    entry = data.rindex(b"R1/verdicts.json") - 46
    struct.pack_into(form, data, entry + at, value if value >= 0 else len(data) + value)
    results = told_of(tmp_path / "b.zip", bytes(data))
    assert f"verdicts.json, bytes 0 to 115: cannot be read ({text}" in "\n".join(lines_of(results))


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "verify.py", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_it_verifies_with_nothing_but_python(tmp_path: Path, folder: Path) -> None:
    simulated = make_run(tmp_path / "SIM", run="0", data_source="simulated")
    empty = tmp_path / "empty"
    empty.mkdir()
    bundle([folder, simulated], tmp_path / "made.zip")
    shutil.copy(tmp_path / "made.zip", empty / "b.zip")
    with zipfile.ZipFile(empty / "b.zip") as archive:
        archive.extract("verify.py", empty)
    found = python(empty)
    assert (found.returncode, found.stderr) == (0, "")
    assert "b.zip: holds" in found.stdout
    assert "R1: holds" in found.stdout
    assert "SIMULATED: no real pump was tested" in found.stdout
    (empty / "b.zip").write_bytes(flipped((empty / "b.zip").read_bytes(), -90))
    assert python(empty, "b.zip").returncode == 3


def test_an_unpacked_bundle_verifies_from_inside(tmp_path: Path, folder: Path) -> None:
    bundle([folder], tmp_path / "made.zip")
    inside = tmp_path / "inside"
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        archive.extractall(inside)
    (found, again) = (python(inside), python(inside, "R1"))
    assert found.stdout.startswith("R1: holds\n")
    assert found.stdout == again.stdout
    assert found.returncode == again.returncode == 0
    raw = inside / "R1" / "raw" / "balance.log"
    raw.write_bytes(flipped(raw.read_bytes(), 80))
    found = python(inside)
    assert (found.returncode, found.stderr) == (3, "")
    assert found.stdout.startswith("R1: DOES NOT HOLD: raw/balance.log, bytes 68 to 101: expected 34 bytes with sha256 ")


ASKED = {
    "no such run": (("nowhere",), "nowhere"),
    "no such key": (("--trust", "nowhere", "."), "nowhere"),
    "no key": (("--trust", "README.txt", "."), "is not a public key"),
    "no such option": (("--help-me",), "unrecognized arguments"),
}


@pytest.mark.parametrize(("words", "text"), ASKED.values(), ids=ASKED)
def test_wrong_usage_has_a_status_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    (tmp_path / "README.txt").write_text("read me")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        verifier.main(words)
    assert ended.value.code == 64
    assert text in capsys.readouterr().err


def test_the_copy_in_a_bundle_knows_trusted_keys_too(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(tmp_path / "key")
    assert verifier.main(["--trust", str(tmp_path / "key.pub"), str(folder)]) == 3
    assert "R1: DOES NOT HOLD: signatures.json: expected a signature by one of the trusted keys" in capsys.readouterr().out


def test_nothing_beside_the_verifier_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "verify.py").touch()
    assert "expected a run folder or a bundle beside verify.py" in "\n".join(lines_of(check_path(tmp_path)))
    assert not all_holds([])


def _damaged(tmp_path: Path) -> list[Path]:
    folder = make_run(tmp_path / "R2")
    (folder / "verdicts.json").write_text("{}")
    return [folder]


def _cut(tmp_path: Path) -> list[Path]:
    folder = make_run(tmp_path / "R2", manifest=False)
    (folder / "journal.jsonl").write_bytes(b"\n".join((folder / "journal.jsonl").read_bytes().splitlines()[:4]))
    return [folder]


def _same_name(tmp_path: Path) -> list[Path]:
    return [make_run(tmp_path / "R2"), make_run(tmp_path / "more" / "r2")]


def _odd_name(tmp_path: Path) -> list[Path]:
    return [make_run(tmp_path / "R:2")]


REFUSED: dict[str, tuple[Callable[[Path], list[Path]], str]] = {
    "does not hold": (_damaged, r"R2: is not put into a bundle, as it does not hold: DOES NOT HOLD: verdicts\.json, bytes"),
    "cut": (_cut, r"R2: is not put into a bundle, as it does not hold: NOT CLOSED: journal\.jsonl"),
    "the same name": (_same_name, "'r2' is the name of two runs"),
    "odd name": (_odd_name, "'R:2' is a name that not every system can unpack"),
}


@pytest.mark.parametrize(("make", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_put_into_a_bundle(tmp_path: Path, make: Callable[[Path], list[Path]], text: str) -> None:
    if sys.platform == "win32" and make is _odd_name:
        pytest.skip("this system has no such names")
    with pytest.raises(ConfigError, match=text):
        bundle(make(tmp_path), tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_a_bundle_is_not_overwritten_and_not_put_into_a_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "R2")
    (tmp_path / "b.zip").write_text("mine")
    with pytest.raises(ConfigError, match=r"b\.zip: is there already"):
        bundle([folder], tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_text() == "mine"
    with pytest.raises(ConfigError, match="would lie inside a run"):
        bundle([folder], folder / "b.zip")
    with pytest.raises(ConfigError, match="cannot be written"):
        bundle([folder], tmp_path / "nowhere" / "b.zip")
