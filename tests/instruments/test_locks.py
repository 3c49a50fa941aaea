"""One program at a time on one resource."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from instruments import locks
from instruments.clock import utc_now
from instruments.errors import LinkBusy, LinkError
from instruments.locks import ResourceLock, resource_of
from tests.conftest import ROOT
from tests.instruments.lines import PATIENCE_S

HOLDER = """
import sys
from instruments.locks import ResourceLock
lock = ResourceLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
input()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "locks"
    monkeypatch.setenv("DOSEBENCH_LOCKS", str(folder))
    return folder


SAME = [
    ("COM3", "com3"),
    ("COM3", "ASRLCOM3::INSTR"),
    ("socket://Bench:4001", "rfc2217://bench:4001?ign_set_control"),
    ("socket://10.0.0.7:5025", "TCPIP0::10.0.0.7::5025::SOCKET"),
    ("socket://10.0.0.7:5025", "ASRLsocket://10.0.0.7:5025::INSTR"),
    ("USB0::0x1AB1::0x0E11::DP8C::INSTR", "usb0::0x1ab1::0x0e11::dp8c::instr"),
    ("USB0::0x1AB1::0x0E11::DP8C::INSTR", "USB::0x1AB1::0x0E11::DP8C::0::INSTR"),
    ("COM3", "ASRL3::INSTR"),
    ("COM12", r"\\.\COM12"),
    ("TCPIP0::10.0.0.7::inst0::INSTR", "TCPIP::10.0.0.7::INSTR"),
    ("GPIB0::22::INSTR", "GPIB::22"),
]
OTHER = [("COM3", "COM4"), ("socket://bench:4001", "socket://bench:4002"), ("GPIB0::22::INSTR", "GPIB0::23::INSTR")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_ways_of_writing_one_address_name_one_resource(one: str, other: str) -> None:
    assert resource_of(one) == resource_of(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_addresses_are_other_resources(one: str, other: str) -> None:
    assert resource_of(one) != resource_of(other)


def test_a_stable_name_and_the_device_it_leads_to_are_one_resource(tmp_path: Path) -> None:
    device, name = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    name.symlink_to(device)
    assert resource_of(str(name)) == resource_of(str(device)) == resource_of(f"ASRL{name}::INSTR")


@pytest.fixture
def other_program(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds COM7 until its input ends."""
    program = subprocess.Popen(
        [sys.executable, "-c", HOLDER, "COM7"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "held\n"
    yield program
    program.kill()
    program.communicate(timeout=PATIENCE_S)


def test_a_second_program_is_told_who_holds_the_resource_and_since_when(other_program: subprocess.Popen[str]) -> None:
    with pytest.raises(
        LinkBusy, match=rf"^COM7 is in use by .* of .* \(process {other_program.pid}\) since .* UTC, 0 min ago; end"
    ):
        ResourceLock("com7").acquire()
    ResourceLock("COM8").acquire()


def test_the_lock_ends_with_its_process_however_that_ends(other_program: subprocess.Popen[str]) -> None:
    other_program.kill()
    other_program.wait(PATIENCE_S)
    lock = ResourceLock("COM7")
    lock.acquire()
    lock.release()


def test_a_released_resource_is_free_and_its_note_is_gone(folder: Path) -> None:
    for _ in range(2):
        lock = ResourceLock("COM7")
        lock.acquire()
        assert (folder / "COM7.owner").exists()
        lock.release()
        assert not (folder / "COM7.owner").exists()


def test_all_users_of_a_machine_share_one_folder_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOSEBENCH_LOCKS")
    monkeypatch.setattr(locks, "_SHARED", tmp_path / "dosebench-locks")
    lock = ResourceLock("COM7")
    lock.acquire()
    assert (tmp_path / "dosebench-locks" / "COM7.lock").exists()
    assert (tmp_path / "dosebench-locks").stat().st_mode & 0o777 == 0o777
    lock.release()


AGES = [(3, "3 min ago"), (-5, "0 min ago"), (119, "119 min ago"), (600, "10 h ago")]


@pytest.mark.parametrize(("minutes", "said"), AGES)
def test_the_age_is_told_in_words(minutes: int, said: str) -> None:
    first = ResourceLock("COM7")
    first.acquire()
    since = (utc_now() - timedelta(minutes=minutes)).isoformat()
    first._owner.write_text(json.dumps({"pid": 7, "user": "lab", "program": "dosebench run", "since": since}), encoding="utf-8")
    with pytest.raises(LinkBusy, match=rf"in use by dosebench run of lab \(process 7\) since ..:.. UTC, {said};"):
        ResourceLock("COM7").acquire()
    first.release()


@pytest.mark.parametrize("note", ["", "{}", "[]", '{"since": "yesterday"}'])
def test_a_note_that_cannot_be_read_changes_nothing(note: str) -> None:
    first = ResourceLock("COM7")
    first.acquire()
    first._owner.write_text(note, encoding="utf-8")
    with pytest.raises(LinkBusy, match="in use by another program"):
        ResourceLock("COM7").acquire()
    first.release()


NAMELESS = [KeyError("getpwuid(): uid not found: 4242"), OSError("No username set in the environment"), ImportError("pwd")]


@pytest.mark.parametrize("error", NAMELESS, ids=lambda error: type(error).__name__)
def test_a_user_without_a_name_can_lock_too(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    first = ResourceLock("COM7")
    first.acquire()
    with pytest.raises(LinkBusy, match=r"in use by .* of (user \d+|somebody) \(process"):
        ResourceLock("COM7").acquire()
    first.release()


def test_an_end_between_lock_and_note_leaves_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(getpass, "getuser", interrupted)
    first, second = ResourceLock("COM7"), ResourceLock("COM7")
    with pytest.raises(KeyboardInterrupt):
        first.acquire()
    monkeypatch.undo()
    monkeypatch.setenv("DOSEBENCH_LOCKS", str(first._owner.parent))
    second.acquire()
    second.release()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_the_note_of_one_who_crashed_is_put_away_even_if_it_cannot_be_written_in(folder: Path) -> None:
    """Another user's file in a folder of all can be removed, not changed."""
    lock = ResourceLock("COM7")
    (folder / "COM7.owner").write_text('{"since": "yesterday"}', encoding="utf-8")
    before = (folder / "COM7.owner").stat().st_ino
    keeper = (folder / "COM7.owner").open(encoding="utf-8")  # so that its number is not given out again
    lock.acquire()
    assert (folder / "COM7.owner").stat().st_ino != before
    keeper.close()
    lock.release()


def test_a_folder_that_cannot_be_made_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.touch()
    monkeypatch.setenv("DOSEBENCH_LOCKS", str(folder / "deeper"))
    with pytest.raises(LinkError, match=r"the folder for locks cannot be made .*; let DOSEBENCH_LOCKS name"):
        ResourceLock("COM7")


def test_what_can_be_no_path_is_a_name() -> None:
    assert resource_of("/dev/" + "x" * 5000) == "/DEV/" + "X" * 5000


def test_a_folder_that_is_a_file_is_a_clear_error(folder: Path) -> None:
    folder.touch()
    with pytest.raises(LinkError, match=r"the lock of COM7 cannot be taken .* check "):
        ResourceLock("COM7").acquire()
