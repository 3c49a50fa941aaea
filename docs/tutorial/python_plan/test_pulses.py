"""A plan written by hand: three pulses in a row, as a patient controller would ask for them, and the pump off after them."""

import pytest

pytestmark = pytest.mark.plan(
    id="PULSES",
    title="Three pulses of 0.2 mL",
    preparation={"settle": "5 min", "blank": "20 min"},
    requirement={"R1": "A pulse is 0.2 mL, and three in a row are three.", "R2": "After the last pulse nothing flows."},
)

PULSE_ML, OVER_S = 0.2, 30.0


@pytest.mark.case(requirement=["R1"], lasts="15 min", gives="0.6 mL")
def test_three_pulses(rig, expect):
    """Three pulses, five minutes apart"""
    for number in (1, 2, 3):
        with rig.phase(f"before {number}"):
            rig.wait(60)
        with rig.phase(f"pulse {number}"):
            rig.start(PULSE_ML / OVER_S * 3600, PULSE_ML)
            rig.watch(rig.clock.now_s() + 2 * OVER_S, every_s=5)
            rig.stop()
        with rig.phase(f"after {number}"):
            rig.wait(120)
        expect.volume(f"volume of pulse {number}", "0.2 mL", before=f"before {number}", after=f"after {number}", within="5 %")
    expect.volume("all three", "0.6 mL", before="before 1", after="after 3", within="3 %")


@pytest.mark.case(requirement=["R1"], lasts="5 min", gives="0.2 mL", needs=["test_three_pulses"])
def test_the_pump_counts_its_pulse(rig, pump, expect):
    """The pump's own total says what it was asked for"""
    before_ml = pump.infused_ml()
    with rig.phase("pulse"):
        rig.start(PULSE_ML / OVER_S * 3600, PULSE_ML)
        rig.watch(rig.clock.now_s() + 2 * OVER_S, every_s=5)
        rig.stop()
    counted_ml = pump.infused_ml() - before_ml
    expect.value("counted volume", counted_ml, "mL", at_least=0.199, at_most=0.201)


@pytest.mark.case(requirement=["R2"], lasts="1 h", gives="0 mL")
def test_nothing_flows_afterwards(rig, expect):
    """The pump is off for an hour, once the line has run out"""
    rig.wait(120)
    with rig.phase("off"):
        rig.wait(3600)
    expect.quiet("volume when off", phase="off", within="5 uL")
