"""``dosebench discover``: what is connected, and the beginning of a bench file for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from harness.bench import load_bench
from instruments.discovery import Found, ask, resources, skeleton


@click.command()
@click.argument("address", nargs=-1)
@click.option("--bench", type=click.Path(path_type=Path), help="Ask at the addresses of this bench file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per address instead of words.")
def discover(address: tuple[str, ...], bench: Path | None, as_json: bool) -> int:  # noqa: FBT001 - click hands flags over like this
    """Ask what is connected, with questions that move, tare and set nothing.

    Without ADDRESS all serial ports and VISA instruments of this machine are asked. Devices on the network cannot be listed:
    name them, like socket://192.168.0.20:4001 or TCPIP::192.168.0.20::5025::SOCKET.
    """
    stands = load_bench(bench) if bench is not None else None
    found = []
    for name in address or (dict.fromkeys(stands.addresses.values()) if stands else resources()):
        found.append(ask(name, stands.tables if stands else None))
        click.echo(json.dumps(asdict(found[-1])) if as_json else _line(found[-1]))
    if not found:
        click.echo("no serial port and no VISA instrument is there; name network addresses yourself")
    elif not as_json and any(thing.driver for thing in found):
        click.echo(f"\nA bench file could begin like this:\n\n{skeleton(found)}")
    return 0


def _line(found: Found) -> str:
    if found.identity is None:
        return f"{found.address}: {found.told}"
    parts = (found.identity.model, found.identity.serial and f"serial {found.identity.serial}", found.identity.firmware)
    told = ", ".join(part for part in parts if part) or "gives no name"
    return f"{found.address}: {told} (driver {found.driver})"
