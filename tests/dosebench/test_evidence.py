"""The commands: what they print, and their exit status."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from dosebench.evidence import bundle, key, seal, verify
from harness.evidence.manifest import write_manifest
from instruments.errors import ConfigError
from tests.dosebench.test_cli import BENCH, short_plan
from tests.dosebench.test_cli import dosebench as run_plan
from tests.harness.evidence.runs import CLOSED, flipped, make_run, make_sealed


def called(command: click.Command, *words: str | Path, keys: str = "") -> Result:
    return CliRunner().invoke(command, [*map(str, words)], input=keys, standalone_mode=False)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def signed(run: Path, key_file: str, meaning: str, keys: str = "") -> Result:
    return called(seal, run, "--key", key_file, "--name", "A. Operator", "--meaning", meaning, keys=keys)


@pytest.mark.parametrize("secret", ["", "horse"])
def test_from_a_key_to_a_run_that_verifies(here: Path, secret: str) -> None:
    made = called(key, "own", *(["--passphrase"] if secret else []), keys=f"{secret}\n{secret}\n")
    told = made.output.splitlines()[-1].removeprefix("fingerprint: ")
    run = make_run(here / "R1")
    sealed = signed(run, "own", "executed", keys=f"{secret}\n")
    assert (made.return_value, sealed.return_value) == (0, 0)
    assert "R1: executed by A. Operator, 20" in sealed.output
    assert f"key {told}\n" in sealed.output
    plain, trusted = called(verify, run), called(verify, run, "--trust", "own.pub")
    assert (plain.return_value, trusted.return_value) == (0, 0)
    assert "R1: holds\n" in plain.output
    assert f"signed with a key that is not among the trusted ones: {told}" in plain.output
    assert "not among the trusted ones" not in trusted.output


def test_verify_names_file_and_bytes_and_goes_on(here: Path) -> None:
    for name in ("R1", "R2"):
        make_sealed(here / name)
    raw = here / "R1" / "raw" / "balance.log"
    raw.write_bytes(flipped(raw.read_bytes(), 3))
    done = called(verify, "R1", "R2")
    assert done.return_value == 3
    assert "R1: DOES NOT HOLD: raw/balance.log, bytes 0 to 67: expected 68 bytes with sha256 " in done.output
    assert "R2: holds\n" in done.output


def test_a_cut_run_has_the_status_of_an_invalid_one(here: Path) -> None:
    run = make_run(here / "R1", manifest=False)
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (run / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
    done = called(verify, run)
    assert done.return_value == 3
    assert done.output.startswith("R1: NOT CLOSED: journal.jsonl: the run was cut")


def test_a_bundle_verifies_and_a_damaged_one_does_not(here: Path) -> None:
    make_sealed(here / "R1")
    make_run(here / "R2", data_source="simulated")
    done = called(bundle, "R1", "R2", "--out", "b.zip")
    assert done.return_value == 0
    assert done.output.startswith("b.zip: 2 runs; ")
    done = called(verify, "b.zip")
    assert done.return_value == 0
    assert "SIMULATED: no real pump was tested" in done.output
    Path("b.zip").write_bytes(flipped(Path("b.zip").read_bytes(), 5000))
    assert called(verify, "b.zip").return_value == 3


def test_what_cannot_be_computed_again_does_not_hold(here: Path) -> None:
    """These runs have raw lines that no analysis can read."""
    make_sealed(here / "R1")
    called(bundle, "R1", "--out", "b.zip")
    for path in ("R1", "b.zip"):
        done = called(verify, path, "--recompute")
        assert done.return_value == 3
        assert "R1: DOES NOT HOLD: verdicts.json, bytes 0 to 115: cannot be computed again: " in done.output
    Path("R1/verdicts.json").write_text("{}")
    assert "verdicts.json: was not computed again, as the run does not hold" in called(verify, "R1", "--recompute").output


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that the program itself made."""
    out = tmp_path_factory.mktemp("simulated")
    run_plan(out, "run", short_plan(out), "--bench", BENCH, "--out", out)
    (journal,) = out.glob("*/journal.jsonl")
    return journal.parent


def test_a_run_as_the_program_leaves_it_holds_and_is_computed_again(simulated: Path, tmp_path: Path) -> None:
    called(bundle, simulated, "--out", tmp_path / "b.zip")
    for path in (simulated, tmp_path / "b.zip"):
        done = called(verify, path, "--recompute")
        assert done.return_value == 0, done.output
        assert f"{simulated.name}: holds\n" in done.output
        assert "verdicts.json: computed again from raw lines, byte for byte the same" in done.output


def test_a_verdict_that_was_changed_is_found_even_under_a_new_manifest(simulated: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(simulated, tmp_path / "R1"))
    text = (run / "verdicts.json").read_bytes()
    at = text.index(b'"value": ') + len(b'"value": ')
    (run / "verdicts.json").write_bytes(text[:at] + b"9" + text[at + 1 :])
    write_manifest(run, versions={}, closed=CLOSED)
    done = called(verify, run)
    assert done.return_value == 3
    assert "of 'bolus volume' by the journal, found 9" in done.output


BY_OWN = ("--key", "own", "--name", "N", "--meaning", "executed")
REFUSED = {
    "seal what is none": ((seal, "nowhere", *BY_OWN), "nowhere: is not a run folder"),
    "seal a simulated run": ((seal, "SIM", *BY_OWN), "is a simulated run and is not signed"),
    "seal without a key": ((seal, "SIM", *BY_OWN, "--key", "none"), "none: cannot be read"),
    "verify what is none": ((verify, "nowhere"), "nowhere: cannot be read"),
    "trust what is none": ((verify, "SIM", "--trust", "own"), "own: is not a public key"),
    "bundle what is none": ((bundle, "own", "--out", "b.zip"), "own: is not a run folder"),
    "bundle over something": ((bundle, "SIM", "--out", "own"), "own: is there already"),
    "a key twice": ((key, "own"), "own: is there already"),
}


@pytest.mark.parametrize(("words", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(here: Path, words: tuple[click.Command, str], text: str) -> None:
    make_run(here / "SIM", data_source="simulated")
    called(key, "own")
    done = called(*words)
    assert isinstance(done.exception, ConfigError)
    assert text in str(done.exception)


@pytest.mark.parametrize("words", [(seal, "R"), (verify,), (bundle, "R"), (seal, "R", "--meaning", "liked")])
def test_wrong_usage(words: tuple[click.Command, str]) -> None:
    assert isinstance(called(*words).exception, click.UsageError)
