"""Small run folders as a closed run leaves them: two raw files, samples, a figure, batches, verdicts, a manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.evidence.manifest import write_manifest
from harness.evidence.signing import seal, verify_signature
from harness.evidence.verifier import Finding, FolderFiles, check_run
from harness.journal import Chain, genesis, head_line, sha256

RUN = "6f1c0a52"
CLOSED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
OPERATOR, REVIEWER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))

LINES = [b"0000000%d00000 < S S 35.000%d g\\r\\n\n" % (number, number) for number in (1, 2, 3)]
STRETCHES: list[dict[str, bytes]] = [
    {"raw/balance.log": LINES[0] + LINES[1], "samples/balance.csv": b"1,35.0001\n"},
    {"raw/pump.log": b"0000000250000 > RUN\\r\n"},
    {"raw/balance.log": LINES[2], "samples/balance.csv": b"2,35.0002\n3,35.0003\n"},
]
"""What each batch adds to which file."""


def journal_lines(run: str = RUN, data_source: str = "real") -> Iterator[bytes]:
    plan, bench = {"plan": {"id": "P"}}, {"bench": {"id": "B"}}
    start = genesis(plan, bench)
    yield head_line(
        {"genesis": start, "run": run, "data_source": data_source, "plan": {"tables": plan}, "bench": {"tables": bench}}
    )
    chain, sizes = Chain(start), dict.fromkeys((name for stretch in STRETCHES for name in stretch), 0)
    yield chain.line(0, "phase", "C1", {"name": "blank", "edge": "begin"})
    for stretch in STRETCHES:
        files = {}
        for name, data in stretch.items():
            files[name] = {"from": sizes[name], "to": sizes[name] + len(data), "sha256": sha256(data)}
            sizes[name] += len(data)
        yield chain.line(100_000, "setting", "C1", {"rate_ml_h": 1.5, "of": run})
        yield chain.line(200_000, "batch", "", {"files": files})
    yield chain.line(300_000, "closed", "", {"verdict": "PASS"})


def raw_files() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for stretch in STRETCHES:
        for name, data in stretch.items():
            found[name] = found.get(name, b"") + data
    return found


def verdicts(run: str = RUN, data_source: str = "real") -> bytes:
    plain = {"schema": "dosebench/verdicts/1", "run": run, "data_source": data_source, "verdict": "PASS", "cases": []}
    return json.dumps(plain, indent=1).encode() + b"\n"


def make_run(folder: Path, run: str = RUN, data_source: str = "real", *, manifest: bool = True) -> Path:
    """A closed run folder without signatures."""
    others = {"verdicts.json": verdicts(run, data_source), "figures/trumpet.svg": f"<svg>{run}</svg>".encode(), "empty.txt": b""}
    journal = b"".join(journal_lines(run, data_source))
    put(folder, {"journal.jsonl": journal, **raw_files(), **others})
    if manifest:
        write_manifest(folder, versions={"python": "3.11"}, closed=CLOSED)
    return folder


def make_sealed(folder: Path, run: str = RUN) -> Path:
    """The same with two signatures by two keys."""
    make_run(folder, run)
    seal(folder, OPERATOR, "Operator 17", "executed", CLOSED)
    seal(folder, REVIEWER, "Reviewer 4", "reviewed", CLOSED)
    return folder


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def files_of(folder: Path) -> dict[str, bytes]:
    return dict(FolderFiles(folder))


def checked(files: Mapping[str, bytes], **options: Any) -> list[Finding]:
    return check_run(files, **{"ed25519": verify_signature, **options})


def flipped(data: bytes, at: int, bit: int = 1) -> bytes:
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
