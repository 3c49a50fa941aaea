"""``dosebench key``, ``seal``, ``verify``, ``bundle``: who signed a run, and whether all of it still holds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from harness.evidence.verifier import (
    FAILS,
    HOLDS,
    INVALID,
    JOURNAL,
    MEANINGS,
    NOTE,
    VALID,
    VERDICTS,
    Finding,
    Results,
    all_holds,
    check_path,
    fingerprint,
    lines_of,
    what_is_wrong,
)
from instruments.clock import utc_now
from instruments.errors import ConfigError

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_PATH)
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase, which the key then needs at every signature.")
def key(file: Path, passphrase: bool) -> int:  # noqa: FBT001 - click hands flags over like this
    """Make a key to sign with: FILE is yours alone, FILE.pub is for everybody."""
    from harness.evidence.signing import make_key, public_path

    secret = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True) if passphrase else ""
    made = make_key(file, secret.encode("utf-8"))
    click.echo(f"private key: {file} (keep it to yourself)\npublic key:  {public_path(file)}\nfingerprint: {made}")
    return 0


@click.command()
@click.argument("run", type=_PATH)
@click.option("--key", "key_file", type=_PATH, required=True, help="Your private key, as `dosebench key` made it.")
@click.option("--name", required=True, help="Your name as it is to be printed.")
@click.option("--meaning", type=click.Choice(MEANINGS), required=True, help="What you did with the run.")
def seal(run: Path, key_file: Path, name: str, meaning: str) -> int:
    """Sign the closed run in the folder RUN.

    The whole run is verified first. Only runs on real instruments are signed; who executed a run cannot review or approve it.
    """
    from harness.evidence.signing import load_key, public_bytes
    from harness.evidence.signing import seal as sign

    _demand_folder(run)
    own = load_key(key_file, lambda: str(click.prompt(f"Passphrase of {key_file}", hide_input=True)))
    made = sign(run, own, name, meaning, utc_now())
    click.echo(f"{run}: {meaning} by {name}, {made['time']}, key {fingerprint(public_bytes(own))}")
    return 0


@click.command()
@click.argument("path", metavar="RUN|BUNDLE...", nargs=-1, required=True, type=_PATH)
@click.option("--trust", type=_PATH, multiple=True, metavar="PUB", help="Demand a signature by this public key; may be repeated.")
@click.option("--recompute", is_flag=True, help="Compute all verdicts again from raw lines, and compare.")
def verify(path: tuple[Path, ...], trust: tuple[Path, ...], recompute: bool) -> int:  # noqa: FBT001
    """Say whether runs are what they were when they were closed and signed.

    Exit status: 0 all holds, 3 something does not hold, or a run was cut. The first thing that does not hold is named by file and
    bytes.
    """
    from harness.evidence.signing import load_public_key, verify_signature

    trusted = [load_public_key(file) for file in trust]
    status = VALID
    for one in path:
        try:
            results = check_path(one, trusted, verify_signature)
        except OSError as err:
            raise ConfigError(f"{one}: cannot be read ({err.strerror}); name a run folder or a bundle") from err
        results = _recomputed(one, results) if recompute else results
        click.echo("\n".join(lines_of(results)))
        status = status if all_holds(results) else INVALID
    return status


@click.command()
@click.argument("run", metavar="RUN...", nargs=-1, required=True, type=_PATH)
@click.option("--out", type=_PATH, required=True, help="The archive to write (.zip); it must not be there yet.")
def bundle(run: tuple[Path, ...], out: Path) -> int:
    """Put closed runs into one archive that verifies itself on any machine with Python."""
    from harness.evidence.bundle import bundle as write

    for folder in run:
        _demand_folder(folder)
    write(run, out)
    click.echo(f"{out}: {len(run)} run{'s' if len(run) > 1 else ''}; python3 verify.py inside it, or dosebench verify {out}")
    return 0


def _demand_folder(run: Path) -> None:
    if not run.is_dir():
        raise ConfigError(f"{run}: is not a run folder")


def _recomputed(path: Path, results: Results) -> Results:
    """The same findings with one more for each run. What does not hold is not computed again."""
    with TemporaryDirectory() as scratch:
        if path.is_dir():
            root = path
        else:
            root = Path(scratch)
            if all_holds(results):  # then its names are known to stay inside
                with zipfile.ZipFile(path) as archive:
                    archive.extractall(root)
        return [(name, [*found, *_again(root if (root / JOURNAL).exists() else root / name, found)]) for name, found in results]


def _again(folder: Path, found: list[Finding]) -> Iterator[Finding]:
    if what_is_wrong(found):
        yield Finding(NOTE, "was not computed again, as the run does not hold", VERDICTS)
    elif (folder / JOURNAL).exists():
        yield _compared(folder)


def _compared(folder: Path) -> Finding:
    from harness.reanalysis import recomputed

    there = (folder / VERDICTS).read_bytes()
    try:
        again = recomputed(folder)
    except Exception as err:  # noqa: BLE001 - whatever keeps it from being computed again is one finding more
        return Finding(FAILS, f"cannot be computed again: {err!r}", VERDICTS, 0, len(there) - 1)
    differing = [at for at, (one, other) in enumerate(zip_longest(there, again)) if one != other]
    if not differing:
        return Finding(HOLDS, "computed again from raw lines, byte for byte the same", VERDICTS)
    told = f"expected {again[differing[0] :][:40]!r} as computed again from raw lines, found {there[differing[0] :][:40]!r}"
    return Finding(FAILS, told, VERDICTS, differing[0], differing[-1])
