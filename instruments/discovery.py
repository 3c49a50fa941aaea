"""What is connected to this machine, asked with questions that move, tare and set nothing."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyvisa
from serial.tools.list_ports import comports

from instruments.driver import Driver, Probe
from instruments.drivers import KINDS, drivers
from instruments.errors import LinkAbsent, LinkBusy, LinkError, LinkRefused
from instruments.identity import Identity
from instruments.port import LineSettings, Port
from instruments.ports import Ports, has_line_settings, speaks_messages

_ANSWER_S = 1.0
_QUIET_S = 0.15
_TRIES = 2
"""What another family's question left in a device's buffer spoils the first of ours."""
_STABLE_NAMES = Path("/dev/serial/by-id")
_ROLE = "asked"
_NOT_OPEN = (LinkAbsent, LinkBusy, LinkRefused)
_INSTRUMENT = re.compile(r"(USB|GPIB|TCPIP|VXI|PXI)\d*::", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """An instrument that said who it is, or (``driver`` empty) why the address told nothing."""

    address: str
    kind: str = ""
    driver: str = ""
    identity: Identity | None = None
    line: LineSettings | None = None
    told: str = ""


def resources() -> list[str]:
    """Addresses of all serial ports (by their stable names where they have one) and of all other VISA instruments."""
    stable = {link.resolve(): link for link in _STABLE_NAMES.glob("*")} if _STABLE_NAMES.is_dir() else {}
    ports = [str(stable.get(Path(port.device).resolve(), port.device)) for port in comports()]
    return sorted(ports) + _visa_resources()


def _visa_resources() -> list[str]:
    """A machine without the libraries for USB or GPIB has none of them."""
    with suppress(Exception), warnings.catch_warnings(action="ignore"):
        return sorted(filter(_INSTRUMENT.match, pyvisa.ResourceManager("@py").list_resources("?*")))
    return []


def ask(address: str, plain: Mapping[str, Any] | None = None) -> Found:
    """Find out what is at an address, trying every family's question on its usual line settings, each for a second.

    ``plain`` is the bench file as read, if the address is from one.
    """
    told = "nothing that we know answered"
    for line, probes in _by_line(address).items():
        try:
            found = _ask_on(address, line, probes, plain or {})
        except _NOT_OPEN as err:
            return Found(address, told=str(err))
        except LinkError as err:  # settings that this port does not take, a server that hangs up: others may do
            told = str(err)
            continue
        if found is not None:
            return found
    return Found(address, told=told)


Named = tuple[str, str, Probe]


def _by_line(address: str) -> Mapping[LineSettings, list[Named]]:
    """Questions by the line settings they are asked on, all at once where there is no line to set.

    A message instrument understands only ``*IDN?``.
    """
    questions: dict[LineSettings, list[Named]] = {}
    for kind, name, driver in _all():
        if driver.probe is None or (speaks_messages(address) and not driver.probe.request.startswith(b"*IDN?")):
            continue
        line = driver.line if has_line_settings(address) else LineSettings()
        questions.setdefault(line, []).append((kind, name, driver.probe))
    return questions


def _all() -> Iterator[tuple[str, str, Driver[Any]]]:
    return ((kind, name, driver) for kind in KINDS for name, driver in sorted(drivers(kind).items()))


def _ask_on(address: str, line: LineSettings, probes: Sequence[Named], plain: Mapping[str, Any]) -> Found | None:
    ports = Ports({_ROLE: address}, plain)
    ports.open(_ROLE, line)
    try:
        for request in dict.fromkeys(probe.request for _, _, probe in probes):
            asked = [named for named in probes if named[2].request == request]
            for _ in range(_TRIES):
                if (found := _told(address, line, asked, _answer(ports, request))) is not None:
                    return found
        return None
    finally:
        ports.close()


def _told(address: str, line: LineSettings, asked: Sequence[Named], answer: bytes) -> Found | None:
    for kind, name, probe in asked:
        if (identity := probe.identify(answer)) is not None:
            return Found(address, kind, name, identity, line)
    return None


def _answer(ports: Ports, request: bytes) -> bytes:
    """All that comes after a question, until the line is quiet again; what came before it is let go."""
    port: Port = ports[_ROLE]
    port.poll()
    port.write(request)
    deadline_s = ports.clock.now_s() + _ANSWER_S
    data = port.wait(deadline_s).data
    while more := port.wait(min(deadline_s, ports.clock.now_s() + _QUIET_S)).data:
        data += more
    return data


def skeleton(found: Sequence[Found]) -> str:
    """The beginning of a bench file from what was found, with what a person has to fill in marked by ``?``."""
    tables: dict[str, str] = {}
    for thing in filter(lambda thing: thing.driver, found):
        role, text = _TABLES[thing.kind][0], _table(thing)
        tables[role] = f"{tables[role]}\n{_as_comment(text)}" if role in tables else text
    return "\n".join(["[bench]", 'id = "?"', "", *tables.values()])


def _as_comment(text: str) -> str:
    """A second instrument for the same role: one of the two has to be chosen."""
    return "".join(f"# {line}\n" for line in text.splitlines())


_TABLES: Mapping[str, tuple[str, str]] = {
    "pumps": ("pump", 'syringe = { volume = "? mL", inner_diameter = "? mm" }\n'),
    "balances": ("balance", 'readability = "? mg"\nrepeatability = "? mg"\n'),
    "meters": ("pressure", "# or [alarm_relay]\n"),
    "supplies": ("battery", ""),
}


def _table(thing: Found) -> str:
    role, rest = _TABLES[thing.kind]
    identity = thing.identity or Identity("")
    serial = f"serial = {_quoted(identity.serial)}\n" if identity.serial else ""
    told = "".join(filter(str.isprintable, " ".join(part for part in (identity.model, identity.firmware) if part)))
    head = f"[{role}]                     # {told}\ndriver = {_quoted(thing.driver)}\naddress = {_quoted(thing.address)}\n"
    return head + serial + rest


def _quoted(text: str) -> str:
    """A TOML string; its escapes are those of JSON."""
    return json.dumps(text)
