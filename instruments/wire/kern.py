"""KERN KCP: the lines of MT-SICS (``wire.mt_sics`` reads and writes them), a command list of its own, and a setter in ``I4``.

``I4 A "..."`` sets the serial number, so the answer to ``I4`` must never be sent back. Commands less than a tenth of a second
apart are lost.
"""

from __future__ import annotations

import re

from instruments.errors import ReplyError
from instruments.wire import mt_sics
from instruments.wire.mt_sics import Text

GAP_S = 0.1
"""Commands have to be further apart than this."""
COMMANDS = frozenset("@ I0 I1 I2 I3 I4 I5 S SI SIR Z ZI D DW K SR T TA TAC TI".split())
"""All that KCP can know; a balance lists its own in the answer to ``I0``."""
_NOT_APPROVED = frozenset({"ZI", "TI"})
_SERIAL = re.compile(r"[!#-\[\]-~]{1,20}\Z", re.ASCII)


def encode_serial_setting(serial: str) -> bytes:
    """The command that gives the balance a serial number."""
    return mt_sics.encode_command("I4", "A", Text(serial))


def decode_serial_setting(words: tuple[str, ...]) -> str | None:
    """The serial number in the words of the command ``I4``, or None when they have none that could be set."""
    ours = len(words) == 2 and words[0] == "A" and isinstance(words[1], Text) and _SERIAL.match(words[1])
    return str(words[1]) if ours else None


def decode_command_list(data: bytes) -> frozenset[str]:
    """The commands in an answer to ``I0``, whole and alone. Raises ReplyError for anything else."""
    answers = [mt_sics.decode_answer(line) for line in data.splitlines(keepends=True)]
    ends = [number for number, answer in enumerate(answers) if answer.status == "A"]
    if ends != [len(answers) - 1] or any(answer.identifier != "I0" or len(answer.words) != 2 for answer in answers):
        raise ReplyError("not a list of commands", data)
    return frozenset(answer.words[1] for answer in answers)


def is_kcp(names: frozenset[str]) -> bool:
    """Whether a list of commands is that of a KCP balance: nothing that KCP has not, and both commands that an approved
    MT-SICS balance lacks. Other MT-SICS balances of the same maker have commands that KCP has not.
    """
    return _NOT_APPROVED <= names <= COMMANDS
