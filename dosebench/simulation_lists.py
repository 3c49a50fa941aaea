"""What can be wrong on a simulated bench, and what it is made of, as Markdown tables that can be read as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from instruments.sim.faults import FAULTS
from instruments.sim.physics.parameters import Parameter, parameters
from instruments.sim.setup import PARTS, Setup


def fault_table() -> str:
    """What each fault does, the values that it takes, and the verdict that it deserves."""
    rows = ((f"`{fault.name}`", fault.does, fault.takes, fault.deserves) for fault in FAULTS.values())
    return _table(("fault", "what happens", "takes", "deserves"), rows)


def parameter_table() -> str:
    """Where each value stands in a bench file, its default, and where that is from."""
    return _table(("table", "key", "default", "from"), _parameter_rows())


def _parameter_rows() -> Iterator[Sequence[str]]:
    for part in PARTS:
        for parameter in parameters(getattr(Setup(), part)):
            yield f"`[simulation.{part}]`", f"`{parameter.key}`", _default(parameter), parameter.source


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        return "by formula"
    return f"{parameter.default:g} {parameter.unit}".rstrip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    told = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    told.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" if number != 1 else f"|-{line}-|" for number, line in enumerate(told))
