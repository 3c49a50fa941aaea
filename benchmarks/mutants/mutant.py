"""One place where the harness is broken on purpose, and the tests that have to go red there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Row = tuple[str, str, str, str]
"""Name, the text as it stands, the text in its place, and the tests that have to go red."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``name`` says in the field's words what is broken; ``tests`` are pytest's node ids, as few as show it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def line(self, root: Path) -> int:
        """Where the text begins. Raises ValueError unless it occurs exactly once: else nothing is broken, or something else."""
        text = (root / self.file).read_text(encoding="utf-8")
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.name}: {self.file} has this text {count} times, and not once: {self.old!r}")
        return text[: text.index(self.old)].count("\n") + 1

    @contextmanager
    def broken(self, root: Path) -> Iterator[None]:
        """In here the file below ``root`` has the new text. Raises ValueError as ``line`` does."""
        self.line(root)
        path = root / self.file
        sound = path.read_bytes()
        path.write_bytes(sound.replace(self.old.encode("utf-8"), self.new.encode("utf-8")))
        try:
            yield
        finally:
            path.write_bytes(sound)


def in_file(file: str, tests: str, *rows: Row) -> Iterator[Mutant]:
    """Mutants of one file. Tests are named by their functions in ``tests``, or with the path of the file that has
    them; all of ``tests`` where none is named."""
    for name, old, new, told in rows:
        named = tuple(one if "/" in one else f"{tests}::{one}" for one in told.split())
        yield Mutant(name, file, old, new, named or (tests,))
