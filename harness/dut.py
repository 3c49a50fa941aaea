"""The device under test."""

from __future__ import annotations

from harness.files import Strict


class Dut(Strict):
    """As QA has to find it again; all of it goes into the record (records-and-quality, section 2)."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    lot: str = ""
    udi: str = ""
    hardware: str = ""
    firmware: str = ""
    catheter_lot: str = ""
    set_lot: str = ""
    remark: str = ""
