"""The commands of a prototype that has another tree than the manual: the same acts under other headers, in other units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from instruments.sim.scpi import Answer, Command, Given, Tree
from instruments.wire import scpi as wire
from instruments.wire import scpi_parameters
from instruments.wire.scpi import Kind, Parameter, Unit
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_pump_commands import STANDARD, VALUE, Commands, Form, Shape, forms
from instruments.wire.scpi_response import nr3, number

_MARK = "99887766"
"""Stands for the value where a template is taken apart."""


def rewritten(usual: Mapping[str, Command], given: Commands) -> dict[str, Command]:
    """``usual``, where what ``given`` names is known under its other header only. Raises ConfigError as ``forms`` does."""
    tree = Tree(usual)
    others = {name: form for name, form in forms(given).items() if name in given}
    gone = {_command(tree, text) for name in others for text in (STANDARD[name].query, STANDARD[name].set) if text}
    kept = {header: command for header, command in usual.items() if command not in gone}
    return {**_headers(tree, others), **kept}


def _headers(tree: Tree, others: Mapping[str, Form]) -> dict[str, Command]:
    """The commands by their new headers; query and setting of one name may have two, those of two names may have one."""
    found: dict[str, Command] = {}
    for name, form in others.items():
        if form.query:
            header, count = _header(form.query)
            asked = _asked(_command(tree, STANDARD[name].query).query, form)
            found[header] = replace(found.get(header, Command()), query=asked, asks=(count, count))
        if form.set:
            header, count = _header(form.set)
            command = _command(tree, STANDARD[name].set)
            takes = command.takes if form.shape is Shape.STEPS else (count, count)
            found[header] = replace(found.get(header, Command()), set=_told(command.set, form), takes=takes)
    return found


def _unit(text: str) -> Unit:
    return next(iter(wire.decode_message(text.replace(VALUE, _MARK).encode("ascii") + wire.END)))


def _command(tree: Tree, text: str) -> Command:
    return tree.find(_unit(text).header)[0]


def _header(text: str) -> tuple[str, int]:
    """Its pattern as it was written (which may have capitals and small letters), and how many parameters there are."""
    unit = _unit(text)
    return text.split(maxsplit=1)[0].rstrip("?").lstrip(":"), len(unit.parameters)


def _asked(usual: Any, form: Form) -> Callable[[Any, Given], str]:
    """The query of the manual, its answer in the prototype's unit or words."""
    words = {meant: said for said, meant in form.words.items()}
    template = _unit(form.query).parameters

    def ask(pump: Any, given: Given) -> str:
        answer = str(usual(pump, _given(given, _values(given, template))))
        if form.shape is Shape.NUMBER and form.factor != 1.0:
            return nr3(number(f"{answer}\n".encode("ascii")) / form.factor)
        return words.get(answer, answer)

    return ask


def _told(usual: Any, form: Form) -> Callable[[Any, Given], Answer]:
    """The setting of the manual, with the parameter that stands where the template has its value."""
    if form.shape is not Shape.NUMBER:
        return usual  # type: ignore[no-any-return]
    template = _unit(form.set).parameters

    def tell(pump: Any, given: Given) -> Answer:
        (value,) = _values(given, template)
        scaled = Parameter(Kind.NUMBER, f"{scpi_parameters.number(value) * form.factor:.12g}")
        return usual(pump, _given(given, (scaled,)))  # type: ignore[no-any-return]

    return tell


def _given(given: Given, parameters: tuple[Parameter, ...]) -> Given:
    return Given(replace(given.unit, parameters=parameters), given.suffixes, -224)


def _values(given: Given, template: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """The parameters that stand for a value. Raises ScpiError -224 where a fixed one is another."""
    pairs = list(zip(given.unit.parameters, template, strict=True))
    if any(written.value.upper() != fixed.value.upper() for written, fixed in pairs if fixed.value != _MARK):
        raise ScpiError(-224)
    return tuple(written for written, fixed in pairs if fixed.value == _MARK)
