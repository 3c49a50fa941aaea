"""``dosebench recover`` and ``dosebench reanalyse``: what can still be done with a run when its program has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from instruments.errors import ConfigError

if TYPE_CHECKING:
    from harness.reanalysis import Reanalysis

_PATH = click.Path(path_type=Path)
_RUN = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("recover")
@click.argument("folder", type=_RUN, required=False)
@click.option("--out", type=_PATH, default=Path("runs"), show_default=True, help="Where run folders are.")
def recover_runs(folder: Path | None, out: Path) -> int:
    """Close runs that were cut short: the one in FOLDER, or all under --out that nobody is running.

    A cut run becomes ABORTED with all that its record has, and goes into the report and the trend. What began is not finished:
    'dosebench run PLAN --bench BENCH --resume FOLDER' goes on with it as a new run.
    """
    from harness.recovery import unreadable_runs
    from reports.recovered import recover, recover_one

    found = [recover_one(folder)] if folder else recover(out)
    for one in found:
        click.echo(f"{one.folder}: closed as {one.verdict.verdict}")
        for told in one.told:
            click.echo(f"  {told}")
    damaged = [] if folder else unreadable_runs(out)
    for path in damaged:
        click.echo(f"{path}: was cut before its record began, or is damaged; nothing can be recovered, nothing in it is green")
    if not found and not damaged:
        click.echo(f"{out}: no run there was cut short")
    return 0


@click.command("reanalyse")
@click.argument("folder", type=_RUN)
@click.option("--plan", type=_PATH, help="Another plan with cases of the same names: shows old against new.")
@click.option("--json", "written", type=_PATH, help="Where the new verdicts go, in the form of verdicts.json.")
def reanalyse_run(folder: Path, plan: Path | None, written: Path | None) -> int:
    """Compute all verdicts of the run in FOLDER again, from its raw lines. The run itself is not changed.

    The exit status is that of the new verdict; INVALID (3) also where the same plan gives other verdicts than the run's own, or
    the samples are not what the raw lines say.
    """
    from harness.reanalysis import changes, reanalyse
    from harness.verdicts import VERDICTS, read_verdicts, verdicts_text

    old, found = read_verdicts(folder / VERDICTS), reanalyse(folder, plan)
    if written is not None:
        _write(written, verdicts_text(found.verdict))
    for case, name, was, now in changes(old, found.verdict):
        click.echo(f"{case} {name or 'verdict'}:\n  old  {was}\n  new  {now}")
    return _told(found, same=plan is not None or verdicts_text(found.verdict) == (folder / VERDICTS).read_bytes())


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as err:
        raise ConfigError(f"{path}: the verdicts cannot be written there ({err.strerror})") from err


def _told(found: Reanalysis, *, same: bool) -> int:
    from harness.verdicts import EXIT_STATUS, Verdict

    if found.differs:
        click.echo(f"the samples are not what came over the wire: {found.differs}")
    if not same:
        click.echo("the same plan gives other verdicts than the run's own: it was changed, or judged by another version")
    click.echo(f"overall: {found.verdict.verdict}")
    return EXIT_STATUS[Verdict.INVALID if found.differs or not same else found.verdict.verdict]
