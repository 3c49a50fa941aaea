"""Verdicts computed again from raw lines: the same bytes, whoever weighed; old against new; what does not fit is found."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.rawlog import readable
from harness.readback import read_record
from harness.reanalysis import _by_themselves, changes, reanalyse, recomputed
from harness.record import Event, Record
from harness.recorder import JOURNAL, SAMPLES
from harness.recording import load_recording
from harness.recovery import close_cut
from harness.replay import Replay
from harness.samples import FIRST_LINE, joined
from harness.verdicts import VERDICTS, read_verdicts, verdicts_text
from instruments.drivers import drivers
from instruments.errors import BenchError, ConfigError
from instruments.stamped import Stamped
from tests.conftest import DATA, ROOT
from tests.dosebench.test_cli import short_plan
from tests.fixtures.test_plugin import two_cases
from tests.harness.test_recorder import RAW
from tests.harness.test_recovery import PLACES, cut, finished
from tests.test_every_instrument import BENCH, PLAN, STREAMS, SYRINGE

SIMULATED = ROOT / "benches" / "simulated.toml"
REAL = DATA / "real-gravimetric"
BOLUS_ONLY = PLAN.partition('[[case]]\nid = "S-FLOW"')[0]
FAULTS = {
    "nothing wrong": (),
    "pulled for 5 s": ("balance-unplug:at=27min,for=5s",),
    "noise": ("serial-garbage:at=22min", "lost-lines:at=26min,for=3s", "overload:at=27min,for=10s", "serial-garbage:at=28min"),
}


def weighed(out: Path, balance: str, *faults: str) -> Path:
    """The folder of a closed run of one bolus on this balance."""
    rate, simulation = STREAMS.get(balance, ("10 Hz", ""))
    plan, bench = out / "plan.toml", out / "bench.toml"
    plan.write_text(BOLUS_ONLY)
    bench.write_text(BENCH.format(pump="new-era", balance=balance, source=SYRINGE, rate=rate, simulation=simulation))
    campaign = Campaign(load_plan(plan), load_bench(bench, faults=faults), out)
    campaign.start()
    campaign.run_case(campaign.plan.cases[0])
    campaign.close()
    return campaign.folder


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("balance", sorted(drivers("balances")))
def test_the_raw_lines_of_every_balance_give_its_samples_and_verdicts_again(
    balance: str, faults: tuple[str, ...], tmp_path: Path
) -> None:
    folder = weighed(tmp_path, balance, *faults)
    assert reanalyse(folder).differs == ""
    assert recomputed(folder) == (folder / VERDICTS).read_bytes()
    assert len(read_record(folder).readings) > 5000


# --- one run ---


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("passed"))


@pytest.fixture
def run(passed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(passed, tmp_path / "run")


def test_a_recording_of_others_is_judged_again_to_the_byte(tmp_path: Path) -> None:
    recording = load_recording(REAL / "nitric_acid_dosing_hh79.csv", REAL / "mapping.toml")
    replay = Replay(load_plan(REAL / "plan.toml"), recording, tmp_path)
    for case in replay.plan.cases:
        replay.run_case(case)
    replay.close()
    assert recomputed(replay.folder) == (replay.folder / VERDICTS).read_bytes()
    raw = replay.folder / "raw" / recording.source.name
    raw.write_bytes(b"".join(raw.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(BenchError, match=r"the raw lines have \d+ readings, the samples \d+"):
        recomputed(replay.folder)


def test_a_run_that_was_ended_by_hand_is_judged_again_to_the_byte(tmp_path: Path) -> None:
    campaign = Campaign(load_plan(two_cases(tmp_path)), load_bench(SIMULATED), tmp_path)
    campaign.start()
    campaign.run_case(campaign.plan.cases[0])
    campaign.abort_case(campaign.plan.cases[1], "Ctrl-C")
    campaign.close()
    assert [case.verdict for case in read_verdicts(campaign.folder / VERDICTS).cases] == ["ABORTED", "ABORTED"]
    assert recomputed(campaign.folder) == (campaign.folder / VERDICTS).read_bytes()


@pytest.mark.parametrize(("last", "torn", "more"), PLACES.values(), ids=PLACES)
def test_a_run_that_was_cut_is_judged_again_to_the_byte(
    last: tuple[str, ...], torn: bytes, more: int, passed: Path, tmp_path: Path
) -> None:
    """Raw lines reach the disk before what was made of them: some may have no sample yet."""
    folder = cut(passed, tmp_path / "cut", *(last or ("",)), torn=torn, more=more)
    close_cut(folder)
    assert recomputed(folder) == (folder / VERDICTS).read_bytes()


def test_nothing_in_the_folder_is_changed(run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    reanalyse(run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_run_that_is_not_closed_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has not been closed; 'dosebench recover' closes it, if nobody is running it"):
        reanalyse(cut(run, tmp_path / "cut", "verdict", "BOLUS"))


# --- what does not fit ---

ROW = struct.Struct("<qdB")


def changed_sample(folder: Path, row: int, **change: float) -> None:
    path = folder / SAMPLES
    data = bytearray(path.read_bytes())
    at = len(FIRST_LINE) + row * ROW.size
    told = dict(zip(("t_us", "mass_g", "status"), ROW.unpack_from(data, at), strict=True))
    ROW.pack_into(data, at, *{**told, **{name: type(told[name])(value) for name, value in change.items()}}.values())
    path.write_bytes(data)


def shortened(folder: Path) -> None:
    path = folder / SAMPLES
    data = path.read_bytes()
    path.write_bytes(data[: len(FIRST_LINE) + 17 * 100] + data[len(FIRST_LINE) + 17 * 101 :])


def raw_digit(folder: Path) -> None:
    lines = (folder / RAW).read_bytes().split(b"\n")
    at = next(at for at, line in enumerate(lines) if at > 500 and b" < S S " in line)
    digits = bytearray(lines[at])
    place = digits.rindex(b" g") - 1
    digits[place] = ord("1") if digits[place] != ord("1") else ord("2")
    lines[at] = bytes(digits)
    (folder / RAW).write_bytes(b"\n".join(lines))


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a mass": (
        lambda folder: changed_sample(folder, 100, mass_g=36.5),
        r"the sample at \d+\.\d{6} s is 36\.5 g, the raw lines say",
    ),
    "a mass by its last bit": (
        lambda folder: changed_sample(folder, 100, mass_g=np.nextafter(read_record(folder).readings.masses_g[100], 99)),
        "the raw lines say",
    ),
    "a mass that is none": (lambda folder: changed_sample(folder, 100, mass_g=float("nan")), "is nan g, the raw lines say"),
    "a moment": (lambda folder: changed_sample(folder, 100, t_us=5), r"the sample at 0\.000005 s"),
    "a status": (lambda folder: changed_sample(folder, 100, status=ord("D")), "the raw lines say"),
    "a sample fewer": (shortened, r"the raw lines have \d+ readings, the samples \d+"),
    "a digit of a raw line": (raw_digit, "the raw lines say"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_sample_that_is_not_what_the_raw_line_says_is_found(damage: Callable[[Path], None], message: str, run: Path) -> None:
    damage(run)
    with pytest.raises(BenchError, match=message):
        recomputed(run)


def test_what_is_judged_again_is_the_raw_lines_and_not_the_samples(run: Path) -> None:
    """Every sample a gram too light from the middle on: the verdicts are still those of the raw lines."""
    data = bytearray((run / SAMPLES).read_bytes())
    rows = np.frombuffer(data, dtype=[("t", "<i8"), ("m", "<f8"), ("s", "u1")], offset=len(FIRST_LINE))
    rows["m"][len(rows) // 3 :] -= 1
    (run / SAMPLES).write_bytes(data)
    found = reanalyse(run)
    assert verdicts_text(found.verdict) == (run / VERDICTS).read_bytes()
    assert found.differs


# --- another plan ---


def test_a_newer_plan_shows_old_against_new(run: Path, tmp_path: Path) -> None:
    plan = two_cases(tmp_path)
    plan.write_text(plan.read_text().replace('volume_error = { within = "5 %" }', 'volume_error = { within = "0.05 %" }', 1))
    old, found = read_verdicts(run / VERDICTS), reanalyse(run, plan)
    assert [case.verdict.value for case in found.verdict.cases] == ["FAIL", "PASS"]
    assert found.verdict.cases[0].measurands[0].value == old.cases[0].measurands[0].value
    rows = changes(old, found.verdict)
    assert [(case, name) for case, name, _, _ in rows] == [("BOLUS", ""), ("BOLUS", "bolus volume")]
    assert rows[0][2:] == ("PASS", "FAIL")
    assert "in [0.95, 1.05]: PASS" in rows[1][2]
    assert "in [0.9995, 1.0005]: FAIL" in rows[1][3]
    assert changes(old, old) == []


def test_cases_that_only_one_plan_has_are_told_too(run: Path, tmp_path: Path) -> None:
    plan = two_cases(tmp_path)
    plan.write_text(plan.read_text().replace('"BOLUS-2"', '"OTHER"'))
    found = reanalyse(run, plan)
    assert [(case.id, case.verdict.value) for case in found.verdict.cases] == [("BOLUS", "PASS"), ("OTHER", "ABORTED")]
    rows = {(case, name): (was, now) for case, name, was, now in changes(read_verdicts(run / VERDICTS), found.verdict)}
    assert rows["BOLUS-2", ""] == ("PASS", "-")
    assert rows["OTHER", ""] == ("-", "ABORTED")
    assert rows["BOLUS-2", "bolus volume"][1] == "-"


def test_a_plan_with_none_of_its_cases_is_refused(run: Path, tmp_path: Path) -> None:
    plan = short_plan(tmp_path)
    plan.write_text(plan.read_text().replace('"BOLUS"', '"OTHER"'))
    with pytest.raises(ConfigError, match=r"short\.toml: none of its cases is in the run in .*; it has BOLUS, BOLUS-2"):
        reanalyse(run, plan)


def test_what_was_not_judged_from_the_record_stays_as_it_was(tmp_path: Path) -> None:
    """The pump was lost in the second case: no plan can make more of that."""
    campaign = Campaign(
        load_plan(two_cases(tmp_path)),
        load_bench(SIMULATED, faults=["balance-unplug:at=10.5min"]),
        tmp_path,
    )
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    campaign.close()
    before = read_verdicts(campaign.folder / VERDICTS)
    assert {case.verdict.value for case in before.cases} == {"INVALID"}
    plan = tmp_path / "short.toml"
    plan.write_text(plan.read_text().replace("5 %", "50 %"))
    assert reanalyse(campaign.folder, plan).verdict == before
    assert (campaign.folder / JOURNAL).exists()


def test_an_answer_to_a_question_is_no_reading_of_the_stream() -> None:
    """Before the stream, by itself, and in answer to a question whose words look like a reading."""
    line, other = b"S S     35.0000 g\r\n", b"S S     36.0000 g\r\n"
    frames = Stamped.join(
        [Stamped.one(line, 1), Stamped.one(line, 3), Stamped.one(other, 5), Stamped.one(line, 5), Stamped.one(line, 7)]
    )
    asked = {"role": "balance", "command": "SI", "reply": readable(other), "heard_us": 5}
    unasked = {"role": "balance", "command": "", "reply": readable(line), "heard_us": 7}
    told = [Event(4, "command", "", asked), Event(6, "command", "", unasked)]
    record = Record("r", "real", joined([]), [Event(2, "weighing begins")], commands=told)
    assert [(stamp_us, frame) for frame, stamp_us in _by_themselves(frames, record)] == [(3, line), (5, line), (7, line)]
