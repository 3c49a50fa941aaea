"""What every case of a plan has, and what the dry run asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from harness.files import Strict
from harness.quantities import MicrogramsPerMilliLitre, Seconds
from harness.stands import BenchFile

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Positive = Annotated[Seconds, Field(gt=0)]
NotNegative = Annotated[Seconds, Field(ge=0)]
Needed = tuple[str, str]
"""A role, and what its instrument must be able to do; nothing but the role itself for an empty text."""


class Drug(Strict):
    """What the plan's doses are doses of; ``concentration`` in ug/mL is the labelled one."""

    name: str
    concentration: Annotated[MicrogramsPerMilliLitre, Field(gt=0)]


class After(Strict):
    """This case starts so long after the start of another, give or take ``within``."""

    case: str
    start_to_start: Positive
    within: Positive


class CaseBase(Strict):
    """What every case has.

    ``reporting_interval`` (s) is the spacing of the masses in the report's table. ``blank`` (s): after the case the pump stands
    for so long, so that its evaporation is known from before and after. ``needs``: earlier cases without whose PASS this one is
    not run. ``operator``: what somebody is asked to do before it begins. ``concentration``: of the drug in this case, where it
    is another than the plan's. ``severity`` and ``links`` (name and address) are for the report.

    The same for all cases of a procedure: ``weighs_flow``, the balance shows what flows into the vessel, so the bench must be
    calm, and a blank corrects it; ``surges``, phases in which liquid may come faster than any commanded rate; ``alarms``,
    kinds of alarms that it may bring; ``asks``, it has steps that somebody is asked to do; ``instruments``, what they must be
    able to do.
    """

    weighs_flow: ClassVar[bool] = True
    surges: ClassVar[tuple[str, ...]] = ()
    alarms: ClassVar[tuple[str, ...]] = ()
    asks: ClassVar[bool] = False
    instruments: ClassVar[tuple[Needed, ...]] = (("balance", "stream"),)

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    title: str
    requirement: Annotated[list[str], Field(min_length=1)]
    reporting_interval: Positive = 60.0
    after: After | None = None
    needs: list[str] = []
    operator: list[str] = []
    blank: NotNegative = 0.0
    severity: Literal["blocker", "critical", "normal", "minor", "trivial"] = "normal"
    links: dict[str, str] = {}
    concentration: Annotated[MicrogramsPerMilliLitre, Field(gt=0)] | None = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody is asked for anything."""
        return self.asks or bool(self.operator)

    # --- for the dry run ---

    def lasts_s(self, left_ml: float) -> float:
        """Bench time, with ``left_ml`` in the pump when it begins."""
        return 0.0

    def gives_ml(self, left_ml: float) -> float:
        """Volume that leaves the pump."""
        return 0.0

    def leaves_ml(self, left_ml: float) -> float:
        """What is in the pump when it is over; below 0 where it needs more than there is."""
        return left_ml - self.gives_ml(left_ml)

    @property
    def weighed_ml(self) -> float:
        """The volume that the balance has to weigh well; 0 where nothing is to flow."""
        return 0.0

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        """Why this cannot work on a bench, each with what would help; beside what is true of any case."""
        return ()
