"""What each case is judged by: measurands that are there, counts of alarms, the right limit and the right side of it."""

from __future__ import annotations

from benchmarks.mutants.mutant import in_file

MUTANTS = (
    *in_file(
        "harness/judges/doses.py",
        "tests/harness/judges/test_doses.py",
        (
            "the smallest bolus is not judged",
            'view.judge("smallest bolus error", smallest.deviation_pct, "%", case.each_error, f"bolus {smallest.index}"),',
            "",
            "test_boluses_in_a_row",
        ),
        (
            "largest and smallest bolus have the mean's limit",
            'largest.deviation_pct, "%", case.each_error',
            'largest.deviation_pct, "%", case.mean_error',
            "test_boluses_in_a_row",
        ),
        (
            "the basal flow is part of a dose",
            "scaled(total, 1.0, -basal_ml)",
            "scaled(total, 1.0, 0.0)",
            "test_boluses_by_a_schedule",
        ),
        ("the flow after a bolus is not judged", ', ("after", "basal flow error after")):', ",):", "test_a_bolus_on_an_infusion"),
        (
            "intervals between doses are not judged",
            "judged += _judge_intervals(view, doses)",
            "judged += []",
            "test_boluses_by_a_schedule",
        ),
        (
            "intervals are judged from command to command",
            '+ inputs.normal("start of the later one (s)", other.value, other.u)',
            '+ inputs.normal("start of the later one (s)", one.value, one.u)',
            "test_boluses_by_a_schedule",
        ),
    ),
    *in_file(
        "harness/judges/reservoir.py",
        "tests/harness/judges/test_reservoir.py",
        (
            "a pump may take more than its reservoir holds",
            'exact(len(taken)), "1", (0.0, 0.0)',
            'exact(len(taken)), "1", (0.0, 1.0)',
            "test_the_account_of_a_refill",
        ),
        (
            "a low-reservoir alarm after the end leads",
            "scaled(late, -case.days_per_s)",
            "scaled(late, case.days_per_s)",
            "test_what_is_wrong_is_told_by_what_it_spoils",
        ),
        (
            "a low-reservoir or empty alarm may be missing",
            '(1.0, 1.0), "simple", in_words(found) or "none came") for',
            '(0.0, 1.0), "simple", in_words(found) or "none came") for',
            "test_what_is_wrong_is_told_by_what_it_spoils",
        ),
        (
            "what stays in the reservoir is not judged",
            '    yield "volume never delivered", _residual_ul(view, curve, (end_s, end_s)), "uL", case.undelivered, ""\n',
            "",
            "test_what_is_wrong_is_told_by_what_it_spoils",
        ),
    ),
    *in_file(
        "harness/judges/blockages.py",
        "tests/harness/judges/test_lines.py",
        (
            "an occlusion alarm that does not come is ignored",
            'exact(len(due)), "1", (1.0, 1.0)',
            'exact(len(due)), "1", (0.0, 1.0)',
            "test_an_occlusion_fails",
        ),
        (
            "an occlusion alarm with the line open is ignored",
            '"alarms with the line open", exact(len(early)), "1", (0.0, 0.0)',
            '"alarms with the line open", exact(len(early)), "1", (0.0, None)',
            "test_an_occlusion_fails",
        ),
        (
            "a motor may push on after its alarm",
            "    if due:\n        judged.append(_stands(view))\n",
            "",
            "test_an_alarm_that_does_not_stop_the_pump_fails",
        ),
        (
            "a detector that is never sure was sure at once",
            'else view.phase("blocked").end_s',
            "else closed[1]",
            "test_the_detector_fails",
        ),
        (
            "a detector may be sure with the line open",
            'exact(len(early)), "1", (0.0, 0.0), "simple", words)]',
            'exact(len(early)), "1", (0.0, None), "simple", words)]',
            "test_the_detector_fails",
        ),
        (
            "any volume may come after the opening",
            '"volume after the opening", found, "uL", (None, most_ul)',
            '"volume after the opening", found, "uL", (None, None)',
            "test_no_more_comes_at_the_opening_than_was_pushed",
        ),
    ),
    *in_file(
        "harness/judges/steps.py",
        "tests/harness/judges/test_lines.py",
        (
            "a transducer that is off its zero is believed",
            "or abs(found_kpa[0]) > _OPEN_KPA + _CLEARLY * u_kpa:",
            "or False:",
            "test_a_bench_that_cannot_tell_is_not_judged",
        ),
    ),
    *in_file(
        "harness/judges/line.py",
        "tests/harness/judges/test_lines.py",
        (
            "a pressure that is lost is not judged",
            'return [reached, view.judge("pressure loss in the hold", loss, "kPa", case.pressure_loss), _accounted(view)]',
            "return [reached, _accounted(view)]",
            "test_a_leak_fails",
        ),
        (
            "what stays in the line was not primed",
            "100 * (case.dead_ml / case.volume - 1)",
            "-100",
            "test_a_primed_line_tells_its_dead_volume",
        ),
        (
            "the first drop is as late as the line is long and slow",
            "back_s = line.middle_s - begin_s - lag_s",
            "back_s = line.middle_s - begin_s",
            "test_what_the_line_trails_behind_is_no_dead_volume_and_no_delay",
        ),
        (
            "a pump that goes on priming while the flow settles is nobody's",
            'view.series("before", "settle")',
            'view.series("before", "filled")',
            "test_a_priming_fails",
        ),
        (
            "a priming is not followed on its way",
            '    judged.append(view.judge(FURTHEST, course_ul(view, whole, begin_s, then_s), "uL", case.course))\n',
            "",
            "test_a_priming_fails",
        ),
    ),
    *in_file(
        "harness/judges/rates.py",
        "tests/harness/judges/test_rates.py",
        (
            "the keep-open flow may be above the set rate",
            'judge("keep-open flow", flow, "mL/h", (None, case.rate)',
            'judge("keep-open flow", flow, "mL/h", (None, None)',
            "test_a_keep_open_rate",
        ),
        (
            "the programmed volume is not judged",
            "judged = [_infused(view, flow), error, highest]",
            "judged = [error, highest]",
            "test_a_keep_open_rate",
        ),
        (
            "a change that was not made is not told",
            'exact(0.0), "1", (1.0, 1.0), "simple", "less than half',
            'exact(0.0), "1", (0.0, 1.0), "simple", "less than half',
            "test_a_change_of_rate",
        ),
        (
            "what the pump counted is not compared",
            "judged += [_count_error(view, case.count_error)] if case.count_error is not None else []",
            "judged += []",
            "test_the_figures_of_a_change",
        ),
        (
            "a flow is judged before it has settled",
            "Period(start_s + settle_s, end_s)",
            "Period(start_s, end_s)",
            "test_the_flow_of_a_rate_is_that_of_all_its_time_after_the_settling",
        ),
    ),
    *in_file(
        "harness/judges/trumpets.py",
        "tests/harness/judges/test_trumpets.py",
        (
            "Ep(min) has no limit",
            '("min", window.ep_min, (low, None))',
            '("min", window.ep_min, (None, None))',
            "test_each_extreme_has_the_limit_of_its_side",
        ),
        (
            "a flow that never comes has no delay",
            "delay or exact(case.start_up_s)",
            "delay or exact(0.0)",
            "test_a_flow_that_never_comes",
        ),
        (
            "a pump that says that it stands is not heard",
            '        *standing_still(view, view.phase("analysis")),\n',
            "",
            "test_a_pump_that_says_that_it_stands",
        ),
    ),
    *in_file(
        "harness/judges/settings.py",
        "tests/harness/judges/test_settings.py",
        (
            "a setting out of range may be taken",
            '_count("settings out of range that were taken", accepted),',
            "",
            "test_what_was_taken_and_refused",
        ),
        (
            "a setting in range may be refused",
            '_count("settings not taken as they are", refused),',
            "",
            "test_what_was_taken_and_refused",
        ),
        (
            "what a pump says it took is compared with itself",
            '100 * (event.data["reported"] / event.data["requested"] - 1)',
            '100 * (event.data["reported"] / event.data["reported"] - 1)',
            "test_what_was_taken_and_refused",
        ),
    ),
    *in_file(
        "harness/judges/power.py",
        "tests/harness/judges/test_power.py",
        ("a loss of power may stay untold", "ONE = (1.0, 1.0)", "ONE = (0.0, 1.0)", "test_a_loss_of_power"),
        ("what comes unasked after a loss of power is not judged", "        _unasked(view),\n", "", "test_a_loss_of_power"),
        (
            "a battery alarm is at the voltage after it",
            "if event.at_s < alarm.at_s]",
            "]",
            "test_a_battery_near_its_end",
        ),
    ),
    *in_file(
        "harness/judges/python.py",
        "tests/harness/judges/test_python.py",
        (
            "an expected alarm need not come",
            '(float(asked.count), float(asked.count)), "simple"',
            '(0.0, float(asked.count)), "simple"',
            "test_as_many_alarms_as_expected",
        ),
    ),
)
