"""Plan and bench files as JSON Schema, for editors and other programs: what the models read, as a person writes it.

Quantities are text with a unit, ``null`` does not exist, and every key has its meaning: the sentence of a model's docstring that
names it, or its word in ``schema_words``. What a schema cannot say (that a dose and a volume agree) only the program checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, get_args

from pydantic import BaseModel

from harness.cases import Case
from harness.expansion import MATRIX, MOST_CASES, NOT_IN_A_MATRIX, REPEATS
from harness.files import Strict
from harness.plan import PYTHON, PlanFile
from harness.quantities import UNIT_KEY
from harness.remedies import in_words
from harness.schema_words import WORDS
from harness.stands import BenchFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
_BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
_SMALL = {"g": ("mg", 1000.0), "g/h": ("mg/h", 1000.0)}
_SIDES = ("within", "at_least", "at_most", "spec")
_SENTENCE_END = re.compile(r"(?<=[.;])\)?\s+")


def case_models() -> dict[str, type[Strict]]:
    """The model of each procedure that a plan file may name."""
    models = get_args(get_args(Case)[0])
    named = {get_args(model.model_fields["procedure"].annotation)[0]: model for model in models}
    return {name: model for name, model in sorted(named.items()) if name != PYTHON}


def plan_schema() -> Schema:
    """Of a plan file."""
    schema = _for_writers(PlanFile, "Plan of dosebench")
    tables, models = schema["$defs"], case_models()
    del tables["Spec"]["properties"]["rows"]
    schema["properties"]["case"]["items"] = {
        "type": "object",
        "required": ["procedure"],
        "properties": {"procedure": {"enum": list(models)}},
        "allOf": [_chosen(name, model.__name__) for name, model in models.items()],
    }
    for model in models.values():
        tables[model.__name__] = _expandable(tables[model.__name__])
    del tables["PythonCase"]
    for name in tables:
        if name.endswith("Limit"):
            sides = [key for key in _SIDES if key in tables[name]["properties"]]
            tables[name]["anyOf"] = [{"required": [key]} for key in sides]
    return schema


def bench_schema() -> Schema:
    """Of a bench file; what stands in ``[simulation]`` the simulators check."""
    return _for_writers(BenchFile, "Bench of dosebench")


def _for_writers(model: type[BaseModel], title: str) -> Schema:
    schema = model.model_json_schema()
    schema.pop("description", None)
    written: Schema = _written({"$schema": DIALECT, **schema, "title": title})
    for found in {model, *_models_in(model)}:
        _explain(written["$defs"].get(found.__name__, written), found)
    return written


def _models_in(model: Any) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        yield from _of_annotation(field.annotation)


def _of_annotation(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        yield from _models_in(annotation)
    yield from chain.from_iterable(_of_annotation(inner) for inner in get_args(annotation))


def _written(value: Any) -> Any:
    """Without what TOML has not, and with defaults as they would be written."""
    if isinstance(value, list):
        return [_written(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    schema = {key: _written(item) for key, item in value.items()}
    if isinstance(schema.get("properties"), dict):
        schema["properties"] = {key: _plain(item) for key, item in schema["properties"].items() if item.get("type") != "null"}
    return schema


def _plain(schema: Schema) -> Schema:
    """One property: no ``null``, no title made of its own name, its default with a unit."""
    variants = [one for one in schema.pop("anyOf", []) if one.get("type") != "null"]
    found = {**schema, **(variants[0] if len(variants) == 1 else {"anyOf": variants} if variants else {})}
    found.pop("title", None)
    default = found.pop("default", None)
    if default is None:
        return found
    return {**found, "default": as_written(default, found.get(UNIT_KEY, found.get("items", {}).get(UNIT_KEY, "")))}


def as_written(value: Any, unit: str) -> Any:
    """A default as a person would write it."""
    if isinstance(value, list | tuple):
        return [as_written(item, unit) for item in value]
    if not unit or isinstance(value, str):
        return value
    if unit == "s":
        return in_words(value).strip('"')
    small, times = _SMALL[unit] if unit in _SMALL and 0 < abs(value) < 0.1 else (unit, 1.0)
    return f"{value * times:g} {small}"


def _explain(schema: Schema, model: type[BaseModel]) -> None:
    """Descriptions: of the table the model's, of its keys the sentences that name them, and what bounds a value."""
    schema["description"] = _told(model)
    for key, found in schema["properties"].items():
        found["description"] = " ".join(filter(None, (meaning(model, key), _in_brackets(bounds(found)))))
        for part in (found, found.get("items", {})):
            _without(part, *_BOUNDS)


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


def _without(schema: Schema, *keys: str) -> None:
    for key in keys:
        schema.pop(key, None)


def _told(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split()).replace("``", "`")


def meaning(model: type[BaseModel], key: str) -> str:
    """What a key is for: its word for this model, else the sentences about it in the docstrings of the model and of those that
    it was made from, else its word."""
    names = [f"{one.__name__}.{key}" for one in model.__mro__]
    if own := [WORDS[name] for name in names if name in WORDS]:
        return own[0]
    said = [part for one in model.__mro__ if one is not BaseModel for part in _sentences(one.__dict__.get("__doc__") or "")]
    named = [part.rstrip(";.").removeprefix(f"``{key}``: ") for part in said if f"``{key}``" in part]
    return (". ".join(dict.fromkeys(named)) or WORDS.get(key, "")).replace("``", "`")


def _sentences(docstring: str) -> list[str]:
    return _SENTENCE_END.split(" ".join(docstring.split()))


def bounds(schema: Schema) -> str:
    """``more than 0, at most 255``: in the unit that its default and its examples have."""
    item = schema.get("items", {}) if schema.get("type") == "array" else schema
    told = [f"{words} {item[key]:g} {item.get(UNIT_KEY, '')}".strip() for key, words in _BOUNDS.items() if key in item]
    return ", ".join(told)


def _chosen(name: str, model: str) -> Schema:
    """An editor then speaks of the keys of this procedure alone."""
    return {"if": {"properties": {"procedure": {"const": name}}}, "then": {"$ref": f"#/$defs/{model}"}}


def _expandable(case: Schema) -> Schema:
    """A case may stand for several: what it needs may then be in its matrix."""
    keys = {key: found for key, found in case["properties"].items() if key not in NOT_IN_A_MATRIX}
    needed = [key for key in case["required"] if key in keys]
    lists = {key: {"type": "array", "items": _bare(found), "minItems": 1} for key, found in keys.items() if _is_one(found)}
    matrix = {"type": "object", "properties": lists, "additionalProperties": False, "description": WORDS[MATRIX]}
    repeats = {"type": "integer", "minimum": 1, "maximum": MOST_CASES, "default": 1, "description": WORDS[REPEATS]}
    return {
        **case,
        "properties": {**case["properties"], MATRIX: matrix, REPEATS: repeats},
        "required": [key for key in case["required"] if key not in needed],
        "allOf": [{"anyOf": [{"required": [key]}, _in_matrix(key)]} for key in needed],
    }


def _bare(schema: Schema) -> Schema:
    return {key: schema[key] for key in ("type", "enum") if key in schema}


def _is_one(schema: Schema) -> bool:
    """A matrix is of texts and numbers."""
    return schema.get("type") in ("string", "number", "integer", "boolean")


def _in_matrix(key: str) -> Schema:
    return {"required": [MATRIX], "properties": {MATRIX: {"required": [key]}}}
