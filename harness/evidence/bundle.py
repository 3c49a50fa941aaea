"""One archive of run folders, with the verifier inside, for a machine that has only Python."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from harness.evidence import verifier
from harness.evidence.signing import verify_signature
from harness.evidence.verifier import COMMENT, MANIFEST, SIGNATURES, Files, FolderFiles, check_run, is_safe, what_is_wrong
from instruments.errors import ConfigError

_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_UNIX = 3

_README = """\
Runs of dosebench, as they were when they were closed.

{runs}

To see whether they still are, on any machine with Python 3.9 or later and nothing else:

    python3 verify.py                   the runs beside verify.py, after unpacking
    python3 verify.py BUNDLE.zip        this archive, without unpacking it
    python3 verify.py --trust KEY.pub   and a signature by this key is demanded

Exit status: 0 all holds, 3 something does not hold, 64 usage. What does not hold is named by file and bytes.
The verifier in this archive is as trustworthy as the archive. To be independent of it, take a verify.py (or
`dosebench verify`) that came to you another way, and public keys that your organisation vouches for.
"""


def bundle(folders: Sequence[Path], out: Path) -> None:
    """Write the archive ``out`` with these closed runs. The same runs give the same bytes.

    Raises ConfigError when ``out`` is there already, or a run does not hold.
    """
    names = [folder.resolve().name for folder in folders]
    _refuse_names([name for name, count in Counter(map(str.casefold, names)).items() if count > 1], "is the name of two runs")
    if any(folder.resolve() in out.resolve().parents for folder in folders):
        raise ConfigError(f"{out}: would lie inside a run, where nothing may be added; choose another place")
    runs = {name: FolderFiles(folder) for name, folder in sorted(zip(names, folders, strict=True))}
    _refuse_what_does_not_hold(runs)
    try:
        with out.open("xb+") as file:
            write_archive(_members(runs), file)
    except FileExistsError as err:
        raise ConfigError(f"{out}: is there already; choose another name") from err
    except OSError as err:
        out.unlink(missing_ok=True)
        raise ConfigError(f"{out}: cannot be written ({err.strerror or err})") from err


def _refuse_what_does_not_hold(runs: Mapping[str, Files]) -> None:
    for name, files in runs.items():
        if wrong := what_is_wrong(check_run(files, ed25519=verify_signature)):
            raise ConfigError(f"{name}: is not put into a bundle, as it does not hold: {wrong[0]}")
        _refuse_names([inside for inside in (name, *files) if not is_safe(inside)], "is a name that not every system can unpack")


def _refuse_names(names: Sequence[str], why: str) -> None:
    if names:
        raise ConfigError(f"{names[0]!r} {why}; rename it before bundling")


def _members(runs: Mapping[str, Files]) -> Iterable[tuple[str, bytes]]:
    yield "README.txt", _README.format(runs="\n".join(_line(name, files) for name, files in runs.items())).encode("utf-8")
    yield "verify.py", Path(verifier.__file__).read_bytes()
    for run, files in runs.items():
        yield from ((f"{run}/{name}", files[name]) for name in files)


def _line(name: str, files: Files) -> str:
    manifest = json.loads(files[MANIFEST])
    signatures = len(json.loads(files[SIGNATURES])["signatures"]) if SIGNATURES in files else 0
    source = manifest["data_source"]
    mark = "" if source == "real" else f"  {source.upper()}: no real pump was tested"
    return f"    {name}  {manifest['verdict']}  closed {manifest['closed']}  signatures: {signatures}{mark}"


def write_archive(members: Iterable[tuple[str, bytes]], file: BinaryIO) -> None:
    """A zip of these members in this order, nothing packed; its comment is the SHA-256 of every byte before the comment.

    Nothing is packed so that a damaged byte costs one byte, and can be named.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = COMMENT + b"0" * 64
        for name, data in members:
            archive.writestr(_info(name), data)
    end = file.seek(-64 - len(COMMENT), 2)
    file.seek(0)
    digest, left = hashlib.sha256(), end
    while left:
        block = file.read(min(left, 1 << 20))
        digest.update(block)
        left -= len(block)
    file.write(COMMENT + digest.hexdigest().encode("ascii"))


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _NO_TIME)
    info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
    return info
