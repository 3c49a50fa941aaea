"""One short plan on every pump and on every balance that there is: the same plan, the same limits, the deserved verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from instruments.drivers import drivers

PLAN = """
[plan]
id = "SHORT"
title = "A bolus, half an hour of flow, and run to empty"
[drug]
name = "baclofen"
concentration = "50 ug/mL"
[preparation]
settle = "5 min"
blank = "20 min"
[[case]]
id = "S-BOLUS"
title = "25 ug in 0.5 mL over 5 min"
procedure = "bolus"
dose = "25 ug"
volume = "0.5 mL"
over = "5 min"
volume_error = { within = "5 %" }
duration_error = { within = "10 %" }
hold = "10 min"
hold_volume = { within = "10 uL" }
requirement = ["S1"]
[[case]]
id = "S-FLOW"
title = "3 mL/h for 20 min"
procedure = "steady-flow"
rate = "3 mL/h"
settle = "5 min"
duration = "20 min"
flow_error = { within = "5 %" }
no_delivery = { at_most = "2 min" }
reporting_interval = "1 min"
requirement = ["S2"]
[[case]]
id = "S-EMPTY"
title = "Run to empty at 20 mL/h"
procedure = "run-to-empty"
rate = "20 mL/h"
alarm_latency = { within = "60 s" }
residual_volume = { within = "300 uL" }
requirement = ["S3"]
"""
BENCH = """
[bench]
id = "any"
[pump]
driver = "{pump}"
address = "sim://any/pump"
{source}
[balance]
driver = "{balance}"
address = "sim://any/balance"
rate = "{rate}"
readability = "1 mg"
repeatability = "1 mg"
response = "0.5 s"
capacity = "220 g"
[catheter]
lag = "5.2 s"
[environment]
pressure = "1005 hPa"
humidity = "45 %"
[simulation]
seed = 11
{simulation}
"""
SYRINGE = 'syringe = { volume = "5 mL", inner_diameter = "12 mm", filled = "4 mL", filled_uncertainty = "0.02 mL" }'
RESERVOIR = 'reservoir = { volume = "20 mL", filled = "4 mL", filled_uncertainty = "0.02 mL" }'
SOURCES = {"scpi-pump": RESERVOIR}
STREAMS = {
    "sartorius-sbi": ("10 Hz", '[simulation.balance]\nauto = "any"'),
}
"""Balances whose stream is a matter of their own menu, and how fast it is."""


def verdicts_of(tmp_path: Path, *faults: str, pump: str = "new-era", balance: str = "mt-sics") -> dict[str, tuple[str, ...]]:
    """Verdict and reasons of each case."""
    rate, simulation = STREAMS.get(balance, ("10 Hz", ""))
    source = SOURCES.get(pump, SYRINGE)
    plan, bench = tmp_path / "plan.toml", tmp_path / "bench.toml"
    plan.write_text(PLAN, encoding="utf-8")
    bench.write_text(BENCH.format(pump=pump, balance=balance, source=source, rate=rate, simulation=simulation), encoding="utf-8")
    campaign = Campaign(load_plan(plan), load_bench(bench, faults=faults), tmp_path)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    return {case.id: (case.verdict.value, *case.reasons) for case in campaign.close().cases}


ALL_PASS = {"S-BOLUS": ("PASS",), "S-FLOW": ("PASS",), "S-EMPTY": ("PASS",)}


@pytest.mark.parametrize("pump", sorted(drivers("pumps")))
def test_a_good_pump_passes(tmp_path: Path, pump: str) -> None:
    assert verdicts_of(tmp_path, pump=pump) == ALL_PASS


@pytest.mark.parametrize("balance", sorted(drivers("balances")))
def test_a_good_pump_passes_on_every_balance(tmp_path: Path, balance: str) -> None:
    assert verdicts_of(tmp_path, balance=balance) == ALL_PASS


@pytest.mark.parametrize("pump", sorted(drivers("pumps")))
def test_a_pump_that_delivers_too_much_and_forgets_its_alarm_fails(tmp_path: Path, pump: str) -> None:
    verdicts = verdicts_of(tmp_path, "rate-gain:+9%", "alarm-missing", pump=pump)
    assert {verdict for verdict, *_ in verdicts.values()} == {"FAIL"}
