"""What a plan can ask of a pump: one model per procedure, limits with their units."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.cases.balance import DailyCheckCase as DailyCheckCase
from harness.cases.base import After as After
from harness.cases.base import CaseBase as CaseBase
from harness.cases.base import Drug as Drug
from harness.cases.blockages import NoFlowCase as NoFlowCase
from harness.cases.blockages import OcclusionCase as OcclusionCase
from harness.cases.boluses import BolusCase as BolusCase
from harness.cases.doses import BolusesCase as BolusesCase
from harness.cases.doses import BolusOnBasalCase as BolusOnBasalCase
from harness.cases.doses import ScheduledBolusesCase as ScheduledBolusesCase
from harness.cases.flows import DeliveryCase as DeliveryCase
from harness.cases.flows import PumpOffCase as PumpOffCase
from harness.cases.flows import SteadyFlowCase as SteadyFlowCase
from harness.cases.limits import DurationLimit as DurationLimit
from harness.cases.limits import Limit as Limit
from harness.cases.limits import PercentLimit as PercentLimit
from harness.cases.limits import Rule as Rule
from harness.cases.limits import VolumeLimit as VolumeLimit
from harness.cases.line import LeakCase as LeakCase
from harness.cases.line import PrimeCase as PrimeCase
from harness.cases.power import BatteryCase as BatteryCase
from harness.cases.power import PowerInterruptionCase as PowerInterruptionCase
from harness.cases.python import PythonCase as PythonCase
from harness.cases.rates import KvoCase as KvoCase
from harness.cases.rates import ProfileCase as ProfileCase
from harness.cases.rates import RateChangeCase as RateChangeCase
from harness.cases.reservoir import LowReservoirCase as LowReservoirCase
from harness.cases.reservoir import RefillCase as RefillCase
from harness.cases.reservoir import RunToEmptyCase as RunToEmptyCase
from harness.cases.settings import SettingsCase as SettingsCase
from harness.cases.trumpets import TrumpetCase as TrumpetCase

Case = Annotated[
    BolusCase
    | BolusesCase
    | BolusOnBasalCase
    | ScheduledBolusesCase
    | SettingsCase
    | PowerInterruptionCase
    | BatteryCase
    | TrumpetCase
    | RateChangeCase
    | ProfileCase
    | KvoCase
    | SteadyFlowCase
    | PumpOffCase
    | RunToEmptyCase
    | OcclusionCase
    | NoFlowCase
    | PrimeCase
    | LeakCase
    | RefillCase
    | LowReservoirCase
    | DeliveryCase
    | DailyCheckCase
    | PythonCase,
    Field(discriminator="procedure"),
]
