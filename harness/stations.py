"""The instruments of a bench by role: opened, known, and found again when a lost line comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.bench import Bench
from instruments.errors import GarbledReply, LinkError, LinkLost, Refused, ReplyError, ReplyTimeout, WrongDevice
from instruments.identity import Identity
from instruments.link import Link, Tap
from instruments.options import options_from
from instruments.ports import Ports

_RETRY_S = 0.5
_NOT_YET = (LinkError, ReplyError, Refused)
"""What a device may still raise that has only half heard, or half said, something when its line came back."""

Note = Callable[..., None]


def open_ports(bench: Bench) -> Ports:
    """All ports of the bench, or none. Raises LinkError."""
    ports = Ports(bench.addresses, bench.tables)
    try:
        for role, stand in bench.stands.items():
            ports.open(role, stand.line(bench.driver(role).line))
    except BaseException:
        ports.close()
        raise
    return ports


class Stations:
    """One driver per role, on one link per address. ``note`` writes into the record what happens to the lines."""

    def __init__(self, bench: Bench, ports: Ports, tap: Tap, note: Note) -> None:
        self._bench, self._ports, self._tap, self._note = bench, ports, tap, note
        self._links: dict[str, Link] = {}
        self._lost: set[str] = set()
        self.identities: dict[str, Identity] = {}
        self._devices = {role: self._device(role) for role in bench.stands}

    def _device(self, role: str) -> Any:
        stand, driver = self._bench.stands[role], self._bench.driver(role)
        if stand.address not in self._links:
            self._links[stand.address] = Link(self._ports[role], driver.framer, self._ports.clock, role=role, tap=self._tap)
        return driver.make(self._links[stand.address], options_from(driver.options, stand.options, f"{role}.options"))

    def __getitem__(self, role: str) -> Any:
        return self._devices[role]

    def can(self, role: str, capability: str) -> bool:
        return capability in self._bench.driver(role).can

    # --- who is there ---

    def connect(self) -> None:
        """Ask every instrument who it is; compare with the bench file. Raises WrongDevice, and LinkError where nobody answers."""
        for role, device in self._devices.items():
            self.identities[role] = identity = self._introduced(role, device)
            self._note("identity", role=role, model=identity.model, serial=identity.serial, firmware=identity.firmware)
            self._compare(role, identity)

    def _introduced(self, role: str, device: Any) -> Identity:
        stand = self._bench.stands[role]
        advice = f"'dosebench discover' asks what is at {stand.address}"
        try:
            identity: Identity = device.connect()
        except GarbledReply as err:
            raise WrongDevice(f"{stand.address}: what answers there is no {stand.driver} ({err}); {advice}") from err
        except ReplyTimeout as err:
            raise type(err)(f"{stand.address}: no {stand.driver} answers there ({err}); {advice}") from err
        except ReplyError as err:
            raise WrongDevice(f"{stand.address}: what answers there is no {stand.driver} ({err}); {advice}") from err
        return identity

    def _compare(self, role: str, identity: Identity) -> None:
        stand = self._bench.stands[role]
        for name, expected, found in (("serial", stand.serial, identity.serial), ("model", stand.model, identity.model)):
            if expected is not None and expected != found:
                told = f"the {role} there says its {name} is {found!r}, the bench file says {expected!r}"
                raise WrongDevice(f"{stand.address}: {told}; check the cables, or mend the bench file")

    # --- lost and found ---

    def is_lost(self, role: str) -> bool:
        """Whether the line of a role is being looked for at this moment."""
        return self._bench.stands[role].address in self._lost

    def regain(self, role: str, lost: LinkLost, meanwhile: Callable[[], None]) -> None:
        """Open a lost line again as soon as it is back, get in step, and make sure that the same device is there.

        The gap in the record is the time in which nothing was heard.
        ``meanwhile`` is done at every try. Raises LinkLost when the grace time is over, WrongDevice for another device.
        """
        stand, clock = self._bench.stands[role], self._ports.clock
        heard_s, since_s = self._links[stand.address].heard_s, clock.now_s()
        self._note("link lost", role=role, reason=str(lost))
        self._lost.add(stand.address)
        try:
            while (reason := self._missing(role)) is not None:
                if clock.now_s() - since_s >= stand.grace:
                    raise LinkLost(f"{lost}; it was not back within {stand.grace:g} s ({reason})") from lost
                clock.sleep_until(clock.now_s() + _RETRY_S)
                meanwhile()
        finally:
            self._lost.discard(stand.address)
        self._note("link back", role=role, gap_s=clock.now_s() - heard_s)

    def _missing(self, role: str) -> Exception | None:
        """Why the line is not back; None when it is, and all roles that are on it have found their device again."""
        address = self._bench.stands[role].address
        try:
            self._ports.reopen(role)
            self._links[address].renew(self._ports[role])
            for other in (other for other, stand in self._bench.stands.items() if stand.address == address):
                self._same(other, self._devices[other].resume())
        except _NOT_YET as err:
            return err
        return None

    def _same(self, role: str, identity: Identity) -> None:
        before = self.identities.get(role, identity)
        if identity != before:
            was, now = (" ".join(filter(None, (known.model, known.firmware, known.serial))) for known in (before, identity))
            raise WrongDevice(f"{self._bench.stands[role].address}: {was} was lost there, and {now} came back; check the cables")

    def close(self) -> None:
        self._ports.close()
