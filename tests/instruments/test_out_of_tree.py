"""A driver and a simulator that another package brings: a bench file names them, nothing in the tree is changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

DRIVER = """
from dataclasses import dataclass

from instruments.driver import Driver
from instruments.pumps.new_era import NewEraPump
from instruments.wire import new_era as wire


@dataclass(frozen=True)
class Options:
    unit: int = 0


DRIVER = Driver(
    framer=wire.reply_ends,
    make=lambda link, options: NewEraPump(link, address=options.unit),
    options=Options,
    can=frozenset({"syringe", "target-volume", "totals"}),
)
"""
SIMULATOR = """
from dataclasses import dataclass

from instruments.sim.new_era import NewEraPump, PumpData


@dataclass(frozen=True)
class Data:
    version: str = "NE1000V1.000"
    address: int = 7


def build(site):
    data = site.options(Data)
    return NewEraPump(PumpData(version=data.version, address=data.address), site.drive())
"""
ENTRY_POINTS = """
[dosebench.pumps]
strange-pump = strange_pump.driver:DRIVER
new-era = strange_pump.driver:DRIVER

[dosebench.simulators]
strange-pump = strange_pump.simulator:build
new-era = strange_pump.simulator:build
"""
FILES = {
    "strange_pump/__init__.py": "",
    "strange_pump/driver.py": DRIVER,
    "strange_pump/simulator.py": SIMULATOR,
    "strange_pump-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: strange-pump\nVersion: 1.0\n",
    "strange_pump-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
}
INFUSE = """
import sys
from pathlib import Path

from harness.bench import load_bench
from harness.recorder import Recorder
from harness.rig import Rig
from harness.stations import open_ports

bench = load_bench(Path(sys.argv[1]))
ports = open_ports(bench)
recorder = Recorder(Path(sys.argv[2]), "r", ports.data_source)
rig = Rig(bench, ports, recorder)
print(rig.connect()["pump"].firmware)
rig.start(60.0, 1.0)
rig.wait(70.0)
print(rig.poll().word, format(rig.pump.infused_ml(), ".3f"))
rig.close()
recorder.close()
"""
OURS = """
from instruments.drivers import drivers
from instruments.pumps import new_era
from instruments.sim import new_era as simulated
from instruments.sim.devices import simulators

print(drivers("pumps")["new-era"] is new_era.DRIVER, simulators()["new-era"] is simulated.build)
print("strange-pump" in drivers("pumps"), "strange-pump" in simulators())
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder as an installer would leave it."""
    for name, text in FILES.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "packages"


def python(script: str, *arguments: Path, path: list[Path]) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter: the tables of drivers and simulators are read once in each."""
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT]))}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def strange_bench(simulated_bench: Path, tmp_path: Path) -> Path:
    text = simulated_bench.read_text(encoding="utf-8")
    named = text.replace('driver = "new-era"', 'driver = "strange-pump"\noptions = { unit = 7 }')
    bench = tmp_path / "bench.toml"
    bench.write_text(f'{named}\n[simulation.pump]\nversion = "NE1000V2.000"\n', encoding="utf-8")
    assert named != text
    return bench


def test_a_bench_runs_on_a_driver_and_a_simulator_of_another_package(packages: Path, strange_bench: Path, tmp_path: Path) -> None:
    done = python(INFUSE, strange_bench, tmp_path / "run", path=[packages])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["NE1000V2.000", "stopped 1.000"]


def test_without_that_package_the_name_is_not_known_and_the_error_lists_those_that_are(
    strange_bench: Path, tmp_path: Path
) -> None:
    done = python(INFUSE, strange_bench, tmp_path / "run", path=[])
    assert done.returncode == 1
    assert "'strange-pump' is not known; there are: " in done.stderr
    assert "new-era" in done.stderr.rpartition("there are: ")[2]


def test_a_driver_without_its_simulator_is_refused_on_a_simulated_bench(
    packages: Path, strange_bench: Path, tmp_path: Path
) -> None:
    entries = packages / "strange_pump-1.0.dist-info" / "entry_points.txt"
    entries.write_text(ENTRY_POINTS.partition("[dosebench.simulators]")[0], encoding="utf-8")
    done = python(INFUSE, strange_bench, tmp_path / "run", path=[packages])
    assert done.returncode == 1
    assert "pump.driver: there is no simulator of 'strange-pump'; there are: " in done.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"), ("DRIVER = 7", "is no instruments.driver.Driver")],
)
def test_a_driver_that_cannot_be_loaded_is_named(packages: Path, text: str, reason: str) -> None:
    (packages / "strange_pump" / "driver.py").write_text(text, encoding="utf-8")
    done = python("from dosebench.cli import main; main()", Path("instruments"), path=[packages])
    assert done.returncode == 64
    assert "dosebench: driver " in done.stderr
    assert reason in done.stderr
    assert "mend or remove its package" in done.stderr


def test_a_name_of_ours_is_not_replaced(packages: Path) -> None:
    done = python(OURS, path=[packages])
    assert done.stdout.splitlines() == ["True True", "True True"]
