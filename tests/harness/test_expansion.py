"""One case table that stands for several: what it becomes, and what it cannot become."""

from __future__ import annotations

from typing import Any

import pytest

from harness.expansion import expanded

FLOW = {"id": "F", "title": "flow", "procedure": "steady-flow"}
IDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "neither matrix nor repeats": ({}, ["F"]),
    "matrix of one key": ({"matrix": {"rate": ["0.5 mL/h", "100 ug/day"]}}, ["F-0.5_mL_h", "F-100_ug_day"]),
    "every combination, the last key fastest": (
        {"matrix": {"rate": ["1 mL/h", "2 mL/h"], "place": [0, 1]}},
        ["F-1_mL_h-0", "F-1_mL_h-1", "F-2_mL_h-0", "F-2_mL_h-1"],
    ),
    "signs are told apart": ({"matrix": {"p": ["13.33 kPa", "-13.33 kPa"]}}, ["F-13.33_kPa", "F-minus_13.33_kPa"]),
    "repeats are numbered": ({"repeats": 3}, ["F-1", "F-2", "F-3"]),
    "one repeat is numbered too": ({"repeats": 1}, ["F-1"]),
    "both": ({"matrix": {"rate": ["1 mL/h"]}, "repeats": 2}, ["F-1_mL_h-1", "F-1_mL_h-2"]),
}
TEXTS: dict[str, tuple[dict[str, Any], list[str], list[Any]]] = {
    "a value of the matrix": ({"title": "at {rate}", "matrix": {"rate": ["1 mL/h", "2 mL/h"]}}, ["at 1 mL/h", "at 2 mL/h"], []),
    "the case's own value": ({"title": "at {rate}", "rate": "1 mL/h"}, ["at 1 mL/h"], []),
    "the number": ({"repeats": 2}, ["flow, 1", "flow, 2"], []),
    "what the operator is asked": ({"rate": "1 mL/h", "operator": ["set {rate}", 3]}, ["flow"], ["set 1 mL/h", 3]),
    "what is no text stays": ({"title": 3, "operator": "do it"}, [3], "do it"),  # type: ignore[dict-item]
    "no other braces": ({"title": "{Rate} {}"}, ["{Rate} {}"], []),
}
LIST = "needs a list of values for each key, like "
FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "matrix of no list": ({"matrix": {"rate": "1 mL/h"}}, "matrix", LIST),
    "matrix of an empty list": ({"matrix": {"rate": []}}, "matrix", LIST),
    "matrix that is none": ({"matrix": ["rate"]}, "matrix", LIST),
    "matrix of ids": ({"matrix": {"id": ["A", "B"]}}, "matrix", "cannot have 'id'"),
    "matrix of procedures": ({"matrix": {"procedure": ["bolus"]}}, "matrix", "cannot have 'procedure'"),
    "matrix of a key that is set": ({"rate": "1 mL/h", "matrix": {"rate": ["2 mL/h"]}}, "matrix", "has 'rate', and the case has"),
    "matrix of tables": ({"matrix": {"flow": [{"within": "1 %"}]}}, "matrix", "flow: a value is one text or number (found {"),
    "no repeats": ({"repeats": 0}, "repeats", "is a whole number from 1 to 500 (found 0)"),
    "half a repeat": ({"repeats": 1.5}, "repeats", "(found 1.5)"),
    "yes": ({"repeats": True}, "repeats", "(found True)"),
    "too many": ({"matrix": {"a": [1, 2]}, "repeats": 251}, "matrix", "stands for 502 cases, with repeats; 500 are the most"),
    "a place that nothing fills": ({"title": "at {speed}"}, "title", "{speed} is not filled: the case has no 'speed'"),
    "the same for the operator": ({"operator": ["set {speed}"]}, "operator", "{speed} is not filled"),
}


@pytest.mark.parametrize(("changes", "ids"), IDS.values(), ids=IDS)
def test_ids_say_which_case_it_is(changes: dict[str, Any], ids: list[str]) -> None:
    cases, origins, faults = expanded([{"id": "first"}, {**FLOW, **changes}])
    assert [case["id"] for case in cases[1:]] == ids
    assert origins == [0, *[1] * len(ids)]
    assert not faults
    assert not {"matrix", "repeats"} & {key for case in cases for key in case}


@pytest.mark.parametrize(("changes", "titles", "operator"), TEXTS.values(), ids=TEXTS)
def test_texts_name_the_values_of_their_case(changes: dict[str, Any], titles: list[str], operator: Any) -> None:
    cases, _, _ = expanded([{**FLOW, **changes}])
    assert [case["title"] for case in cases] == titles
    assert cases[0].get("operator", []) == operator


@pytest.mark.parametrize(("changes", "key", "what"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_expanded_is_told_by_table_and_key(changes: dict[str, Any], key: str, what: str) -> None:
    _, _, faults = expanded([FLOW, {**FLOW, **changes}])
    assert [(at, name) for at, name, _ in faults] == [(1, key)]
    assert what in faults[0][2]


@pytest.mark.parametrize("cases", [None, 3, "case", {"id": "F"}])
def test_what_is_no_list_is_left_to_the_model(cases: Any) -> None:
    assert expanded(cases) == (cases, [], [])


def test_what_is_no_table_is_left_to_the_model() -> None:
    assert expanded([3]) == ([3], [0], [])


def test_a_case_without_an_id_gets_none() -> None:
    assert "id" not in expanded([{"title": "t", "repeats": 2}])[0][0]
