"""The requirements file: what the cases of plans answer to, and what no bench can show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.files import Strict, read_toml, validated

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, Field(min_length=1)]


class Requirement(Strict):
    """One requirement, and its ``source`` as a reader finds it.

    ``limits``: what the limits of its cases rest on. They are stated by the source, published for pumps of the kind, or proposed
    by the project, which whoever uses a plan confirms. ``on_bench``: what a bench shows of it, where that is not all.
    ``out_of_scope``: why no bench test can show it.
    """

    text: Text
    source: Text
    limits: Literal["stated", "published", "proposed"] | None = None
    on_bench: str = ""
    out_of_scope: Text | None = None

    @model_validator(mode="after")
    def _is_tested_or_not(self) -> Requirement:
        if (self.limits is None) == (self.out_of_scope is None):
            raise ValueError(
                "needs one of two: limits (stated, published or proposed), or out_of_scope with the reason why no bench shows it"
            )
        return self


class RequirementsFile(Strict):
    """The tables of a requirements file."""

    requirement: Annotated[dict[Id, Requirement], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file as read."""

    path: Path
    sha256: str
    of: Mapping[str, Requirement]


def load_requirements(path: Path) -> Requirements:
    """Raises ConfigError with file, line and key of every fault."""
    tables, text = read_toml(path)
    file = validated(RequirementsFile, tables, path, text)
    return Requirements(path, hashlib.sha256(text.encode("utf-8")).hexdigest(), file.requirement)
