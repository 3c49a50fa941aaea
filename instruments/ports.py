"""Opens an address. The only place that knows what kind of thing an address is.

==========================  =====================================================================
``/dev/ttyUSB0``, ``COM3``  a serial device, through pyserial
``socket://HOST:PORT``      the same over TCP
``rfc2217://HOST:PORT``     the same over TCP with its line settings, through pyserial
``sim://BENCH/ROLE``        a simulated device, through pyserial's own URL hook, in virtual time
``ASRL...``, ``TCPIP...``, ``USB...``, ``GPIB...``  a VISA resource, through pyvisa
==========================  =====================================================================

A port hands out bytes with the moment they arrived. On real lines a reader thread stamps them; on a simulated line the virtual
clock knows the moment exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import serial

from instruments.clock import Clock, WallClock
from instruments.errors import BenchError, ConfigError
from instruments.hands import Hands
from instruments.line_errors import not_opened
from instruments.locks import ResourceLock
from instruments.port import SLICE_S, Port, SerialStream, ThreadedPort, reading_port
from instruments.port import LineSettings as LineSettings
from instruments.sockets import SocketStream

_VISA = re.compile(r"^(ASRL|TCPIP|USB|GPIB|VXI|PXI|visa://)", re.IGNORECASE)
_BYTES = re.compile(r"^(visa://[^/]*/)?ASRL|::SOCKET$", re.IGNORECASE)
_SIMULATED = re.compile(r"^(ASRL)?sim://", re.IGNORECASE)
_UNSET = re.compile(r"^(ASRL)?socket://|::SOCKET$", re.IGNORECASE)
_WRITE_S = 2.0
_SIM_PACKAGE = "instruments.sim"
_VISA_LIBRARY = "@py"


class Ports:
    """All ports of one bench, on one clock. Roles with one address share one port.

    ``plain`` is the bench file as read: what stands behind ``sim://`` addresses is built from it. A bench with such an
    address runs on virtual time, any other on the wall clock. ``bench.visa`` in it names the VISA library for USB, GPIB and LAN
    instruments (``@py``, or ``@ivi`` for the vendor's own).
    """

    def __init__(self, addresses: Mapping[str, str], plain: Mapping[str, Any]) -> None:
        self._addresses = addresses
        simulated = _one_bench(addresses)
        self.data_source = "simulated" if simulated or "simulation" in plain else "real"
        self._benches = [_simulate(name, plain) for name in simulated]
        self.clock: Clock = self._benches[0].clock if self._benches else WallClock()
        self._visa_library = str(plain.get("bench", {}).get("visa", _VISA_LIBRARY))
        self._lines: dict[str, LineSettings] = {}
        self._locks: dict[str, ResourceLock] = {}
        self._open: dict[str, Port] = {}

    def open(self, role: str, line: LineSettings | None = None) -> None:
        """Lock and open the address of a role, unless another role has done so.

        Raises LinkError (LinkAbsent, LinkRefused, LinkBusy) with the reason the system gives and what to do.
        """
        address = self._addresses[role]
        if address in self._open:
            return
        self._lines[address] = line or LineSettings()
        try:
            self._lock(address)
            self._open[address] = self._opened(role)
        except BaseException:
            self._unlock(address)
            raise

    def reopen(self, role: str) -> None:
        """Close the port of a role, which was lost, and open it again; the lock is held all the while. Raises LinkError."""
        self[role].close()
        self._open[self._addresses[role]] = self._opened(role)

    def _opened(self, role: str) -> Port:
        address = self._addresses[role]
        try:
            if _VISA.match(address):
                return _open_visa(address, self._lines[address], self.clock, self._visa_library)
            if address.lower().startswith("socket://"):
                return ThreadedPort(SocketStream.open(address), self.clock, address)
            return _open_serial(address, self._lines[address], self.clock)
        except BenchError:
            raise
        except Exception as err:
            raise not_opened(role, address, err) from err

    def _lock(self, address: str) -> None:
        """Simulated devices live in this process alone and need no lock."""
        if not is_simulated(address):
            lock = ResourceLock(address)
            lock.acquire()
            self._locks[address] = lock

    def _unlock(self, address: str) -> None:
        if address in self._locks:
            self._locks.pop(address).release()

    def __getitem__(self, role: str) -> Port:
        return self._open[self._addresses[role]]

    def close(self) -> None:
        """Let go of everything, also where closing one of them fails."""
        with ExitStack() as all_of_it:
            for address in list(self._locks):
                all_of_it.callback(self._unlock, address)
            for bench in self._benches:
                all_of_it.callback(bench.close)
            while self._open:
                all_of_it.callback(self._open.popitem()[1].close)

    @property
    def hands(self) -> Hands | None:
        """Who carries out what only hands can do: a simulated bench itself; at any other somebody has to be asked."""
        return self._benches[0].hands if self._benches else None

    def write_truth(self, run: Path) -> None:
        """What really happened on a simulated bench, beside the folder ``run``; of a real one nobody knows."""
        for bench in self._benches:
            bench.write_truth(run)


def speaks_messages(address: str) -> bool:
    """Whether it is an instrument (USB, GPIB, VXI-11, HiSLIP) that is read only when asked."""
    return _VISA.match(address) is not None and _BYTES.search(address) is None


def has_line_settings(address: str) -> bool:
    """Whether baud rate and parity mean anything there: a TCP port has them in its device server, if anywhere."""
    return _UNSET.search(address) is None and not speaks_messages(address)


def is_simulated(address: str) -> bool:
    return _SIMULATED.match(address) is not None


def _one_bench(addresses: Mapping[str, str]) -> list[str]:
    """The simulated bench that the addresses are on, if any: all or none, as they have one clock."""
    benches = {_SIMULATED.sub("", address).split("/")[0] if is_simulated(address) else "" for address in addresses.values()}
    if len(benches) > 1:
        listed = ", ".join(f"{role} {address}" for role, address in addresses.items())
        raise ConfigError(f"{listed}: simulated addresses have to be on one bench, with no real address beside them")
    return [name for name in benches if name]


def _simulate(name: str, plain: Mapping[str, Any]) -> Any:
    from instruments.sim.bench import build_bench

    if _SIM_PACKAGE not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(_SIM_PACKAGE)
    return build_bench(name, plain)


def _open_serial(address: str, line: LineSettings, clock: Clock) -> Port:
    options = {} if "://" in address else _DEVICE_PATH
    device = serial.serial_for_url(address, timeout=SLICE_S, **asdict(line), **options)
    return reading_port(SerialStream(device), device, clock, address)


_DEVICE_PATH: Mapping[str, Any] = {"exclusive": True, "write_timeout": _WRITE_S}
"""What URL handlers refuse: RFC 2217 of pyserial takes no write timeout."""


def _open_visa(address: str, line: LineSettings, clock: Clock, library: str) -> Port:
    from instruments.visa import open_visa

    return open_visa(address, line, clock, library if speaks_messages(address) else _VISA_LIBRARY)
