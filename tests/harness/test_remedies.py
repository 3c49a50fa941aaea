"""What would help where a limit cannot be judged: told only when it does, and carried out it does."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from harness import forecast
from harness.forecasts.common import Foreseen
from harness.metrology.rules import Interval, Spread, fails_beyond
from harness.remedies import in_words
from instruments.errors import BenchError, ConfigError
from tests.harness.test_forecast import ANALYTICAL, dry, with_case

HELP: dict[str, tuple[int, dict[str, Any], str]] = {
    # case and its changes; what is told
    "the wetting is most of a short weighing": (
        1,
        {"flow_error": {"within": "0.1 %"}},
        r'no value can PASS.*wetting of the needle \(g\) \(9\d% of .*help: duration = "2 h", or a needle .* within 0.25 mg$',
    ),
    "the ratio asked for is more than the set-up has": (
        1,
        {"flow_error": {"within": "0.5 %", "minimum_tur": 10}},
        r'the test uncertainty ratio is 3, and 10 is asked for; .*what would help: duration = "5 h"',
    ),
    "lags that nobody measured": (
        0,
        {"duration_error": {"within": "1 %"}},
        r"most of U is lag of the line .*what would help: lags measured: .*lag of the line within 0.52 s",
    ),
    "what was filled in": (
        2,
        {"residual_volume": {"within": "2 uL"}},
        r"most of U is filled volume .*what would help: .*the filling weighed in, to 0.5 uL",
    ),
    "the time between two polls": (
        2,
        {"poll": "1 min", "alarm_latency": {"at_least": "-60 s", "at_most": "40 s"}},
        r'that is INCONCLUSIVE; .*what would help: poll = "30 s"',
    ),
    "limits that leave out what is asked for": (
        0,
        {"duration": {"at_least": "300 s"}},
        r"shows 75 s, and that is a FAIL; the limit leaves out what the case itself asks for",
    ),
    "more than any bench can tell": (1, {"flow_error": {"within": "0.0001 %"}}, r"is enough: ask for less"),
}


@pytest.mark.parametrize(("at", "changes", "told"), HELP.values(), ids=HELP)
def test_the_least_change_that_would_do_is_told(at: int, changes: dict[str, Any], told: str) -> None:
    found = dry(with_case(at, **changes), ANALYTICAL.bench)
    assert len(found.undecided) == 1
    assert re.search(told, found.undecided[0])
    assert found.undecided[0] in found.warnings


CARRIED_OUT: dict[str, tuple[int, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "longer": (1, {"flow_error": {"within": "0.1 %"}}, {"duration": "2 h"}, {}),
    "a needle that is wetted less": (1, {"flow_error": {"within": "0.1 %"}}, {}, {"needle": {"capillary": "0.25 mg"}}),
    "a filling that was weighed": (2, {"residual_volume": {"within": "2 uL"}}, {}, {"pump": {"syringe": "0.5 uL"}}),
}


@pytest.mark.parametrize(("at", "limit", "case", "bench"), CARRIED_OUT.values(), ids=CARRIED_OUT)
def test_the_change_that_is_told_helps_when_it_is_made(
    at: int, limit: dict[str, Any], case: dict[str, Any], bench: dict[str, Any]
) -> None:
    changed = copy.deepcopy(ANALYTICAL.bench)
    for table, keys in bench.items():
        if table == "pump":
            changed["pump"]["syringe"]["filled_uncertainty"] = keys["syringe"]
        else:
            changed[table].update(keys)
    assert dry(with_case(at, **limit), ANALYTICAL.bench).undecided
    assert not dry(with_case(at, **limit, **case), changed).undecided


def test_a_case_whose_record_could_not_be_judged_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def foresee(_: Any) -> Iterator[Foreseen]:
        raise BenchError("the flow does not end")
        yield

    monkeypatch.setitem(forecast.FORESEEN, "run-to-empty", foresee)  # type: ignore[arg-type]
    with pytest.raises(
        ConfigError, match=r"plan.toml: case EMPTY: what an exact pump does in it could not be judged: the flow does"
    ):
        dry(ANALYTICAL.plan, ANALYTICAL.bench)


def test_what_every_limit_can_tell_is_told() -> None:
    """FAIL is sure for a flow that is off by more than the limit and U."""
    found = next(one for one in dry(ANALYTICAL.plan, ANALYTICAL.bench).forecasts if one.measurand == "flow error")
    low, high = found.limits
    assert low is not None
    assert high is not None
    u = found.expanded_uncertainty
    assert found.fails_beyond == pytest.approx((low - u, high + u), rel=1e-4)
    assert (found.verdict, found.value) == ("PASS", pytest.approx(0.0, abs=1e-9))
    assert found.tur == pytest.approx((high - low) / (2 * u))
    assert sum(share for _, share in found.shares) <= 1 + 1e-9
    assert found.shares[0] == (found.largest, max(share for _, share in found.shares))


BEYOND = [
    # rule, limits; where FAIL is sure with U = 1
    ("simple", (-5.0, 5.0), (-6.0, 6.0)),
    ("guarded", (-5.0, 5.0), (-6.0, 6.0)),
    ("one-sided-5%", (-5.0, 5.0), (-6.0, 6.0)),
    ("non-binary", (-5.0, 5.0), (-7.0, 7.0)),
    ("5:1", (-5.0, 5.0), (-6.0, 6.0)),
    ("6:1", (-5.0, 5.0), (None, None)),
    ("guarded", (None, 10.0), (None, 11.0)),
    ("guarded", (60.0, None), (59.0, None)),
    ("4:1", (60.0, None), (None, None)),
]


@pytest.mark.parametrize(("rule", "limits", "sure"), BEYOND)
def test_where_a_fail_is_sure(rule: str, limits: Interval, sure: Interval) -> None:
    assert fails_beyond(limits, Spread.symmetric(0.5), rule) == sure


def test_a_lopsided_interval_has_its_own_reach_to_each_side() -> None:
    """A value that is measured higher than the true one lies above it by no more than the interval reaches down."""
    assert fails_beyond((0.0, 10.0), Spread(0.5, below=1.0, above=2.0), "guarded") == (-1.0, 12.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, '"0 s"'), (30, '"30 s"'), (60, '"1 min"'), (90, '"90 s"'), (3600, '"1 h"'), (5400, '"90 min"'), (9000, '"2.5 h"')],
)
def test_a_time_is_told_as_a_plan_states_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
