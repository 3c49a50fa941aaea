"""Units at the door, and what drivers make of what an instrument says: read-backs, alarms, masses, late answers."""

from __future__ import annotations

from benchmarks.mutants.mutant import in_file

MUTANTS = (
    *in_file(
        "instruments/units.py",
        "tests/instruments/test_units.py",
        ("h is a minute", '"h": "hour"', '"h": "minute"', "test_spellings"),
        ("a day is an hour", '"d": "day"', '"d": "hour"', "test_spellings"),
        ("M is milli", 'if _MEGA.search(match["unit"]):', "if False:", "test_a_capital_m_is_not_taken_for_milli"),
    ),
    *in_file(
        "harness/quantities.py",
        "tests/harness/test_plan_language.py",
        (
            "a stronger drug runs faster",
            "return dose_ug_h / concentration_ug_ml(info, value)",
            "return dose_ug_h * concentration_ug_ml(info, value)",
            "test_a_rate_is_one_in_volume",
        ),
        (
            "a daily dose is an hourly one",
            'dose_ug_h = to_unit(value, "ug/h")',
            'dose_ug_h = to_unit(value, "ug/day")',
            "test_a_rate_is_one_in_volume",
        ),
        (
            "a concentration is in mg/mL",
            'MicrogramsPerMilliLitre = Annotated[float, _Quantity("ug/mL")]',
            'MicrogramsPerMilliLitre = Annotated[float, _Quantity("mg/mL")]',
            "test_a_bolus_has_its_volume",
        ),
        (
            "volume and dose need not agree",
            "if abs(implied_ml - volume_ml) > _SAME_DOSE * implied_ml:",
            "if False:",
            "tests/harness/test_bad_files.py::test_a_broken_plan_is_refused_with_place_and_reason",
        ),
    ),
    *in_file(
        "harness/cases/limits.py",
        "tests/harness/test_plan_language.py",
        (
            "within has an upper side alone",
            "return (-self.within, self.within) if",
            "return (None, self.within) if",
            "tests/harness/analysis/test_flow.py::test_flow_error",
        ),
    ),
    *in_file(
        "harness/stands.py",
        "tests/harness/test_stands.py",
        (
            "a transducer's zero is not taken off",
            "return (volts - self.zero) / self.sensitivity",
            "return volts / self.sensitivity",
            "test_pressure",
        ),
    ),
    *in_file(
        "instruments/settings.py",
        "tests/instruments/test_settings.py",
        (
            "a pump may take another setting than it was given",
            "if not abs(taken - asked) <= resolution:",
            "if False:",
            "tests/instruments/pumps/test_new_era.py::test_a_value_that_the_pump_did_not_take_is_an_error",
        ),
        (
            "a setting that the pump does not tell was taken",
            "if taken is None:",
            "if False:",
            "tests/instruments/pumps/test_new_era.py::test_a_watchdog_that_the_pump_did_not_take_is_an_error",
        ),
    ),
    *in_file(
        "instruments/wire/new_era_values.py",
        "tests/instruments/wire/test_new_era.py",
        ("microlitres a minute are microlitres an hour", '"UM": 0.06', '"UM": 0.001', "test_a_rate_is_read_in_its_own_unit"),
        ("millilitres a minute are millilitres an hour", '"MM": 60.0', '"MM": 1.0', "test_a_rate_is_read_in_its_own_unit"),
        (
            "microlitres are millilitres",
            '"UL": 0.001, "ML": 1.0',
            '"UL": 1.0, "ML": 1.0',
            "test_a_volume_is_read_in_its_own_unit",
        ),
        (
            "a total at the end of its digits is believed",
            "full=max(infused, withdrawn) >= _FULL)",
            "full=False)",
            "tests/instruments/pumps/test_new_era.py::test_a_total_that_cannot_be_read_is_refused",
        ),
    ),
    *in_file(
        "instruments/wire/new_era.py",
        "tests/instruments/pumps/test_new_era.py",
        (
            "a stalled motor is a loss of power",
            '"S": "stall"',
            '"S": "power"',
            "tests/instruments/wire/test_new_era.py::test_what_any_pump_would_mean_by_each_alarm",
        ),
    ),
    *in_file(
        "instruments/pumps/new_era.py",
        "tests/instruments/pumps/test_new_era.py",
        (
            "of two kinds of alarm one is lost",
            "self._talk.keep([heard for heard in alarms if heard[1].alarm != reply.alarm])",
            "self._talk.keep([])",
            "test_of_two_kinds_of_alarm_neither_is_lost",
        ),
    ),
    *in_file(
        "instruments/wire/scpi_pump.py",
        "tests/instruments/pumps/test_scpi_pump.py",
        (
            "an empty reservoir is a low one",
            'Alarm(2, "EMPTY", "empty"',
            'Alarm(2, "EMPTY", "low-reservoir"',
            "tests/instruments/wire/test_scpi_pump.py::test_what_any_pump_would_mean_by_each_alarm",
        ),
        (
            "the alarm of the watchdog has another bit",
            'Alarm(32, "WDOG"',
            'Alarm(128, "WDOG"',
            "tests/instruments/test_scpi_pump_manual.py::test_every_name_of_the_driver_and_every_alarm_is_in_a_table",
        ),
    ),
    *in_file(
        "instruments/pumps/scpi_pump.py",
        "tests/instruments/pumps/test_scpi_pump.py",
        (
            "of several alarms the first is told",
            "self._met += self._ask_alarms()",
            "self._met = self._ask_alarms()",
            "test_alarms_that_one_answer_tells_are_told_one_by_one_and_once",
        ),
        (
            "the volume of before is counted too",
            'return self._number("total") - self._total_from_ml',
            'return self._number("total")',
            "test_the_volume_is_counted_from_when_the_pump_was_connected",
        ),
        (
            "a pump that stays off has started",
            '        if self._word("state")[0] == _OFF:\n            raise Refused(',
            "        if False:\n            raise Refused(",
            "test_a_pump_that_stays_off_has_not_started",
        ),
    ),
    *in_file(
        "instruments/wire/mt_sics.py",
        "tests/instruments/wire/test_mt_sics.py",
        ("a kilogram is a gram", '"kg": Decimal(1000)', '"kg": Decimal(1)', "test_a_weighing_is_read_or_refused"),
        (
            "a balance that changed its unit is believed",
            " and not _in_another_unit(line):",
            ":",
            "tests/instruments/wire/test_mt_sics_block.py::test_a_block_says_what_its_lines_say_one_by_one",
        ),
        (
            "an overload in a stream is a dynamic weight",
            "statuses[at] = ord(weighing.status)",
            'statuses[at] = ord("D")',
            "tests/instruments/wire/test_mt_sics_block.py::test_a_block_says_what_its_lines_say_one_by_one",
        ),
    ),
    *in_file(
        "instruments/link.py",
        "tests/instruments/test_link.py",
        (
            "a late answer is taken for the next",
            "        if self._out_of_step:\n            self.settle(self._doubt_s)\n",
            "",
            "test_an_answer_that_ctrl_c_left_on_its_way_is_not_the_next_one",
        ),
        (
            "a line that came by itself is taken for an answer",
            "        self._set_aside(self._take())\n        self._doubt_s",
            "        self._doubt_s",
            "test_what_came_before_the_request_is_never_its_answer",
        ),
    ),
    *in_file(
        "instruments/meters/levels.py",
        "tests/instruments/meters/test_keysight_daq.py",
        (
            "an alarm relay is read upside down",
            "float(volts.value > threshold_v)",
            "float(volts.value <= threshold_v)",
            "test_a_channel_for_volts_is_a_line_too",
        ),
    ),
)
