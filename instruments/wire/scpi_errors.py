"""The error numbers of SCPI: their texts, and the bit of the standard event register that each class sets."""

from __future__ import annotations

from collections.abc import Mapping

NO_ERROR = 0
QUEUE_OVERFLOW = -350
TEXTS: Mapping[int, str] = {
    0: "No error",
    -100: "Command error",
    -101: "Invalid character",
    -102: "Syntax error",
    -103: "Invalid separator",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -112: "Program mnemonic too long",
    -113: "Undefined header",
    -114: "Header suffix out of range",
    -121: "Invalid character in number",
    -123: "Exponent too large",
    -124: "Too many digits",
    -128: "Numeric data not allowed",
    -131: "Invalid suffix",
    -138: "Suffix not allowed",
    -141: "Invalid character data",
    -148: "Character data not allowed",
    -151: "Invalid string data",
    -158: "String data not allowed",
    -161: "Invalid block data",
    -168: "Block data not allowed",
    -171: "Invalid expression",
    -178: "Expression data not allowed",
    -211: "Trigger ignored",
    -213: "Init ignored",
    -214: "Trigger deadlock",
    -221: "Settings conflict",
    -222: "Data out of range",
    -223: "Too much data",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -310: "System error",
    -330: "Self-test failed",
    QUEUE_OVERFLOW: "Queue overflow",
    -410: "Query INTERRUPTED",
    -420: "Query UNTERMINATED",
    -430: "Query DEADLOCKED",
    -440: "Query UNTERMINATED after indefinite response",
}

QYE, DDE, EXE, CME = 4, 8, 16, 32
_EVENTS = {1: CME, 2: EXE, 3: DDE, 4: QYE}


class ScpiError(Exception):
    """What an instrument found wrong with a message: its error number, and the part of the message that is to blame."""

    def __init__(self, code: int, blamed: str = "") -> None:
        super().__init__(f"{code} {TEXTS.get(code, '')} {blamed}".strip())
        self.code, self.blamed = code, blamed


def event_bit(code: int) -> int:
    """The bit that an error sets in the standard event register; positive codes are the device's own."""
    return DDE if code > 0 else _EVENTS.get(-code // 100, 0)
