"""What the pump takes: every value is set and read back, those out of range too; then some of the rates are run and weighed."""

from __future__ import annotations

from harness.cases.settings import STANDS_S, SettingsCase
from harness.procedures.verbs import try_setting
from harness.rig import Rig

RATE, TARGET = "set rate", "target volume"


def run_settings(rig: Rig, case: SettingsCase) -> None:
    """Nothing is started before all has been tried."""
    rig.stop()
    with rig.phase("set"):
        for rate_ml_h in [*case.rates, *case.beyond_rates]:
            try_setting(rig, RATE, rate_ml_h, "mL/h", rig.pump.set_rate)
        for volume_ml in [*case.volumes, *case.beyond_volumes]:
            try_setting(rig, TARGET, volume_ml, "mL", rig.pump.set_target)
        rig.wait(STANDS_S)
    for number, rate_ml_h in enumerate(case.weighed, 1):
        rig.start(rate_ml_h)
        with rig.phase(f"settle {number}"):
            rig.wait(case.settle)
        with rig.phase(f"rate {number}"):
            rig.wait(case.duration)
        rig.stop()
