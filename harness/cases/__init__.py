"""What a plan can ask of a pump: one model per procedure, limits with their units."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.cases.balance import DailyCheckCase as DailyCheckCase
from harness.cases.base import After as After
from harness.cases.base import CaseBase as CaseBase
from harness.cases.base import Drug as Drug
from harness.cases.boluses import BolusCase as BolusCase
from harness.cases.flows import DeliveryCase as DeliveryCase
from harness.cases.flows import PumpOffCase as PumpOffCase
from harness.cases.flows import SteadyFlowCase as SteadyFlowCase
from harness.cases.limits import DurationLimit as DurationLimit
from harness.cases.limits import Limit as Limit
from harness.cases.limits import PercentLimit as PercentLimit
from harness.cases.limits import Rule as Rule
from harness.cases.limits import VolumeLimit as VolumeLimit
from harness.cases.reservoir import RunToEmptyCase as RunToEmptyCase

Case = Annotated[
    BolusCase | SteadyFlowCase | PumpOffCase | RunToEmptyCase | DeliveryCase | DailyCheckCase,
    Field(discriminator="procedure"),
]
