"""``dosebench instruments``: which drivers there are, and what each can do."""

from __future__ import annotations

import click

from instruments.driver import CAPABILITIES, Driver
from instruments.drivers import KINDS, drivers


@click.command("instruments")
def list_instruments() -> int:
    """List the drivers by the name that goes into a bench file, with usual line settings, options and capabilities."""
    for kind in KINDS:
        click.echo(f"{kind}:")
        for name, driver in sorted(drivers(kind).items()):
            click.echo(f"  {name:20} {_line(driver)}")
            click.echo(f"  {'':20} can: {', '.join(sorted(driver.can))}")
    click.echo("\nwhat the words mean, for 'requires' in a plan:")
    for word, meaning in CAPABILITIES.items():
        click.echo(f"  {word:20} {meaning}")
    return 0


def _line(driver: Driver[object]) -> str:
    line = driver.line
    options = ", ".join(driver.options.__dataclass_fields__)
    return f"{line.baudrate} {line.bytesize}{line.parity}{line.stopbits}" + (f"; options: {options}" if options else "")
