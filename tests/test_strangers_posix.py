"""Programs of other people, as they come from the package index, on our simulators: none of them can tell. Not on Windows.

==========================  ====================================  ==============================================
``nesp-lib``                New Era pumps, Basic and Safe mode    on a pty
``mettler-toledo-device``   MT-SICS balances                      on a pty
``sartorius``               Sartorius balances, SBI               over TCP
``pymeasure`` with PyVISA   HP 34401A, Agilent 34410A, Keysight E36312A  over TCP, as ``TCPIP::...::SOCKET``
==========================  ====================================  ==============================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.serving import serving

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # they are used as they are
    pytest.mark.timeout(120),
]

BENCH = """
[bench]
id = "strangers"
[pump]
driver = "new-era"
address = "sim://strangers/pump"
syringe = { volume = "10 mL", inner_diameter = "14.5 mm" }
[balance]
driver = "mt-sics"
address = "sim://strangers/balance"
serial = "B021002593"
readability = "0.1 mg"
repeatability = "0.1 mg"
[pressure]
driver = "keysight-dmm"
address = "sim://strangers/dmm"
[battery]
driver = "keysight-e36300"
address = "sim://strangers/supply"
[simulation]
seed = 5
"""
SARTORIUS = """
[bench]
id = "sartorius"
[balance]
driver = "sartorius-sbi"
address = "sim://sartorius/balance"
readability = "1 mg"
repeatability = "1 mg"
capacity = "1200 g"
[simulation]
seed = 5
"""


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    yield from _served(tmp_path_factory.mktemp("strangers") / "bench.toml", BENCH)


@pytest.fixture(scope="module")
def sartorius_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for found in _served(tmp_path_factory.mktemp("sartorius") / "bench.toml", SARTORIUS):
        yield found["balance"]["tcp"]


def _served(path: Path, text: str) -> Iterator[dict[str, Any]]:
    path.write_text(text, encoding="utf-8")
    with serving(bench=path) as program:
        yield program.addresses


@pytest.mark.parametrize("safe_mode_timeout_s", [0, 5], ids=["Basic mode", "Safe mode"])
def test_nesp_lib_drives_the_new_era_pump(addresses: dict[str, Any], safe_mode_timeout_s: int) -> None:
    import nesp_lib

    with nesp_lib.Port(addresses["pump"]["pty"], 19200) as port:
        pump = nesp_lib.Pump(port, safe_mode_timeout_s=safe_mode_timeout_s)
        assert (pump.model_number, pump.safe_mode_timeout_s) == (1000, safe_mode_timeout_s)
        pump.syringe_diameter_mm = 14.5
        pump.pumping_direction = nesp_lib.PumpingDirection.INFUSE
        pump.volume_infused_clear()
        pump.pumping_volume_ml = 0.05
        pump.pumping_rate_ml_per_min = 3.0
        assert (pump.syringe_diameter_mm, pump.pumping_volume_ml, pump.pumping_rate_ml_per_min) == (14.5, 0.05, 3.0)
        with pytest.raises(ValueError, match="Value exceeds limit"):
            pump.pumping_rate_ml_per_min = 200.0
        pump.run(wait_while_running=False)
        assert pump.status is nesp_lib.Status.INFUSING
        with pytest.raises(nesp_lib.StateException):
            pump.syringe_diameter_mm = 20.0
        pump.wait_while_running()
        assert pump.volume_infused_ml == pytest.approx(0.05, abs=0.0006)
        pump.safe_mode_timeout_s = 0


def test_mettler_toledo_device_drives_the_balance(addresses: dict[str, Any]) -> None:
    from mettler_toledo_device import MettlerToledoDevice, MettlerToledoError

    balance = MettlerToledoDevice(port=addresses["balance"]["pty"], timeout=1.0)
    assert balance.get_serial_number() == "B021002593"
    assert balance.get_balance_data()[0] == "SIM204"
    assert "0123" in balance.get_mtsics_level()[0]
    mass_g, unit, stability = balance.get_weight()
    assert (mass_g, unit) == (pytest.approx(35.0, abs=0.1), "g")
    assert stability in "SD"
    assert balance.get_weight_stable()[0] == pytest.approx(mass_g, abs=0.2)  # the pump may still drip
    with pytest.raises(MettlerToledoError, match="Upper limit of zero setting range exceeded"):
        balance.zero()
    balance.close()


def test_sartorius_reads_the_sbi_balance(sartorius_address: str) -> None:
    from sartorius import Scale

    async def settled(scale: Any) -> Any:
        while not (reading := await scale.get())["stable"]:
            await asyncio.sleep(0.2)
        return reading

    async def drive() -> tuple[Any, Any, Any]:
        scale = Scale(urlsplit(sartorius_address).netloc)
        info, before = await scale.get_info(), await settled(scale)
        scale.hw.connection["writer"].write(b"\x1bT\r\n")  # its zero() waits for a line that no Sartorius sends
        await asyncio.sleep(1.0)
        return info, before, await settled(scale)

    info, before, after = asyncio.run(drive())
    assert info == {"model": "MSE1203S-100-DR", "serial": "SerNo.    0031801165", "software": "BAC         00-39-21"}
    assert (before["mass"], before["units"], before["measurement"]) == (pytest.approx(35.0, abs=0.1), "g", "net")
    assert after["mass"] == pytest.approx(0.0, abs=0.01)


@pytest.fixture
def visa(addresses: dict[str, Any]) -> Any:
    """A TCP address of the bench as pymeasure and PyVISA want it."""
    from pymeasure.adapters import VISAAdapter

    def adapter(role: str) -> Any:
        at = urlsplit(addresses[role]["tcp"])
        name = f"TCPIP::{at.hostname}::{at.port}::SOCKET"
        return VISAAdapter(name, visa_library="@py", read_termination="\n", write_termination="\n", timeout=10_000)

    return adapter


def test_pymeasure_reads_the_meter_as_an_agilent_34410a(visa: Any) -> None:
    from pymeasure.instruments.agilent import Agilent34410A

    meter = Agilent34410A(visa("pressure"))
    assert "34461A" in meter.id
    assert meter.voltage_dc == pytest.approx(0.5, abs=0.6)
    assert meter.check_errors() == []
    meter.adapter.close()


def test_pymeasure_drives_the_meter_as_an_hp_34401a(visa: Any) -> None:
    from pymeasure.instruments.hp import HP34401A

    meter = HP34401A(visa("pressure"))
    meter.clear()
    meter.function_ = "DCV"
    meter.range_, meter.nplc = 10, 1
    meter.trigger_source, meter.sample_count, meter.trigger_count = "IMM", 3, 1
    assert (meter.function_, float(meter.range_), meter.nplc) == ("DCV", 10.0, 1)
    assert (int(meter.sample_count), meter.trigger_source) == (3, "IMM")
    readings = meter.reading
    assert len(readings) == 3
    assert meter.stored_reading == readings
    meter.adapter.close()


def settled(measure: Callable[[], float]) -> float:
    """What is measured when it does not move any more."""
    before, now = measure(), measure()
    while abs(now - before) > 1e-3:
        before, now = now, measure()
    return now


def test_pymeasure_drives_the_supply(visa: Any) -> None:
    from pymeasure.instruments.keysight import KeysightE36312A

    supply = KeysightE36312A(visa("battery"))
    output = supply.ch_1
    output.voltage_setpoint, output.current_limit, output.output_enabled = 3.0, 0.5, True
    assert (output.voltage_setpoint, output.current_limit, output.output_enabled) == (3.0, 0.5, True)
    assert settled(lambda: output.voltage) == pytest.approx(3.0, abs=0.01)
    output.output_enabled = False
    assert settled(lambda: output.voltage) == pytest.approx(0.0, abs=0.01)
    assert supply.check_errors() == []
    supply.adapter.close()
