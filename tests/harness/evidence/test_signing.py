"""Keys on the disk, and who may sign what."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.evidence.signing import load_key, load_public_key, make_key, public_bytes, seal
from harness.evidence.verifier import (
    SIGNED_PREFIX,
    canonical,
    fingerprint,
    rendered,
    sha256,
    verify_ed25519,
    what_is_wrong,
    without,
)
from instruments.errors import ConfigError
from tests.harness.evidence.runs import CLOSED, OPERATOR, REVIEWER, checked, files_of, make_run, make_sealed

NAME = "Operator 17"


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_key_is_read_again_as_it_was_made(tmp_path: Path, passphrase: str) -> None:
    told = make_key(tmp_path / "key", passphrase.encode())
    asked: list[str] = []
    key = load_key(tmp_path / "key", lambda: asked.append("asked") or passphrase)
    public = load_public_key(tmp_path / "key.pub")
    assert public_bytes(key) == public
    assert told == fingerprint(public)
    assert asked == ["asked"] * bool(passphrase)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigError, match=rf"{there}: is there already, and a key is never overwritten"):
        make_key(tmp_path / "key")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_a_key_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        make_key(tmp_path / "nowhere" / "key")


OTHER_KIND = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
NO_KEYS = {
    "none": (None, "cannot be read"),
    "text": (b"text", "is not a private key"),
    "another kind": (OTHER_KIND, "is a private key of another kind"),
}


@pytest.mark.parametrize(("data", "text"), NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_said(tmp_path: Path, data: bytes | None, text: str) -> None:
    if data is not None:
        (tmp_path / "key").write_bytes(data)
    with pytest.raises(ConfigError, match=text):
        load_key(tmp_path / "key", lambda: "")


def test_another_passphrase_does_not_open_a_key(tmp_path: Path) -> None:
    make_key(tmp_path / "key", b"right")
    with pytest.raises(ConfigError, match="the passphrase is another one"):
        load_key(tmp_path / "key", lambda: "wrong")


@pytest.mark.parametrize("text", ["", "ab", "x" * 64, "\N{MICRO SIGN}"])
def test_what_is_no_public_key_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.pub").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="is not a public key; a file with 64 hex digits is"):
        load_public_key(tmp_path / "key.pub")


def test_signatures_are_of_the_manifest_and_chained(tmp_path: Path) -> None:
    folder = make_sealed(tmp_path)
    text = (folder / "signatures.json").read_bytes()
    first, second = json.loads(text)["signatures"]
    assert text == rendered({"schema": "dosebench/signatures/1", "signatures": [first, second]})
    assert first["manifest_sha256"] == second["manifest_sha256"] == sha256((folder / "manifest.json").read_bytes())
    assert (first["previous"], second["previous"]) == ("", sha256(canonical(first)))
    assert (first["name"], first["meaning"], first["time"]) == (NAME, "executed", "2026-03-04T05:06:07+00:00")
    signed = b"dosebench signature 1\n" + canonical(without(second, "signature"))
    assert verify_ed25519(public_bytes(REVIEWER), bytes.fromhex(second["signature"]), signed)
    third = seal(folder, REVIEWER, "Reviewer 4", "approved", CLOSED.astimezone(timezone(timedelta(hours=9))))
    assert (third["previous"], third["time"]) == (sha256(canonical(second)), first["time"])
    assert not what_is_wrong(checked(files_of(folder)))


@pytest.mark.parametrize("source", ["simulated", "replay"])
def test_a_run_without_a_real_pump_is_not_signed(tmp_path: Path, source: str) -> None:
    folder = make_run(tmp_path, data_source=source)
    with pytest.raises(ConfigError, match=f"is a {source} run and is not signed; only runs on real instruments"):
        seal(folder, OPERATOR, NAME, "executed", CLOSED)
    assert not (folder / "signatures.json").exists()


def test_a_run_that_does_not_hold_is_not_signed(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    (folder / "verdicts.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"is not signed, as it does not hold: DOES NOT HOLD: verdicts\.json, bytes 0 to "):
        seal(folder, OPERATOR, NAME, "executed", CLOSED)


def test_a_run_that_was_cut_is_not_signed(tmp_path: Path) -> None:
    folder = make_run(tmp_path, manifest=False)
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(ConfigError, match=r"NOT CLOSED: journal\.jsonl: the run was cut"):
        seal(folder, OPERATOR, NAME, "executed", CLOSED)


@pytest.mark.parametrize(
    ("first", "second"), [("executed", "reviewed"), ("executed", "approved"), ("reviewed", "executed"), ("approved", "executed")]
)
def test_who_executed_a_run_does_not_review_it(tmp_path: Path, first: str, second: str) -> None:
    folder = make_run(tmp_path)
    seal(folder, OPERATOR, NAME, first, CLOSED)
    before = (folder / "signatures.json").read_bytes()
    with pytest.raises(ConfigError, match="expected a reviewer independent of the operator: one key signed as executed and"):
        seal(folder, OPERATOR, "Somebody else", second, CLOSED)
    assert (folder / "signatures.json").read_bytes() == before
    seal(folder, REVIEWER, "Reviewer 4", second, CLOSED)
    assert not what_is_wrong(checked(files_of(folder)))


@pytest.mark.parametrize("name", ["", "  "])
def test_a_signature_has_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="needs the printed name"):
        seal(make_run(tmp_path), OPERATOR, name, "executed", CLOSED)


def signature_by_hand(folder: Path, key: Ed25519PrivateKey, **told: str) -> dict[str, str]:
    plain = {
        "manifest_sha256": sha256((folder / "manifest.json").read_bytes()),
        "public_key": public_bytes(key).hex(),
        "previous": "",
        "name": NAME,
        "time": "2026-03-04T05:06:07+00:00",
        "meaning": "executed",
        **told,
    }
    return {**plain, "signature": key.sign(SIGNED_PREFIX + canonical(plain)).hex()}


def told_of(folder: Path, *signatures: dict[str, str]) -> str:
    """What verification says of signatures that somebody made without ``seal``."""
    (folder / "signatures.json").write_bytes(rendered({"schema": "dosebench/signatures/1", "signatures": list(signatures)}))
    wrong = what_is_wrong(checked(files_of(folder)))
    return wrong[0].text if wrong else ""


BY_HAND = {
    "as it should be": ({}, ""),
    "of another manifest": ({"manifest_sha256": "00"}, "signature 1: expected manifest_sha256 "),
    "after one that is gone": ({"previous": "00"}, "signature 1: expected previous to be empty, found 00"),
    "with another meaning": (
        {"meaning": "liked"},
        "signature 1: expected a name, a time and a meaning (executed,",
    ),
    "without a name": ({"name": " "}, "signature 1: expected a name, a time and a meaning"),
    "of another key": ({"public_key": public_bytes(REVIEWER).hex()}, "signature 1: it is not a signature of what it says"),
    "key in capitals": (
        {"public_key": public_bytes(OPERATOR).hex().upper()},
        "signature 1: expected key and signature in",
    ),
    "key that is none": ({"public_key": "zz"}, "signature 1: expected a signature, and it is none (ValueError"),
}


@pytest.mark.parametrize(("told", "text"), BY_HAND.values(), ids=BY_HAND)
def test_a_signature_made_by_hand_has_to_hold_too(tmp_path: Path, told: dict[str, str], text: str) -> None:
    folder = make_run(tmp_path)
    found = told_of(folder, signature_by_hand(folder, OPERATOR, **told))
    assert found.startswith(text)
    assert bool(found) == bool(text)


def test_a_simulated_run_that_was_signed_by_hand_does_not_hold(tmp_path: Path) -> None:
    folder = make_run(tmp_path, data_source="simulated")
    told = told_of(folder, signature_by_hand(folder, OPERATOR))
    assert told == "expected no signature: a simulated run is no verification evidence"


def test_who_executed_and_reviewed_by_hand_is_found_too(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    first = signature_by_hand(folder, OPERATOR)
    second = signature_by_hand(folder, OPERATOR, meaning="reviewed", previous=sha256(canonical(first)))
    told = "expected a reviewer independent of the operator: one key signed as executed and reviewed"
    assert told_of(folder, first, second) == f"signature 1: {told}"


def test_keys_that_are_not_trusted_are_named(tmp_path: Path) -> None:
    files = files_of(make_sealed(tmp_path))
    found = checked(files, trusted=[public_bytes(OPERATOR)])
    assert not what_is_wrong(found)
    told = [finding.text for finding in found if "not among the trusted ones" in finding.text]
    assert told == [f"signed with a key that is not among the trusted ones: {fingerprint(public_bytes(REVIEWER))}"]
    stranger = public_bytes(Ed25519PrivateKey.generate())
    assert what_is_wrong(checked(files, trusted=[stranger]))[0].file == "signatures.json"
