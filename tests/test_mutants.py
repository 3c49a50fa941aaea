"""The table of mutants: each breaks one place that is there, under a name of its own, and names tests that are there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.mutants import MUTANTS, SURVIVORS
from benchmarks.mutants.mutant import Mutant
from tests.conftest import ROOT

FEWEST = 40


def test_there_are_enough_under_names_of_their_own() -> None:
    assert len(MUTANTS) >= FEWEST
    assert [name for name, count in Counter(mutant.name for mutant in MUTANTS).items() if count > 1] == []
    assert set(SURVIVORS) <= {mutant.name for mutant in MUTANTS}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_has_its_place_and_its_tests(mutant: Mutant) -> None:
    assert mutant.line(ROOT) > 0
    assert mutant.new != mutant.old
    assert [test for test in mutant.tests if not is_there(test)] == []


def is_there(test: str) -> bool:
    file, _, function = test.partition("::")
    path = ROOT / file
    return path.is_file() and (not function or f"\ndef {function}(" in path.read_text(encoding="utf-8"))


BROKEN = Mutant("a sign", "sign.py", "a - b", "b - a", ())


def test_a_file_is_broken_and_whole_again(tmp_path: Path) -> None:
    path = tmp_path / "sign.py"
    path.write_bytes(b"c = 1\r\nd = a - b\n")
    with BROKEN.broken(tmp_path):
        assert path.read_bytes() == b"c = 1\r\nd = b - a\n"
    assert path.read_bytes() == b"c = 1\r\nd = a - b\n"


@pytest.mark.parametrize("text", ["", "a - b - c, a - b"])
def test_a_text_that_is_not_there_once_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "sign.py").write_text(text)
    with pytest.raises(ValueError, match=r"a sign: sign\.py has this text [02] times, and not once: 'a - b'"):
        BROKEN.line(tmp_path)
