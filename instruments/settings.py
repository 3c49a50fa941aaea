"""What a device took, compared with what it was asked for."""

from __future__ import annotations

from instruments.errors import SettingDiffers


def check_taken(name: str, asked: float, unit: str, taken: float | None, *, resolution: float) -> float:
    """``taken``, if it is what was asked for within the device's own ``resolution`` (in ``unit``).

    Raises SettingDiffers when it is not, or when the device did not say (None).
    """
    if taken is None:
        raise SettingDiffers(f"{name}: asked for {asked:g} {unit}, and the device does not say what it took")
    if not abs(taken - asked) <= resolution:  # so that what is no number never passes
        raise SettingDiffers(f"{name}: asked for {asked:g} {unit}, the device took {taken:g} {unit}")
    return taken
