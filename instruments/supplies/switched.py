"""An output that was switched, and what the supply says of it."""

from __future__ import annotations

from instruments.errors import SettingDiffers


def check_switched(asked: bool, taken: bool) -> bool:  # noqa: FBT001 - both are read as they are
    """``taken``, if it is what was asked for. Raises SettingDiffers, as for an output that trips at once."""
    if taken is not asked:
        raise SettingDiffers(f"output: asked for {_WORDS[asked]}, the supply says {_WORDS[taken]}")
    return taken


_WORDS = {True: "on", False: "off"}
