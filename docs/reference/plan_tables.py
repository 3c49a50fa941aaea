"""Writes what is generated into ``plan.md`` and the schemas beside it: ``python -m docs.reference.plan_tables``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dosebench.planning import schema_text
from harness.cases.base import CaseBase
from harness.quantities import UNIT_KEY
from harness.schema import case_models, plan_schema
from harness.stands import ROLES
from instruments.driver import CAPABILITIES

HERE = Path(__file__).parent
PAGE = HERE / "plan.md"
SCHEMAS = {"plan.schema.json": "plan", "bench.schema.json": "bench"}
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = "| key | unit | default | meaning |\n|---|---|---|---|\n"
_OF_ALL = ("matrix", "repeats")


def page() -> str:
    """The page with every generated block as it has to be."""
    schema = plan_schema()
    made = {name: make(schema) for name, make in BLOCKS.items()}
    return _BLOCK.sub(lambda block: f"{block[1]}{made[block[2]]}{block[3]}", PAGE.read_text(encoding="utf-8"))


def _rows(table: Mapping[str, Any], keys: Iterator[str] | list[str]) -> str:
    needed = {*table.get("required", ()), *_in_either(table)}
    return _HEAD + "".join(_row(key, table["properties"][key], needed=key in needed) for key in keys)


def _in_either(table: Mapping[str, Any]) -> list[str]:
    """What a case needs, be it in its matrix."""
    return [key for part in table.get("allOf", ()) for key in part["anyOf"][0]["required"]]


def _row(key: str, found: Mapping[str, Any], *, needed: bool) -> str:
    told = found["description"].replace("|", "\\|").strip()
    return f"| `{key}` | {_kind(found)} | {'required' if needed else _default(found)} | {told} |\n"


def _kind(found: Mapping[str, Any]) -> str:
    if "$ref" in found:
        return _limit(found["$ref"])
    if UNIT_KEY in found:
        return ", ".join(one.partition(" ")[2] for one in found["examples"])
    if "enum" in found:
        return "one of " + ", ".join(f"`{one}`" for one in found["enum"])
    if found.get("type") == "array":
        return f"list of {_kind(found['items'])}"
    return {"string": "text", "object": "table", "integer": "count", "number": "number"}.get(found.get("type", ""), "see meaning")


def _limit(ref: str) -> str:
    name = ref.rpartition("/")[2]
    return f"[{name}](#limits)" if name.endswith("Limit") else "table, see below"


def _default(found: Mapping[str, Any]) -> str:
    default = found.get("default", "")
    return "-" if default in ("", [], {}) else f"`{default}`"


def _tables(schema: Mapping[str, Any]) -> str:
    named = (("plan", "Head"), ("drug", "Drug"), ("spec", "Spec"), ("preparation", "Preparation"))
    return "\n".join(f"### `[{name}]`\n\n{_rows(schema['$defs'][of], schema['$defs'][of]['properties'])}" for name, of in named)


def _common(schema: Mapping[str, Any]) -> str:
    table = schema["$defs"]["BolusCase"]
    return _rows(table, [*CaseBase.model_fields, "procedure", *_OF_ALL])


def _after(schema: Mapping[str, Any]) -> str:
    return _rows(schema["$defs"]["After"], schema["$defs"]["After"]["properties"])


def _limits(schema: Mapping[str, Any]) -> str:
    models = {name: table for name, table in schema["$defs"].items() if name.endswith("Limit")}
    head = "| limit | unit | within | of |\n|---|---|---|---|\n"
    rows = [
        f"| `{name}` | {table['properties']['at_most'][UNIT_KEY]} | {'yes' if 'within' in table['properties'] else 'no'} | "
        f"{_what(table['description'])} |\n"
        for name, table in sorted(models.items())
    ]
    keys = _rows(models["PercentLimit"], models["PercentLimit"]["properties"])
    return f"{keys}\n{head}{''.join(rows)}"


def _what(description: str) -> str:
    """A limit without words of its own has those of all limits."""
    return "-" if not description or description.startswith("`within`") else description


def _procedures(schema: Mapping[str, Any]) -> str:
    return "\n".join(_procedure(name, schema["$defs"][model.__name__], model) for name, model in case_models().items())


def _procedure(name: str, table: Mapping[str, Any], model: Any) -> str:
    own = [key for key in table["properties"] if key not in {*CaseBase.model_fields, "procedure", *_OF_ALL}]
    needs = ", ".join(f"{role}: `{what}`" for role, what in model.instruments if what)
    asks = " Somebody is asked for steps by hand." if model.asks else ""
    return f"### `{name}`\n\n{table['description']}\n\nNeeds {needs or 'no capability'}.{asks}\n\n{_rows(table, own)}"


def _capabilities(_: Mapping[str, Any]) -> str:
    rows = "".join(f"| `{name}` | {told} |\n" for name, told in CAPABILITIES.items())
    return f"Roles: {', '.join(f'`{role}`' for role in ROLES)}.\n\n| capability | the instrument |\n|---|---|\n{rows}"


BLOCKS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "tables": _tables,
    "common": _common,
    "after": _after,
    "limits": _limits,
    "procedures": _procedures,
    "capabilities": _capabilities,
}


def write() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    for name, of in SCHEMAS.items():
        (HERE / name).write_text(schema_text(of), encoding="utf-8")


if __name__ == "__main__":
    write()
