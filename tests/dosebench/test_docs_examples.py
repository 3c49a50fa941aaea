"""What the pages on mappings and uncertainty show is what the program reads, computes and prints."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from click.testing import CliRunner

from dosebench.cli import app
from harness.bench import load_bench
from harness.campaign import Campaign
from harness.mapping import MappingFile
from harness.metrology.rules import Spread, decide
from harness.plan import load_plan, plan_from
from harness.recording import load_recording
from harness.replay import Replay
from harness.requests import AnyRequest
from instruments.errors import BenchError
from reports.numbers import limits, measured
from reports.tables import _budget_cells
from tests.conftest import ROOT

MAPPING = ROOT / "docs" / "reference" / "mapping.md"
HOW_TO = ROOT / "docs" / "how-to" / "analyse-a-recording.md"
UNCERTAINTY = ROOT / "docs" / "explanation" / "uncertainty.md"
VECTORS = ROOT / "tests" / "data" / "vectors"
REAL = ROOT / "tests" / "data" / "real-gravimetric"

REQUESTS = {model.model_fields["kind"].annotation.__args__[0]: model for model in get_args(get_args(AnyRequest)[0])}
_NO = Decimal(0)
_DRAWN = {"expanded_uncertainty", "coverage_factor", "standard_uncertainty", "interval"}
_DRAWS_SHARE = 0.02
TABLES = {
    name: field
    for name, field in MappingFile.model_fields.items()
    if name not in {"analysis", "exclude", "period"}
}  # fmt: skip


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of every fenced block, in order."""
    return iter(re.findall(r"```(\w*)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))


def mappings(page: Path) -> list[str]:
    return [text for language, text in blocks(page) if language == "toml" and "[recording]" in text]


def examples(page: Path) -> list[tuple[str, list[str]]]:
    """Each mapping that says in its first line which recording it is for, with the results that follow it."""
    found: list[tuple[str, list[str]]] = []
    for language, text in blocks(page):
        if language == "toml" and "[recording]" in text:
            found.append((text, []))
        elif language == "json" and found:
            found[-1][1].append(text)
    return [(text, told) for text, told in found if text.startswith("#")]


def titles(page: Path) -> list[str]:
    return [str(tomllib.loads(text)["recording"]["title"]) for text, _ in examples(page)]


@pytest.fixture
def recordings(tmp_path: Path) -> Mapping[str, Path]:
    """The recording of an example, by the first words of its first line."""
    masses = json.loads((VECTORS / "bolus_25_expected.json").read_text(encoding="utf-8"))["mass_mg"]
    boluses, every = tmp_path / "boluses.csv", tmp_path / "every.csv"
    boluses.write_text("bolus,mass_mg\n" + "".join(f"{at},{mass}\n" for at, mass in enumerate(masses, 1)), encoding="utf-8")
    every.write_text(_every_csv(), encoding="utf-8")
    return {"boluses.csv": boluses, "t_s,mass_g,rate_ml_h,p_kpa": every}


def _every_csv() -> str:
    """Off, 2 mL/h, 6 mL/h, an occlusion with its bolus, off, keep-open with three small boluses, 5 mL/h until empty."""
    t_s = np.arange(0, 15301.0)
    told = np.select([t_s < 1800, t_s < 5400, t_s < 9600, t_s < 10800, t_s < 12600], [0, 2, 6, 0, 0.5], 5.0)
    flow = np.select([t_s < 9000, t_s < 9600, t_s < 9605, t_s < 13500], [told, 0, 360, told], 0.0)
    for start_s in (10860, 10980, 11100):
        flow[(t_s >= start_s) & (t_s < start_s + 10)] += 3.6
    volume_ml = np.concatenate([[0], np.cumsum(flow[:-1]) / 3600])
    mass_g = 35 + volume_ml / 1.003 + 1e-4 * np.random.default_rng(1).standard_normal(len(t_s))
    kpa = np.where((t_s > 9000) & (t_s < 9600), np.minimum(50, (t_s - 9000) * 50 / 360), 1.0)
    rows = zip(t_s, mass_g, told, kpa, strict=True)
    return "t_s,mass_g,rate_ml_h,p_kpa\n" + "".join(f"{t:.0f},{mass:.4f},{rate:g},{p:.2f}\n" for t, mass, rate, p in rows)


def analysed(mapping: str, recordings: Mapping[str, Path], folder: Path) -> Any:
    """What the command writes."""
    name = mapping.splitlines()[0].lstrip("# ").split(":")[0].split(";")[0]
    file, results = folder / "mapping.toml", folder / "results.json"
    file.write_text(mapping, encoding="utf-8")
    asked = ["analyse", str(recordings.get(name, ROOT / name)), "--map", str(file), "--json", str(results)]
    done = CliRunner().invoke(app, asked, standalone_mode=False)
    assert done.exception is None, done.exception
    return json.loads(results.read_text(encoding="utf-8"))


def agree(shown: Any, found: Any, where: str, allowed: Decimal = _NO) -> None:
    """Everything that is shown is found: names and words as they are, numbers to the digits shown.

    What draws have a part in may also differ by what draws leave open: other draws are no other uncertainty.
    """
    match shown:
        case dict():
            for key, value in shown.items():
                agree(value, found[key], f"{where}.{key}", _left_open(key, found))
        case list() if shown and isinstance(shown[0], dict):
            for at, value in enumerate(shown):
                same = [one for one in found if one["id"] == value.get("id", one["id"])]
                agree(value, same[0], f"{where}[{value.get('id', at)}]")
        case list():
            assert len(shown) == len(found), where
            for at, value in enumerate(shown):
                agree(value, found[at], f"{where}[{at}]", allowed)
        case Decimal():
            place = Decimal(1).scaleb(int(shown.as_tuple().exponent))
            assert abs(Decimal(repr(float(found))) - shown) <= place / 2 + allowed, f"{where}: shown {shown}, found {found}"
        case _:
            assert shown == found, f"{where}: shown {shown}, found {found}"


def _left_open(key: str, found: Mapping[str, Any]) -> Decimal:
    if found.get("method") != "Monte Carlo" or key not in _DRAWN:
        return _NO
    of = "expanded_uncertainty" if key == "interval" else key
    return Decimal(repr(_DRAWS_SHARE * found[of]))


def read_shown(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize(
    ("page", "title"), [(page, title) for page in (MAPPING, HOW_TO) for title in titles(page)], ids=lambda given: str(given)[-30:]
)
def test_an_example_gives_what_the_page_shows(page: Path, title: str, recordings: Mapping[str, Path], tmp_path: Path) -> None:
    mapping, told = examples(page)[titles(page).index(title)]
    found = analysed(mapping, recordings, tmp_path)
    assert len(found["results"]) == mapping.count("[[analysis]]")
    for text in told:
        agree(read_shown(text), found, title)


def test_a_wrong_figure_on_a_page_would_be_seen() -> None:
    agree(read_shown('{"value": 1.25}'), {"value": 1.2549}, "")
    with pytest.raises(AssertionError, match=r"value: shown 1\.25, found 1\.256"):
        agree(read_shown('{"value": 1.25}'), {"value": 1.256}, "")


def test_every_mapping_of_both_pages_is_read() -> None:
    read = [MappingFile.model_validate(tomllib.loads(text)) for page in (MAPPING, HOW_TO) for text in mappings(page)]
    assert {request.kind for file in read for request in file.analysis} == set(REQUESTS)


PLAIN = """
[recording]
title = "A table"
[columns]
time = { name = "t_s", unit = "s" }
mass = { name = "mass_g", unit = "g" }
"""
FLOW = '[[analysis]]\nkind = "flow"\n'
EVERY_MINUTE = tuple(f"{60 * row},{row / 100}" for row in range(121))
REFUSED = {
    "a quantity needs its unit, as text": (f"{PLAIN}[liquid]\ndensity = 0.998\n{FLOW}", EVERY_MINUTE),
    "analysis 1: sample_intervall: unknown key": (
        f'{PLAIN}[[analysis]]\nkind = "pulsation"\nrate = "5 mL/h"\nsample_intervall = "1 min"\n', EVERY_MINUTE
    ),
    "columns.time: ... has no column 'time'; it has i, t_min, mass_g": (f"{PLAIN.replace('t_s', 'time')}{FLOW}", EVERY_MINUTE),
    "a window of 132 s is not a whole number of sample intervals of 30 s": (
        f'{PLAIN}[[analysis]]\nkind = "trumpet"\nrate = "5 mL/h"\nsample_interval = "30 s"\nwindows = ["132 s"]\n', EVERY_MINUTE
    ),
    "from 0 s to 7260 s: the recording has 0 s to 7200 s after its first row": (f'{PLAIN}{FLOW}end = "121 min"\n', EVERY_MINUTE),
    "the readings go from 30.000 s to 7200.000 s; they do not cover the period": (
        f'{PLAIN}[[analysis]]\nkind = "pulsation"\nrate = "5 mL/h"\nsample_interval = "1 min"\n',
        ("0,", "30,0", *EVERY_MINUTE[1:]),
    ),
    "leave nothing between levels of 60 s at both ends": (f'{PLAIN}{FLOW}end = "2 min"\nlevel = "60 s"\n', EVERY_MINUTE),
    "1 of 25 rows have no mass; a table of weighings needs one in every row": (
        f'{PLAIN}[[analysis]]\nkind = "boluses"\nweighings = "each"\nvolume = "10 uL"\n', (*EVERY_MINUTE[:24], "1440,")
    ),
    "a needle of 30 mm does not go into a vessel of 30 mm": (
        f'{PLAIN}[needle]\nouter_diameter = "30 mm"\n[vessel]\ninner_diameter = "30 mm"\n{FLOW}', EVERY_MINUTE
    ),
    "two [[analysis]] have the id 'T1'": (f"{PLAIN}{FLOW}id = 'T1'\n{FLOW}id = 'T1'\n", EVERY_MINUTE),
    "the recording does not say what was commanded": (f'{PLAIN}[[analysis]]\nkind = "no-flow"\n', EVERY_MINUTE),
    "asks for nothing: add an [[analysis]]": (PLAIN, EVERY_MINUTE),
    "needs at least two rows, and a time that never stands still or goes back": (f"{PLAIN}{FLOW}", ("0,1", "0,2")),
}  # fmt: skip
"""By what the page says: a mapping, and the rows of the recording."""


def test_every_refusal_of_the_page_is_tried() -> None:
    told = MAPPING.read_text(encoding="utf-8").split("## What is refused")[1]
    assert re.findall(r"^\| `(.*?)` \|", told, re.MULTILINE) == list(REFUSED)


@pytest.mark.parametrize("told", REFUSED)
def test_what_the_page_calls_refused_is(told: str, tmp_path: Path) -> None:
    text, rows = REFUSED[told]
    mapping, recording = tmp_path / "mapping.toml", tmp_path / "recording.csv"
    mapping.write_text(text, encoding="utf-8")
    recording.write_text("\n".join(["t_s,mass_g", *rows]) + "\n", encoding="utf-8")
    asked = ["analyse", str(recording), "--map", str(mapping), "--json", str(tmp_path / "results.json")]
    done = CliRunner().invoke(app, asked, standalone_mode=False)
    assert isinstance(done.exception, BenchError)
    assert told.replace("... has", "recording.csv has").replace("i, t_min, mass_g", "t_s, mass_g") in str(done.exception)


def section(heading: str) -> str:
    """From a heading of the reference to the next of the same depth or less."""
    text = MAPPING.read_text(encoding="utf-8")
    level = heading.split(" ")[0]
    return text[text.index(f"\n{heading}") :].split(f"\n{level} ", 2)[1]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_key_of_a_table_is_explained(table: str) -> None:
    told = section("### `[needle]` and `[vessel]`" if table in {"needle", "vessel"} else f"### `[{table}]`")
    model = TABLES[table].annotation
    model = next((one for one in get_args(model) if one is not type(None)), model)
    missing = [key for key in model.model_fields if f"`{key}`" not in told]
    assert missing == []


@pytest.mark.parametrize("kind", sorted(REQUESTS))
def test_every_key_of_a_kind_is_explained(kind: str) -> None:
    told = section(f"### `{kind}`") + section("## Kinds of analysis").split("###")[0]
    assert [key for key in REQUESTS[kind].model_fields if f"`{key}`" not in told] == []


def test_every_name_in_a_result_is_explained(recordings: Mapping[str, Path], tmp_path: Path) -> None:
    seen: dict[str, set[str]] = {}
    for mapping, _ in examples(MAPPING):
        for result in analysed(mapping, recordings, tmp_path)["results"]:
            seen.setdefault(result["kind"], set()).update(result)
    assert set(seen) == set(REQUESTS)
    common = {"id", "kind", "from_s", "to_s"}
    missing = {
        kind: [name for name in names - common if f"`{name}`" not in section(f"### `{kind}`")] for kind, names in seen.items()
    }
    assert {kind: names for kind, names in missing.items() if names} == {}


def test_the_recording_is_judged_as_the_page_shows(tmp_path: Path) -> None:
    recording = load_recording(REAL / "nitric_acid_dosing_hh79.csv", REAL / "mapping.toml")
    replay = Replay(load_plan(REAL / "plan.toml"), recording, tmp_path)
    for case in replay.plan.cases:
        replay.run_case(case)
    found = [measurand for case in replay.close().cases for measurand in case.measurands]
    page = HOW_TO.read_text(encoding="utf-8")
    for measurand in found:
        cells = (measurand.name, measured(measurand), limits(measurand.limits, measurand.unit), measurand.rule)
        assert re.search(r"\s+".join(map(re.escape, (*cells, measurand.verdict.value))), page), cells


def test_the_budget_is_the_one_that_the_page_shows(tmp_path: Path) -> None:
    """The plan of the page on the bench that the project ships."""
    text = next(text for language, text in blocks(UNCERTAINTY) if language == "toml" and "[plan]" in text)
    campaign = Campaign(plan_from(tomllib.loads(text), text, Path("plan.toml")), _bench(), tmp_path)
    campaign.start()
    found = campaign.run_case(campaign.plan.cases[0]).measurands[0]
    campaign.close()
    page = UNCERTAINTY.read_text(encoding="utf-8")
    rows = [f"| {' | '.join(_budget_cells(row))} |" for row in found.budget]
    assert [row for row in rows if row not in page] == []
    assert measured(found) in page
    for rule in ("simple", "guarded", "one-sided-5%", "non-binary", "4:1"):
        spread = Spread(found.expanded_uncertainty / found.coverage_factor, *_reach(found))
        decision = decide(found.value, spread, (-0.4, 0.4), rule)
        low, high = decision.acceptance
        assert low is not None
        assert high is not None
        word = decision.outcome.value.replace("_", " ")
        assert f"| `{rule}` | {low:.2f} to {high:.2f} % | {word} |" in page


def _bench() -> Any:
    return load_bench(ROOT / "benches" / "simulated.toml")


def _reach(found: Any) -> tuple[float, float]:
    return found.value - found.interval[0], found.interval[1] - found.value
