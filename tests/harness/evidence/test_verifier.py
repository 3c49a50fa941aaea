"""Whatever is changed in a closed run is found, and named by file and bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.evidence import verifier
from harness.evidence.verifier import CUT, FAILS, NOTE, FolderFiles, all_holds, lines_of, rendered, sha256, without
from harness.evidence.verifier import what_is_wrong as wrong
from harness.journal import Chain
from tests.harness.evidence.runs import (
    checked,
    files_of,
    flipped,
    journal_lines,
    make_run,
    make_sealed,
    raw_files,
)

Run = dict[str, bytes]
EXACT = ("journal.jsonl", "raw/", "samples/")
"""Where a finding names the stretch and not the whole file."""


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return files_of(make_sealed(tmp_path_factory.mktemp("sealed")))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return files_of(make_sealed(tmp_path_factory.mktemp("other"), run="77777777"))


def test_a_run_that_nobody_touched_holds(sealed: Run) -> None:
    found = checked(sealed)
    assert not wrong(found)
    assert all_holds([("run", found)])
    text = "\n".join(lines_of([("run", found)]))
    assert text.startswith("run: holds\n")
    assert "the chain holds up to line 9 (8 entries" in text
    assert "5 batches in 3 append-only files" in text
    assert "signature 2: reviewed by Reviewer 4, 2026-03-04T05:06:07+00:00, key 6a38 03d5" in text


def every_flip(run: Run) -> Iterator[tuple[str, int, Run]]:
    for name, data in run.items():
        for at in range(len(data)):
            yield name, at, {**run, name: flipped(data, at, (0x01, 0x20)[at % 2])}


def test_every_flipped_byte_is_found_and_named(sealed: Run) -> None:
    for name, at, run in every_flip(sealed):
        first = wrong(checked(run))[0]
        assert (first.kind, first.file) == (FAILS, name), (name, at)
        assert first.first <= at <= first.last, (name, at, first)


@pytest.mark.parametrize("bit", [0x01, 0x20])
def test_every_flipped_byte_of_a_signature_is_found(sealed: Run, bit: int) -> None:
    data = sealed["signatures.json"]
    for at in range(len(data)):
        assert wrong(checked({**sealed, "signatures.json": flipped(data, at, bit)})), at


def test_a_range_is_the_line_or_the_batch(sealed: Run) -> None:
    lines = sealed["journal.jsonl"].splitlines(keepends=True)
    start = sum(map(len, lines[:3]))
    changed = {**sealed, "journal.jsonl": flipped(sealed["journal.jsonl"], start + 5)}
    (first, *_) = wrong(checked(changed))
    assert (first.first, first.last) == (start, start + len(lines[3]) - 1)
    (first,) = wrong(checked({**sealed, "raw/balance.log": flipped(sealed["raw/balance.log"], 70)}))
    assert str(first).startswith("DOES NOT HOLD: raw/balance.log, bytes 68 to 101: expected 34 bytes with sha256 ")
    (first,) = wrong(checked({**sealed, "verdicts.json": flipped(sealed["verdicts.json"], 70)}))
    assert (first.first, first.last) == (0, len(sealed["verdicts.json"]) - 1)


def test_every_file_that_is_removed_is_missed(sealed: Run) -> None:
    for name in set(sealed) - {"signatures.json"}:
        run = dict(sealed)
        del run[name]
        first = wrong(checked(run))[0]
        assert (first.file, first.text) == (name, "is missing"), name


def test_signatures_that_are_taken_away_are_missed_by_who_trusts_a_key(sealed: Run) -> None:
    key = bytes.fromhex(json.loads(sealed["signatures.json"])["signatures"][0]["public_key"])
    bare = without(sealed, "signatures.json")
    assert not wrong(checked(sealed, trusted=[key]))
    assert not wrong(checked(bare))
    (finding,) = wrong(checked(bare, trusted=[key]))
    assert finding.text == "expected a signature by one of the trusted keys, and there is none that holds"


LINED = ["journal.jsonl", "raw/balance.log", "samples/balance.csv"]


@pytest.mark.parametrize("name", LINED)
def test_every_line_that_is_removed_is_missed(sealed: Run, name: str) -> None:
    lines = sealed[name].splitlines(keepends=True)
    for at in range(len(lines)):
        first = wrong(checked({**sealed, name: b"".join(lines[:at] + lines[at + 1 :])}))[0]
        assert (first.kind, first.file) == (FAILS, name), at


@pytest.mark.parametrize("name", LINED)
def test_every_two_lines_that_change_places_are_found(sealed: Run, name: str) -> None:
    lines = sealed[name].splitlines(keepends=True)
    for at in range(len(lines) - 1):
        swapped = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        first = wrong(checked({**sealed, name: b"".join(swapped)}))[0]
        assert first.file == name
        assert first.first <= sum(map(len, lines[:at])) <= first.last


def _other_line(run: Run, other: Run) -> Run:
    ours, theirs = run["journal.jsonl"].splitlines(keepends=True), other["journal.jsonl"].splitlines(keepends=True)
    return {**run, "journal.jsonl": b"".join([*ours[:4], theirs[4], *ours[5:]])}


def _with(*names: str) -> Callable[[Run, Run], Run]:
    return lambda run, other: {**run, **{name: other[name] for name in names}}


def _remade(*names: str) -> Callable[[Run, Run], Run]:
    """Files of another run, and a manifest that lists them as they are."""

    def mixed(run: Run, other: Run) -> Run:
        mixture = {**run, **{name: other[name] for name in names}}
        return remade(mixture, files=_listed(mixture, *names))

    return mixed


def remade(run: Run, **told: Any) -> Run:
    """With a manifest that says something else, and a hash that fits; without signatures."""
    manifest = {**json.loads(run["manifest.json"]), **told}
    manifest["sha256"] = sha256(rendered(without(manifest, "sha256")))
    return {**without(run, "signatures.json"), "manifest.json": rendered(manifest)}


def _listed(run: Run, *names: str) -> dict[str, Any]:
    """What the manifest lists, with these files as they are now."""
    files: dict[str, Any] = json.loads(run["manifest.json"])["files"]
    return {**files, **{name: {"sha256": sha256(run[name]), "size": len(run[name])} for name in names}}


def test_a_manifest_with_a_wrong_size_is_found(sealed: Run) -> None:
    assert not wrong(checked(remade(sealed)))
    listed = {**_listed(sealed), "verdicts.json": {"sha256": sha256(sealed["verdicts.json"]), "size": 115}}
    assert wrong(checked(remade(sealed, files=listed)))[0].text.startswith("expected 115 bytes with sha256 ")


def test_a_manifest_of_a_run_that_is_not_closed_is_found(sealed: Run) -> None:
    lines = sealed["journal.jsonl"].splitlines(keepends=True)[:-1]
    run = {**sealed, "journal.jsonl": b"".join(lines)}
    chain = {"entries": 7, "head": json.loads(lines[-1])["hash"]}
    (first,) = wrong(checked(remade(run, files=_listed(run, "journal.jsonl"), chain=chain)))
    assert (first.file, first.text) == ("journal.jsonl", "expected an entry that closes the run, as it has a manifest")


@pytest.mark.parametrize("name", ["manifest.json", "signatures.json"])
def test_there_is_one_way_to_write_what_is_signed(sealed: Run, name: str) -> None:
    run = remade(sealed) if name == "manifest.json" else sealed
    first = wrong(checked({**run, name: run[name].replace(b",\n", b", \n", 1)}))[0]
    assert (first.file, first.text[:22]) == (name, "expected keys in order")


SLIPPED_IN = {
    "journal": (_with("journal.jsonl"), "journal.jsonl"),
    "a line of the journal": (_other_line, "journal.jsonl"),
    "journal and manifest": (_with("journal.jsonl", "manifest.json"), "figures/trumpet.svg"),
    "manifest": (_with("manifest.json"), "figures/trumpet.svg"),
    "manifest and signatures": (_with("manifest.json", "signatures.json"), "figures/trumpet.svg"),
    "signatures": (_with("signatures.json"), "signatures.json"),
    "verdicts": (_with("verdicts.json"), "verdicts.json"),
    "verdicts, with the manifest made again": (_remade("verdicts.json"), "verdicts.json"),
    "journal, with the manifest made again": (_remade("journal.jsonl"), "manifest.json"),
}


@pytest.mark.parametrize(("slip", "file"), SLIPPED_IN.values(), ids=SLIPPED_IN)
def test_what_is_slipped_in_from_another_run_is_found(
    sealed: Run, other: Run, slip: Callable[[Run, Run], Run], file: str
) -> None:
    first = wrong(checked(slip(sealed, other)))[0]
    assert (first.kind, first.file) == (FAILS, file)


def test_a_raw_file_of_another_run_is_found(sealed: Run) -> None:
    theirs = sealed["raw/balance.log"].replace(b"35.0003", b"35.0009")
    (first,) = wrong(checked({**sealed, "raw/balance.log": theirs}))
    assert (first.file, first.first, first.last) == ("raw/balance.log", 68, 101)


ADDED = ["raw/other.log", "samples/other.csv", "figures/other.svg", "notes.txt"]


@pytest.mark.parametrize("name", ADDED)
def test_a_file_that_is_added_is_found(sealed: Run, name: str) -> None:
    first = wrong(checked({**sealed, name: b"more"}))[0]
    assert (first.kind, first.file, first.first, first.last) == (FAILS, name, 0, 3)


@pytest.mark.parametrize("name", ["raw/balance.log", "journal.jsonl", "verdicts.json", "manifest.json", "signatures.json"])
def test_bytes_that_are_added_are_found(sealed: Run, name: str) -> None:
    size = len(sealed[name])
    first = wrong(checked({**sealed, name: sealed[name] + b"more\n"}))[0]
    assert (first.file, first.last) == (name, size + 4)
    assert first.first in (0, size)


def test_a_torn_last_line_of_a_closed_run_is_named(sealed: Run) -> None:
    lines = sealed["journal.jsonl"].splitlines(keepends=True)
    start = sum(map(len, lines[:-1]))
    first = wrong(checked({**sealed, "journal.jsonl": sealed["journal.jsonl"][:-9]}))[0]
    assert (first.kind, first.first, first.last) == (FAILS, start, start + len(lines[-1]) - 10)


def cut(lines: int, torn: bytes = b"") -> Run:
    """A run that was killed after so many lines of its journal; its raw files have more than the last batch."""
    return {"journal.jsonl": b"".join([*journal_lines()][:lines]) + torn, **raw_files()}


@pytest.mark.parametrize("torn", [b"", b'{"at_us":3000'])
def test_a_cut_run_holds_to_where_it_goes_and_is_never_said_to_hold(torn: bytes) -> None:
    found = checked(cut(4, torn))
    assert {finding.kind for finding in wrong(found)} == {CUT}
    assert len(wrong(found)) == 1 + bool(torn)
    assert not all_holds([("run", found)])
    text = "\n".join(lines_of([("run", found)]))
    assert text.startswith("run: NOT CLOSED: journal.jsonl")
    assert "the chain holds up to line 4 (3 entries" in text
    size = len(cut(4)["journal.jsonl"])
    assert (f"bytes {size} to {size + len(torn) - 1}: the last line is torn" in text) == bool(torn)
    notes = {finding.file: (finding.first, finding.last) for finding in found if finding.kind == NOTE and finding.file}
    assert notes == {"raw/balance.log": (68, 101), "samples/balance.csv": (10, 29), "raw/pump.log": (0, 21)}


def test_bytes_after_the_closing_entry_are_no_torn_line() -> None:
    journal = b"".join(journal_lines())
    first = wrong(checked({"journal.jsonl": journal + b"{", **raw_files()}))[0]
    assert (first.kind, first.first, first.last) == (FAILS, len(journal), len(journal))


def test_a_signature_of_a_run_without_a_manifest_does_not_hold(sealed: Run) -> None:
    first = wrong(checked({**cut(4), "signatures.json": sealed["signatures.json"]}))[0]
    assert first.text == "expected a manifest that holds: there is nothing that could be signed"


def test_a_head_that_was_changed_is_found_in_a_cut_run_too() -> None:
    run = cut(4)
    first = wrong(checked({**run, "journal.jsonl": run["journal.jsonl"].replace(b"real", b"fake", 1)}))[0]
    assert first.text.startswith("line 1: expected hash ")


def test_a_change_in_a_cut_run_is_a_failure() -> None:
    run = cut(4)
    (first, _) = wrong(checked({**run, "raw/balance.log": flipped(run["raw/balance.log"], 3)}))
    assert (first.kind, first.first, first.last) == (FAILS, 0, 67)


def rechained(change: Callable[[list[dict[str, Any]]], Any]) -> bytes:
    """The journal with other entries, its hashes made again."""
    head, *lines = journal_lines()
    entries = [json.loads(line) for line in lines]
    change(entries)
    chain = Chain(json.loads(head)["genesis"])
    made = [chain.line(entry["at_us"], entry["kind"], entry["case"], entry["data"]) for entry in entries]
    return head + b"".join(made)


def _gap(entries: list[dict[str, Any]]) -> None:
    entries[6]["data"]["files"]["samples/balance.csv"]["from"] = 11


def _negative(entries: list[dict[str, Any]]) -> None:
    entries[2]["data"]["files"]["raw/balance.log"]["from"] = -1


CHAINS: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], str]] = {
    "a gap between batches": (_gap, "expected a batch of samples/balance.csv from byte 10, found one from 11"),
    "a batch from nowhere": (_negative, "expected an entry, and it is none (ValueError: a batch from byte -1"),
    "a batch without files": (lambda entries: entries[2].update(data={}), "expected an entry, and it is none (KeyError: 'files'"),
    "the last batch left out": (lambda entries: entries.pop(6), "expected the end of the file after 68 bytes: no batch covers"),
    "an entry after the last": (lambda entries: entries.append(entries[0]), "expected the end of the file, as the entry before"),
}


@pytest.mark.parametrize(("change", "text"), CHAINS.values(), ids=CHAINS)
def test_a_chain_that_holds_has_to_say_the_right_things(change: Callable[..., Any], text: str) -> None:
    (first, *_) = wrong(checked({"journal.jsonl": rechained(change), **raw_files()}))
    assert text in first.text


def test_an_entry_has_its_number() -> None:
    head, *_ = journal_lines()
    chain = Chain(json.loads(head)["genesis"])
    chain.entries = 1
    first = wrong(checked({"journal.jsonl": head + chain.line(0, "note", "", {})}))[0]
    assert first.text == "line 2: expected entry 1, found entry 2"


def test_a_batch_does_not_reach_beyond_its_file() -> None:
    head, *_ = journal_lines()
    chain = Chain(json.loads(head)["genesis"])
    line = chain.line(0, "batch", "", {"files": {"raw/a.log": {"from": 0, "to": 9, "sha256": sha256(b"abc")}}})
    (first, _) = wrong(checked({"journal.jsonl": head + line, "raw/a.log": b"abc"}))
    assert (first.kind, first.file, first.first, first.last) == (FAILS, "raw/a.log", 0, 8)


HEADS = {
    "no head": (b"", "there is no whole line"),
    "no JSON": (b"x\n", "line 1: expected the head of a journal, and it is none (JSONDecodeError"),
    "a list": (b"[]\n", "line 1: expected the head of a journal, and it is none (TypeError"),
    "nested too deep": (b"[" * 100_000 + b"\n", "line 1: expected the head of a journal, and it is none (RecursionError"),
    "not a number": (b'{"a":NaN}\n', "line 1: expected the head of a journal, and it is none (ValueError"),
    "another schema": (b'{"schema":"x/1"}\n', "found 'x/1'"),
}


@pytest.mark.parametrize(("journal", "text"), HEADS.values(), ids=HEADS)
def test_what_is_no_journal_is_a_finding_and_no_traceback(journal: bytes, text: str) -> None:
    first = wrong(checked({"journal.jsonl": journal}))[0]
    assert text in first.text
    assert first.file == "journal.jsonl"


NOTHING = {"schema": verifier.MANIFEST_SCHEMA}
MANIFESTS: dict[str, Any] = {
    "a list": [],
    "nothing": NOTHING,
    "another schema": {"schema": "x"},
    "text": "a",
}


@pytest.mark.parametrize("plain", MANIFESTS.values(), ids=MANIFESTS)
@pytest.mark.parametrize("name", ["manifest.json", "signatures.json"])
def test_what_is_no_manifest_or_signature_is_a_finding(sealed: Run, name: str, plain: Any) -> None:
    assert wrong(checked({**sealed, name: rendered(plain)}))[0].file == name


def test_a_genesis_of_other_tables_is_found() -> None:
    head, *_ = journal_lines()
    plain = json.loads(head)
    plain["plan"]["tables"]["plan"]["id"] = "Q"
    plain["hash"] = sha256(verifier.canonical(without(plain, "hash")))
    first = wrong(checked({"journal.jsonl": verifier.canonical(plain) + b"\n"}))[0]
    assert "line 1: expected genesis " in first.text


@pytest.mark.parametrize("source", ["simulated", "replay"])
def test_a_run_without_a_real_pump_says_so(tmp_path: Path, source: str) -> None:
    found = checked(files_of(make_run(tmp_path, data_source=source)))
    assert not wrong(found)
    assert f"{source.upper()}: no real pump was tested; this is no verification evidence" in {finding.text for finding in found}


def test_an_unsigned_run_says_what_that_means(tmp_path: Path) -> None:
    assert any("shows accidents, not intent" in finding.text for finding in checked(files_of(make_run(tmp_path))))


def test_names_cannot_steer_a_terminal(sealed: Run) -> None:
    text = "\n".join(lines_of([("\x1brun", checked({**sealed, "\x1b[1J.txt": b"x", "\x1b[2J.txt": b"x"}))]))
    assert "\x1b" not in text
    assert "\\x1b[2J.txt" in text


def test_a_link_is_listed_and_not_followed(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (tmp_path / "elsewhere").write_bytes(b"x")
    try:
        (folder / "link").symlink_to(tmp_path / "elsewhere")
    except OSError:
        pytest.skip("links need a right of their own on this system")
    (first,) = wrong(checked(FolderFiles(folder)))
    assert (first.file, first.text) == ("link", "cannot be read (it is not a plain file)")
