"""``dosebench sim``: the simulators of a bench for any other program, and what can be told and done to them."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.bench import load_bench

if TYPE_CHECKING:
    from instruments.sim.server import Addresses, Server

_PATH = click.Path(path_type=Path)


@click.group()
def sim() -> None:
    """Simulated instruments for other programs."""


@sim.command()
@click.option("--bench", type=_PATH, required=True, help="The bench file, of a simulated bench or of a real one.")
@click.option("--fault", multiple=True, metavar="SPEC", help="A fault, like balance-unplug:at=10min,for=30s; may be repeated.")
@click.option("--seed", type=int, help="Seed of the simulation.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="How many times faster than real time.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; anything else lets the network in.")
@click.option("--tcp-port", type=click.IntRange(1, 65535), help="First TCP port, two for each device; any free ones unless told.")
@click.option("--link-dir", type=_PATH, help="Folder for symbolic links to the ptys, named by role.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line instead of the table.")
def serve(
    bench: Path,
    fault: tuple[str, ...],
    seed: int | None,
    speed: float,
    host: str,
    tcp_port: int | None,
    link_dir: Path | None,
    as_json: bool,  # noqa: FBT001 - click hands flags over like this
) -> int:
    """Put every simulator of a bench on a pty and on TCP (raw and RFC 2217), in real time, until Ctrl-C or SIGTERM.

    A device has one line: it hears all its clients, and all of them hear it. Each TCP address takes one client at a time.
    """
    from instruments.sim.bench import build_bench
    from instruments.sim.server import Server

    read = load_bench(bench)
    simulated = build_bench(read.id, _tables(read.tables, fault, seed))
    server = Server(simulated, speed=speed, host=host, first_port=tcp_port, link_dir=link_dir)
    with _ended_by_signals(server):
        click.echo(_line(server.addresses) if as_json else _table(server.addresses))
        server.serve()
    if server.lost:
        click.echo(f"{server.lost} bytes were lost: clients had the line open and did not read", err=True)
    return 0


@sim.command()
def faults() -> int:
    """List the faults: what each does, its values, and the verdict it deserves."""
    from dosebench.simulation_lists import fault_table

    click.echo(fault_table())
    return 0


@sim.command()
def parameters() -> int:
    """List what the simulated bench is made of: where each value stands in a bench file, its default, and where that is from."""
    from dosebench.simulation_lists import parameter_table

    click.echo(parameter_table())
    return 0


def _tables(tables: Mapping[str, Any], faults: tuple[str, ...], seed: int | None) -> dict[str, Any]:
    """The bench file's tables with what the command line adds to the simulation, also where a real bench has none."""
    simulation = dict(tables.get("simulation") or {})
    simulation["faults"] = [*simulation.get("faults", []), *faults]
    return {**tables, "simulation": simulation | ({} if seed is None else {"seed": seed})}


@contextmanager
def _ended_by_signals(server: Server) -> Iterator[None]:
    before = {number: signal.signal(number, lambda *_: server.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _line(addresses: Mapping[str, Addresses]) -> str:
    """``pty`` is null on a system that has none; ``link`` is there when links were asked for."""
    return json.dumps({role: _entry(found) for role, found in addresses.items()})


def _entry(found: Addresses) -> dict[str, str | None]:
    return {key: value for key, value in asdict(found).items() if key != "link" or value}


def _table(addresses: Mapping[str, Addresses]) -> str:
    rows = [("role", "pty", "raw TCP", "RFC 2217")]
    rows += [(role, entry.link or entry.pty or "-", entry.tcp, entry.rfc2217) for role, entry in addresses.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", "SIMULATED: no real instrument is behind these. Ctrl-C ends them."])
