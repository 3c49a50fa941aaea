"""Says whether a run folder, or a bundle of run folders, is still what it was when it was closed and signed.

This is one file that needs nothing but Python 3.9 and its standard library: every bundle carries a copy as ``verify.py``.

    python3 verify.py [--trust PUBLIC_KEY_FILE]... [RUN_FOLDER or BUNDLE.zip]...

Without a run it checks all runs beside itself. Exit status: 0 all holds, 3 something does not hold, 64 usage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import struct
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

JOURNAL, MANIFEST, SIGNATURES, VERDICTS = "journal.jsonl", "manifest.json", "signatures.json", "verdicts.json"
RUN = "run.json"
JOURNAL_SCHEMA, MANIFEST_SCHEMA, SIGNATURES_SCHEMA = "dosebench/journal/1", "dosebench/manifest/1", "dosebench/signatures/1"
UNLISTED = (MANIFEST, SIGNATURES)
"""The files of a run that its manifest does not list."""
CHAINED = ("raw/", "samples/")
"""Where the append-only files are that the journal's batches cover to the last byte."""
LOCKS = (".lock", ".guardian.lock")
SPEAKS_FIRST = ("FAIL", "ABORTED", "INVALID", "INCONCLUSIVE", "PASS")
MEANINGS = ("executed", "reviewed", "approved")
SIGNED_PREFIX = b"dosebench signature 1\n"
COMMENT = b"sha256:"
_COMMENT_BYTES = len(COMMENT) + 64
BESIDE_THE_RUNS = ("README.txt", "verify.py")
"""What a bundle has beside its run folders."""

HOLDS, FAILS, CUT, NOTE = "holds", "DOES NOT HOLD", "NOT CLOSED", "note"
VALID, INVALID, USAGE = 0, 3, 64
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)

Ed25519 = Callable[[bytes, bytes, bytes], bool]
"""Whether (public key, signature, message) fit together."""
Files = Mapping[str, bytes]
"""The files of a run by their relative POSIX path. Reading one may raise OSError."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. ``first`` and ``last`` are bytes of ``file``, both included; ``last < first``: no bytes."""

    kind: str
    text: str
    file: str = ""
    first: int = 0
    last: int = -1

    def __str__(self) -> str:
        span = f", bytes {self.first} to {self.last}" if self.last >= self.first else ""
        return _printable(f"{self.kind}: {self.file}{span}{': ' if self.file else ''}{self.text}")


Results = Sequence["tuple[str, list[Finding]]"]
"""Name of a run (or archive), and what was found there."""


def _printable(text: str) -> str:
    """Names come from files that nobody vouches for: they must not steer a terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


# --- how things are written -------------------------------------------------------------------------------------------------


def canonical(plain: Any) -> bytes:
    """JSON as the journal has it: ASCII, keys in order, no spaces, no NaN."""
    return json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def rendered(plain: Any) -> bytes:
    """JSON as manifest and signatures have it: ASCII, keys in order, one a line."""
    return (json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def sha256(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def without(plain: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if name != key}


def fingerprint(public_key: bytes) -> str:
    """By which people compare public keys: the first 16 bytes of the SHA-256, in groups of four hex digits."""
    digits = sha256(public_key)[:32]
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))


def read_public_key(path: Path) -> bytes:
    """The 32 bytes of a public key file (64 hex digits). Raises ValueError when it is none."""
    digits = path.read_text(encoding="ascii").strip()
    if len(digits) != 64:
        raise ValueError(f"{path}: is not a public key; a file with 64 hex digits is, as `dosebench key` writes it")
    return bytes.fromhex(digits)


# --- Ed25519, RFC 8032 section 5.1: verification only --------------------------------------------------------------------------

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]


def _recovered_x(y: int, sign: int) -> int | None:
    """Section 5.1.3, steps 2 to 4."""
    x2 = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if (x * x - x2) % _P or (x == 0 and sign):
        return None
    return _P - x if x & 1 != sign else x


def _decoded(data: bytes) -> _Point | None:
    """Section 5.1.3; the coordinates X, Y, Z, T, or None when these bytes are no point, or not the one way to write it."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = _recovered_x(y, sign) if y < _P else None
    return None if x is None else (x, y, 1, x * y % _P)


def _encoded(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _sum(one: _Point, other: _Point) -> _Point:
    """Section 5.1.4; it is right for doubling too."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


_NEUTRAL: _Point = (0, 1, 1, 0)
_BASE: _Point = cast("_Point", _decoded((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")))


def _combined(times: int, point: _Point, other_times: int, other: _Point) -> _Point:
    """``times * point + other_times * other``."""
    addends = (_NEUTRAL, point, other, _sum(point, other))
    found = _NEUTRAL
    for bit in range(252, -1, -1):
        found = _sum(found, found)
        found = _sum(found, addends[(times >> bit & 1) + 2 * (other_times >> bit & 1)])
    return found


def verify_ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Section 5.1.7, without the cofactor: whether S B - k A is R, byte for byte. S has to be below the order of the base."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    s, key = int.from_bytes(signature[32:], "little"), _decoded(public_key)
    if key is None or s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    x, y, z, t = key
    return _encoded(_combined(s, _BASE, k, (-x % _P, y, z, -t % _P))) == signature[:32]


# --- a run ------------------------------------------------------------------------------------------------------------------


@dataclass
class _Journal:
    """What could be read of a journal. ``whole``: its chain holds to the end."""

    head: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    entries: int = 0
    closed: bool = False
    whole: bool = False
    batches: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    judged: dict[str, dict[str, Any]] = field(default_factory=dict)
    overruled: set[str] = field(default_factory=set)
    """Verdicts that the run as a whole may have given to its cases."""


class _Check:
    """Collects what is found in one run. A file that has failed is not blamed a second time for the same bytes."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.found: list[Finding] = []
        self.failed: set[str] = set()

    def say(self, kind: str, text: str, file: str = "", first: int = 0, last: int = -1) -> None:
        self.found.append(Finding(kind, text, file, first, last))

    def fails(self, file: str, first: int, last: int, text: str) -> None:
        self.failed.add(file)
        self.say(FAILS, text, file, first, last)

    def read(self, name: str, expected: int = 0) -> bytes | None:
        """A file, or None (and a finding) when it is not there or cannot be read; ``expected`` is its size in bytes."""
        try:
            return self.files[name]
        except KeyError:
            self.fails(name, 0, expected - 1, "is missing")
        except OSError as err:
            self.fails(name, 0, expected - 1, f"cannot be read ({err})")
        return None


def check_run(files: Files, trusted: Collection[bytes] = (), ed25519: Ed25519 = verify_ed25519) -> list[Finding]:
    """All that can be said of a run from its files alone.

    ``trusted`` are public keys (32 bytes each); when there are any, the run has to be signed by one of them. Never raises for
    what the files contain.
    """
    check = _Check(files)
    journal = _check_journal(check)
    _check_batches(check, journal)
    manifest = _check_manifest(check, journal) if journal.closed or MANIFEST in files else None
    signers = _check_signatures(check, manifest, ed25519) if SIGNATURES in files else []
    _check_trust(check, signers, trusted)
    _say_limits(check, journal, signed=bool(signers))
    return check.found


def _check_journal(check: _Check) -> _Journal:
    journal = _Journal()
    text = check.read(JOURNAL)
    if text is None:
        return journal
    *lines, torn = text.split(b"\n")
    at = 0
    for number, line in enumerate(lines, 1):
        if problem := _line_problem(line, journal, (at, at + len(line))):
            check.fails(JOURNAL, at, at + len(line), f"line {number}: {problem}")
            return journal
        at += len(line) + 1
    journal.whole = bool(lines)
    _check_end(check, journal, len(lines), at, torn)
    return journal


def _line_problem(line: bytes, journal: _Journal, span: tuple[int, int]) -> str:
    """Why a line does not continue the chain; nothing when it does, and then ``journal`` has it."""
    try:
        plain = json.loads(line)
        if canonical(plain) != line:
            return "expected canonical JSON, and it is written in another way"
        return _entry_problem(plain, journal, span) if journal.head else _head_problem(plain, journal)
    except _MALFORMED as err:
        return f"expected {'an entry' if journal.head else 'the head of a journal'}, and it is none ({_brief(err)})"


def _brief(err: BaseException) -> str:
    return f"{type(err).__name__}: {err}"[:100]


def _head_problem(head: dict[str, Any], journal: _Journal) -> str:
    if head["schema"] != JOURNAL_SCHEMA:
        return f"expected the head with schema {JOURNAL_SCHEMA!r}, found {head['schema']!r}"
    wanted = sha256(canonical(without(head, "hash")))
    if head["hash"] != wanted:
        return f"expected hash {wanted} for this head, found {head['hash']}"
    start = sha256(canonical({"plan": head["plan"]["tables"], "bench": head["bench"]["tables"]}))
    if head["genesis"] != start:
        return f"expected genesis {start} for these tables of plan and bench, found {head['genesis']}"
    _ = head["run"], head["data_source"]
    journal.head, journal.hash = head, start
    return ""


def _entry_problem(entry: dict[str, Any], journal: _Journal, span: tuple[int, int]) -> str:
    if journal.closed:
        return "expected the end of the file, as the entry before it closed the run"
    if entry["seq"] != journal.entries + 1:
        return f"expected entry {journal.entries + 1}, found entry {entry['seq']}"
    wanted = sha256(journal.hash.encode("ascii") + canonical(without(entry, "hash")))
    if entry["hash"] != wanted:
        return f"expected hash {wanted} for this entry after the ones before it, found {entry['hash']}"
    if entry["kind"] == "verdict":
        journal.judged[entry["case"]] = entry["data"]["verdict"]
    if entry["kind"] in ("run ended", "mark"):
        journal.overruled.add(entry["data"]["verdict"])
    if entry["kind"] == "batch":
        journal.batches.append((*span, {name: _stretch(told) for name, told in entry["data"]["files"].items()}))
    journal.hash, journal.entries, journal.closed = wanted, journal.entries + 1, entry["kind"] == "closed"
    return ""


def _stretch(told: Mapping[str, Any]) -> tuple[int, int, str]:
    first, end = told["from"], told["to"]
    if type(first) is not int or type(end) is not int or not 0 <= first <= end:
        raise ValueError(f"a batch from byte {first} to {end}")
    return first, end, str(told["sha256"])


def _check_end(check: _Check, journal: _Journal, lines: int, at: int, torn: bytes) -> None:
    if not lines:
        check.fails(JOURNAL, 0, len(torn) - 1, "expected the head of a journal, and there is no whole line")
        return
    holds = f"the chain holds up to line {lines} ({journal.entries} entries, last hash {journal.hash})"
    check.say(HOLDS, holds, JOURNAL, 0, at - 1)
    if torn and (journal.closed or MANIFEST in check.files):
        check.fails(JOURNAL, at, at + len(torn) - 1, "expected a line with its end, or nothing; it is torn or was added")
    elif torn:
        check.say(CUT, "the last line is torn; what stands before it is not touched by that", JOURNAL, at, at + len(torn) - 1)
    if not journal.closed and MANIFEST not in check.files:
        check.say(CUT, "the run was cut: expected an entry that closes it, and a manifest", JOURNAL, at, at + len(torn) - 1)


def _check_batches(check: _Check, journal: _Journal) -> None:
    stretches: dict[str, list[tuple[int, int, int, int, str]]] = {}
    for line_first, line_last, batch in journal.batches:
        for name, stretch in batch.items():
            stretches.setdefault(name, []).append((line_first, line_last, *stretch))
    names = sorted({*stretches, *(name for name in check.files if name.startswith(CHAINED))})
    held = [name for name in names if _chained_file_holds(check, journal, name, stretches.get(name, []))]
    if held:
        check.say(HOLDS, f"{sum(len(stretches.get(name, [])) for name in held)} batches in {len(held)} append-only files")


def _chained_file_holds(check: _Check, journal: _Journal, name: str, stretches: Sequence[tuple[int, int, int, int, str]]) -> bool:
    reached = 0
    data = check.read(name, stretches[-1][3] if stretches else 0)
    if data is None:
        return False
    for line_first, line_last, first, end, wanted in stretches:
        if first != reached:
            check.fails(JOURNAL, line_first, line_last, f"expected a batch of {name} from byte {reached}, found one from {first}")
            return False
        if (is_there := sha256(memoryview(data)[first:end])) != wanted or len(data) < end:
            check.fails(name, first, end - 1, f"expected {end - first} bytes with sha256 {wanted}, found {is_there}")
            return False
        reached = end
    return _rest_holds(check, journal, name, reached, len(data))


def _rest_holds(check: _Check, journal: _Journal, name: str, reached: int, size: int) -> bool:
    """What no batch covers: nothing in a closed run, the last moments of a cut one."""
    if size == reached or not journal.whole:
        return size == reached
    if journal.closed:
        check.fails(name, reached, size - 1, f"expected the end of the file after {reached} bytes: no batch covers what follows")
        return False
    check.say(NOTE, "came after the last batch, and is not covered by the chain", name, reached, size - 1)
    return True


# --- the manifest -----------------------------------------------------------------------------------------------------------


def _read_rendered(check: _Check, name: str, schema: str) -> dict[str, Any] | None:
    """A file that has exactly one way to be written; None, and a finding, when it is not written so."""
    text = check.read(name)
    if text is None:
        return None
    try:
        plain = json.loads(text)
        problem = "" if rendered(plain) == text else "expected keys in order, one a line, in ASCII; it is written in another way"
        if not problem and plain["schema"] != schema:
            problem = f"expected schema {schema!r}, found {plain['schema']!r}"
    except _MALFORMED as err:
        problem = f"expected JSON with schema {schema!r} ({_brief(err)})"
    if problem:
        check.fails(name, 0, len(text) - 1, problem)
        return None
    return cast("dict[str, Any]", plain)


def _check_manifest(check: _Check, journal: _Journal) -> dict[str, Any] | None:
    """The manifest, if it holds in itself; its files are compared then."""
    manifest = _read_rendered(check, MANIFEST, MANIFEST_SCHEMA)
    if manifest is None:
        return None
    try:
        wanted = sha256(rendered(without(manifest, "sha256")))
        problem = "" if manifest["sha256"] == wanted else f"expected sha256 {wanted} for what it says, found {manifest['sha256']}"
        listed = {name: (told["sha256"], int(told["size"])) for name, told in manifest["files"].items()}
        told = {name: manifest[name] for name in ("run", "data_source", "verdict", "closed", "chain", "versions")}
    except _MALFORMED as err:
        problem = f"expected a manifest ({_brief(err)})"
    if problem:
        check.fails(MANIFEST, 0, len(check.files[MANIFEST]) - 1, problem)
        return None
    _check_listed(check, listed)
    _check_same_run(check, journal, told)
    if journal.whole:
        _check_copies(check, journal)
        _check_verdicts(check, journal)
    return manifest


def _check_listed(check: _Check, listed: Mapping[str, tuple[str, int]]) -> None:
    before = len(check.failed)
    for name in sorted(set(listed) - check.failed):
        _check_file(check, name, *listed[name])
    for name in sorted(set(check.files) - set(listed) - set(UNLISTED)):
        data = check.read(name)
        if data is not None:
            check.fails(name, 0, len(data) - 1, "expected no such file: the manifest does not list it")
    if len(check.failed) == before:
        check.say(HOLDS, f"the manifest's {len(listed)} files have their size and sha256, and no other file is there", MANIFEST)


def _check_file(check: _Check, name: str, wanted: str, size: int) -> None:
    data = check.read(name, size)
    if data is not None and (len(data) != size or sha256(data) != wanted):
        told = f"expected {size} bytes with sha256 {wanted}, found {len(data)} bytes with {sha256(data)}"
        check.fails(name, 0, max(size, len(data)) - 1, told)


def _check_same_run(check: _Check, journal: _Journal, told: Mapping[str, Any]) -> None:
    """All parts have to be of one run, whatever their hashes say."""
    if journal.whole and JOURNAL not in check.failed:
        chain = {"entries": journal.entries, "head": journal.hash}
        _check_equal(check, MANIFEST, told, {"chain": chain, **_of_run(journal.head)})
        if not journal.closed:
            check.fails(JOURNAL, 0, len(check.files[JOURNAL]) - 1, "expected an entry that closes the run, as it has a manifest")
    if VERDICTS not in check.failed and (text := check.read(VERDICTS)) is not None:
        try:
            verdicts = json.loads(text)
            found = {**_of_run(verdicts), "verdict": verdicts["verdict"]}
        except _MALFORMED as err:
            check.fails(VERDICTS, 0, len(text) - 1, f"expected the verdicts of a run ({_brief(err)})")
            return
        _check_equal(check, VERDICTS, found, {name: told[name] for name in found})


def _of_run(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {"run": plain["run"], "data_source": plain["data_source"]}


def _check_copies(check: _Check, journal: _Journal) -> None:
    """What stands in two places says the same in both: a change in one is found without a key, whatever the manifest says."""
    plan, bench = journal.head["plan"], journal.head["bench"]
    copies = {**dict.fromkeys(("plan.toml", "plan.py"), plan), **dict.fromkeys(("bench.toml", "mapping.toml"), bench)}
    for name, text in ((name, told.get("text")) for name, told in copies.items()):
        if text is not None and name in check.files and name not in check.failed and check.files[name] != text.encode("utf-8"):
            check.fails(name, 0, len(check.files[name]) - 1, "expected the text that the head of the journal has")
    if RUN in check.files and RUN not in check.failed:
        _check_run_file(check, {name: told for name, told in journal.head.items() if name not in ("schema", "genesis", "hash")})


def _check_run_file(check: _Check, head: Mapping[str, Any]) -> None:
    text = check.files[RUN]
    try:
        found = json.loads(text)
        _check_equal(check, RUN, {name: found.get(name) for name in head}, head)
    except _MALFORMED as err:
        check.fails(RUN, 0, len(text) - 1, f"expected what is known of a run ({_brief(err)})")


def _check_verdicts(check: _Check, journal: _Journal) -> None:
    """Against the verdicts in the journal; a run that was cut, or marked as a whole, may have overruled them."""
    if VERDICTS in check.failed or VERDICTS not in check.files:
        return
    text = check.files[VERDICTS]
    try:
        cases = json.loads(text)["cases"]
        problems = [problem for case in cases if (problem := _verdict_problem(case, journal))]
        problems += _overall_problems(cases, journal.head.get("cases"), json.loads(text)["verdict"])
    except _MALFORMED as err:
        problems = [f"expected the cases of a run ({_brief(err)})"]
    for problem in problems[:1]:
        check.fails(VERDICTS, 0, len(text) - 1, problem)


def _overall_problems(cases: Sequence[Mapping[str, Any]], planned: Sequence[Mapping[str, Any]] | None, verdict: str) -> list[str]:
    names, wanted = [case["id"] for case in cases], [case["id"] for case in planned or cases]
    problems = [] if names == wanted else [f"expected the cases {', '.join(wanted)}, found {', '.join(names)}"]
    speaks = next((word for word in SPEAKS_FIRST if word in [case["verdict"] for case in cases]), verdict)
    return problems if speaks == verdict else [*problems, f"expected {speaks} for the run by its cases, found {verdict!r}"]


def _verdict_problem(case: Mapping[str, Any], journal: _Journal) -> str:
    judged = journal.judged.get(case["id"])
    allowed = journal.overruled | ({judged["verdict"]} if judged else {"ABORTED"})
    if case["verdict"] not in allowed:
        return f"expected {' or '.join(sorted(allowed))} for case {case['id']!r} by the journal, found {case['verdict']!r}"
    for found, wanted in zip(case["measurands"], judged["measurands"] if judged else [], strict=False):
        differing = [key for key in wanted if key != "verdict" and found.get(key) != wanted[key]]
        if differing:
            key = differing[0]
            return f"expected {key} {wanted[key]!r} of {wanted['name']!r} by the journal, found {found.get(key)!r}"
    count = len(judged["measurands"]) if judged else 0
    return "" if len(case["measurands"]) == count else f"expected {count} measurands of case {case['id']!r} by the journal"


def _check_equal(check: _Check, name: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    differing = [key for key in wanted if found[key] != wanted[key]]
    for key in differing[:1]:
        text = f"expected {key} {wanted[key]!r} as the rest of this run has it, found {found[key]!r}"
        check.fails(name, 0, len(check.files[name]) - 1, text)


# --- the signatures ---------------------------------------------------------------------------------------------------------


def signed_bytes(signature: Mapping[str, Any]) -> bytes:
    """What is signed: all that the signature's object says, but for the signature itself."""
    return SIGNED_PREFIX + canonical(without(signature, "signature"))


def signature_hash(signature: Mapping[str, Any] | None) -> str:
    """By which the next signature names the one before it; nothing where there is none."""
    return "" if signature is None else sha256(canonical(signature))


def _check_signatures(check: _Check, manifest: Mapping[str, Any] | None, ed25519: Ed25519) -> list[bytes]:
    """The public keys of the signatures that hold."""
    plain = _read_rendered(check, SIGNATURES, SIGNATURES_SCHEMA)
    if manifest is None:
        check.fails(SIGNATURES, 0, -1, "expected a manifest that holds: there is nothing that could be signed")
    if plain is None or manifest is None:
        return []
    last = len(check.files[SIGNATURES]) - 1
    signatures = plain.get("signatures")
    if not isinstance(signatures, list) or not signatures:
        check.fails(SIGNATURES, 0, last, "expected a list of signatures")
        return []
    if manifest["data_source"] != "real":
        check.fails(SIGNATURES, 0, last, f"expected no signature: a {manifest['data_source']} run is no verification evidence")
    return list(_holding(check, signatures, last, ed25519))


def _holding(check: _Check, signatures: Sequence[Any], last: int, ed25519: Ed25519) -> Iterator[bytes]:
    manifest_sha256, before = sha256(check.files[MANIFEST]), None
    for number, signature in enumerate(signatures, 1):
        try:
            problem = _signature_problem(signature, manifest_sha256, before, ed25519)
            problem = problem or independence_problem(signature, signatures)
        except _MALFORMED as err:
            problem = f"expected a signature, and it is none ({_brief(err)})"
        if problem:
            check.fails(SIGNATURES, 0, last, f"signature {number}: {problem}")
            return
        key, before = bytes.fromhex(signature["public_key"]), signature
        told = f"signature {number}: {signature['meaning']} by {signature['name']}, {signature['time']}"
        check.say(HOLDS, f"{told}, key {fingerprint(key)}", SIGNATURES)
        yield key


def _signature_problem(
    signature: Mapping[str, Any], manifest_sha256: str, before: Mapping[str, Any] | None, ed25519: Ed25519
) -> str:
    wanted = {"manifest_sha256": manifest_sha256, "previous": signature_hash(before)}
    for name, value in wanted.items():
        if signature[name] != value:
            return f"expected {name} {value or 'to be empty'}, found {signature[name]}"
    if signature["meaning"] not in MEANINGS or not all(str(signature[key]).strip() for key in ("name", "time")):
        return f"expected a name, a time and a meaning ({', '.join(MEANINGS)})"
    key, made = bytes.fromhex(signature["public_key"]), bytes.fromhex(signature["signature"])
    if (key.hex(), made.hex()) != (signature["public_key"], signature["signature"]):
        return "expected key and signature in lower-case hex digits, as there is one way to write them"
    if ed25519(key, made, signed_bytes(signature)):
        return ""
    return f"it is not a signature of what it says by the key with fingerprint {fingerprint(key)}"


def independence_problem(signature: Mapping[str, Any], signatures: Sequence[Mapping[str, Any]]) -> str:
    """Who executed a run cannot review or approve it."""
    of_this_key = {other["meaning"] for other in signatures if other["public_key"] == signature["public_key"]}
    if "executed" not in of_this_key or of_this_key == {"executed"}:
        return ""
    told = " and ".join(meaning for meaning in MEANINGS if meaning in of_this_key)
    return f"expected a reviewer independent of the operator: one key signed as {told}"


def _check_trust(check: _Check, signers: Sequence[bytes], trusted: Collection[bytes]) -> None:
    for key in dict.fromkeys(signers):
        if key not in trusted:
            check.say(NOTE, f"signed with a key that is not among the trusted ones: {fingerprint(key)}", SIGNATURES)
    if trusted and not set(signers) & set(trusted):
        check.fails(SIGNATURES, 0, -1, "expected a signature by one of the trusted keys, and there is none that holds")


def _say_limits(check: _Check, journal: _Journal, *, signed: bool) -> None:
    if resumed := journal.head.get("resumes"):
        check.say(
            NOTE, f"verdicts of {', '.join(resumed['carried'])} are carried over from {resumed['folder']}: verify that one too"
        )
    source = journal.head.get("data_source", "real")
    if source != "real":
        check.say(NOTE, f"{str(source).upper()}: no real pump was tested; this is no verification evidence")
    if MANIFEST not in check.files:
        check.say(NOTE, "without a manifest only the journal and what its batches cover could be checked")
    if signed:
        check.say(NOTE, "a signature shows which key made it; who holds a key, your organisation's own list of keys says")
    else:
        check.say(NOTE, "not signed: this shows accidents, not intent; whoever can write these files can make all of them again")


# --- where the files are ----------------------------------------------------------------------------------------------------


class _Listed(Files):
    """Files that are listed once, and read when they are asked for."""

    def __init__(self, places: Mapping[str, Any]) -> None:
        self._places = dict(sorted(places.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class FolderFiles(_Listed):
    """Everything below a folder that is not a folder itself. Links are listed, and not followed."""

    def __init__(self, folder: Path) -> None:
        super().__init__({path.relative_to(folder).as_posix(): path for path in _below(folder)})

    def __getitem__(self, name: str) -> bytes:
        path: Path = self._places[name]
        if path.is_symlink() or not path.is_file():
            raise OSError("it is not a plain file")
        return path.read_bytes()


def _below(folder: Path) -> Iterator[Path]:
    """But for empty locks, by which a run is held while it is written."""
    for path in _all_below(folder):
        if path.parent != folder or path.name not in LOCKS or path.is_symlink() or path.stat().st_size:
            yield path


def _all_below(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(at) / name).is_symlink()]
        yield from (Path(at) / name for name in (*names, *links))


class _MemberFiles(_Listed):
    """Members of a bundle. They are stored as they are, and read without zipfile, which gives no byte of a damaged member."""

    def __init__(self, archive: BinaryIO, size: int, members: Mapping[str, zipfile.ZipInfo]) -> None:
        super().__init__(members)
        self._archive, self._size = archive, size

    def __getitem__(self, name: str) -> bytes:
        info: zipfile.ZipInfo = self._places[name]
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.compress_size != info.file_size:
            raise OSError("it is packed or encrypted, and members of a bundle are not")
        header = self._read(info.header_offset, 30).ljust(30, b"\0")
        mark, name_bytes, extra_bytes = struct.unpack("<4s22xHH", header)
        if mark != b"PK\3\4":
            raise OSError(f"there is no member at byte {info.header_offset} of the archive")
        return self._read(info.header_offset + 30 + name_bytes + extra_bytes, info.file_size)

    def _read(self, first: int, count: int) -> bytes:
        if not 0 <= first <= self._size:
            raise OSError(f"it would begin at byte {first} of an archive of {self._size} bytes")
        self._archive.seek(first)
        return self._archive.read(min(count, self._size - first))

    def crc_holds(self, name: str) -> bool:
        return bool(zlib.crc32(self[name]) == self._places[name].CRC)


def is_safe(name: str) -> bool:
    """Whether a name stays inside the folder that it is unpacked to, on every system."""
    return name.isprintable() and not set(name) & set('\\:*?"<>|') and not {"", ".", ".."} & set(name.split("/"))


def _check_archive(path: Path, archive: BinaryIO, size: int) -> list[Finding]:
    """Whether the comment at the end is the hash of every byte before it."""
    archive.seek(0)
    digest, left = hashlib.sha256(), max(0, size - _COMMENT_BYTES)
    while left and (block := archive.read(min(left, 1 << 20))):
        digest.update(block)
        left -= len(block)
    wanted, found = COMMENT + digest.hexdigest().encode("ascii"), archive.read()
    if found == wanted:
        return [Finding(HOLDS, "the archive's bytes have the sha256 in its comment", path.name)]
    told = f"expected the comment {wanted.decode('ascii')} at its end, found {found.decode('ascii', 'backslashreplace')}"
    return [Finding(FAILS, told, path.name, 0, size - 1)]


def _members(path: Path, archive: BinaryIO, size: int, found: list[Finding]) -> dict[str, zipfile.ZipInfo]:
    try:
        infos = zipfile.ZipFile(archive).infolist()
    except Exception as err:  # noqa: BLE001 - zipfile raises a dozen kinds for lists that are damaged
        found.append(Finding(FAILS, f"expected a list of its files; it cannot be read ({_brief(err)})", path.name, 0, size - 1))
        return {}
    twice = {name for name, count in Counter(info.orig_filename.casefold() for info in infos).items() if count > 1}
    for info in infos:
        if info.orig_filename.casefold() in twice or not is_safe(info.orig_filename):
            told = f"expected names that stay inside the bundle, each once; refused: {info.orig_filename!r}"
            found.append(Finding(FAILS, told, path.name, 0, size - 1))
    return {
        info.orig_filename: info for info in infos if is_safe(info.orig_filename) and info.orig_filename.casefold() not in twice
    }


def _runs_inside(members: Iterable[str]) -> dict[str, dict[str, str]]:
    """Name of each run folder of a bundle, and its files: the name inside the run, and in the archive."""
    runs: dict[str, dict[str, str]] = {}
    for name in members:
        folder, slash, inside = name.partition("/")
        if slash:
            runs.setdefault(folder, {})[inside] = name
    return runs


def check_bundle(path: Path, trusted: Collection[bytes] = (), ed25519: Ed25519 = verify_ed25519) -> Results:
    """The archive itself first, then each run inside, as far as it can be read."""
    with path.open("rb") as archive:
        size = archive.seek(0, os.SEEK_END)
        found = _check_archive(path, archive, size)
        members = _members(path, archive, size, found)
        runs = _runs_inside(members)
        found += _beside(_MemberFiles(archive, size, {name: info for name, info in members.items() if "/" not in name}))
        if not runs:
            found.append(Finding(FAILS, "expected at least one run folder inside", path.name, 0, size - 1))
        results = [(path.name, found)]
        for run, names in runs.items():
            files = _MemberFiles(archive, size, {inside: members[name] for inside, name in names.items()})
            results.append((run, check_run(files, trusted, ed25519)))
    return results


def _beside(files: _MemberFiles) -> Iterator[Finding]:
    for name in files:
        if name not in BESIDE_THE_RUNS:
            yield Finding(FAILS, "expected no such file beside the run folders", name, 0, -1)
            continue
        try:
            if files.crc_holds(name):
                continue
            yield Finding(FAILS, "expected bytes with the CRC in the archive's list", name, 0, len(files[name]) - 1)
        except OSError as err:
            yield Finding(FAILS, f"cannot be read ({err})", name)


def check_path(path: Path, trusted: Collection[bytes] = (), ed25519: Ed25519 = verify_ed25519) -> Results:
    """A run folder, a bundle, or the folder that a bundle was unpacked to. Raises OSError when there is none."""
    if not path.is_dir():
        return check_bundle(path, trusted, ed25519)
    folders = [path]
    if not (path / JOURNAL).exists() and (path / "verify.py").exists():
        folders = sorted(inside for inside in path.iterdir() if inside.is_dir())
        if not folders:
            return [(path.resolve().name, [Finding(FAILS, "expected a run folder or a bundle beside verify.py")])]
    return [(folder.resolve().name, check_run(FolderFiles(folder), trusted, ed25519)) for folder in folders]


# --- what is said -----------------------------------------------------------------------------------------------------------


def what_is_wrong(found: Iterable[Finding]) -> list[Finding]:
    """What does not hold, then what was cut; nothing when all holds."""
    return sorted((finding for finding in found if finding.kind in (FAILS, CUT)), key=lambda finding: finding.kind == CUT)


def all_holds(results: Results) -> bool:
    """Whether nothing failed, and nothing was cut."""
    return bool(results) and not any(what_is_wrong(found) for _, found in results)


def lines_of(results: Results) -> Iterator[str]:
    """What was found, line by line. The first thing that does not hold stands first."""
    for name, found in results:
        wrong = what_is_wrong(found)
        yield _printable(f"{name}: {wrong[0] if wrong else HOLDS}")
        yield from (f"  {finding}" for finding in found if finding not in wrong[:1])


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(words: Sequence[str] | None = None) -> int:
    """The command line of the copy in a bundle."""
    parser = _Parser(description="Says whether runs of dosebench are what they were when they were closed and signed.")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN_FOLDER_OR_BUNDLE", help="default: all beside this file")
    parser.add_argument("--trust", action="append", default=[], type=Path, metavar="PUBLIC_KEY_FILE")
    options = parser.parse_args(words)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    here = Path(__file__).resolve().parent
    try:
        trusted = [read_public_key(path) for path in options.trust]
        results = [result for path in options.runs or _beside_me(here) for result in check_path(path, trusted)]
    except (OSError, ValueError) as err:
        parser.error(str(err))
    sys.stdout.write("".join(f"{line}\n" for line in lines_of(results)))
    return VALID if all_holds(results) else INVALID


def _beside_me(here: Path) -> Sequence[Path]:
    unpacked = any(path.is_dir() for path in here.iterdir())
    return [here] if unpacked else sorted(here.glob("*.zip")) or [here]


if __name__ == "__main__":
    sys.exit(main())
