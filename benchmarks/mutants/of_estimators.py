"""Estimators: mean flow, delivery, even samples, start-up, trumpet, reservoirs, occlusion, and the balance itself."""

from __future__ import annotations

from benchmarks.mutants.mutant import in_file

MUTANTS = (
    *in_file(
        "harness/analysis/flow.py",
        "tests/harness/analysis/test_flow.py",
        ("a flow in mL/h is one in mL/min", "2 * _STAMP_S)) * 3600", "2 * _STAMP_S)) * 60", "test_flow_error"),
        (
            "the set rate is taken off the wrong way",
            "return view.judge(name, scaled(found, 100 / rate_ml_h, -100)",
            "return view.judge(name, scaled(found, 100 / rate_ml_h, 100)",
            "test_flow_error",
        ),
        (
            "a flow of a pump that is off is in mL/h",
            'scaled(found, 1000), "uL/h"',
            'scaled(found, 1), "uL/h"',
            "test_flow_when_off",
        ),
        (
            "a pump may stop of its own accord",
            'exact(len(within)), "1", (0.0, 0.0)',
            'exact(len(within)), "1", (0.0, None)',
            "test_a_pump_that_stops_without_a_word_of_alarm_fails",
        ),
        (
            "what flows on after the stop is not looked at",
            "if found.value - found.expanded_uncertainty <= most_ul:",
            "if True:",
            "test_what_comes_before_the_flow_is_judged",
        ),
        (
            "a stopped line gives nothing any more",
            "* math.exp((end_s - moment_s) / lag_s) if lag_s else 0.0",
            "* 0.0",
            "test_what_comes_before_the_flow_is_judged",
        ),
    ),
    *in_file(
        "harness/analysis/delivery.py",
        "tests/harness/analysis/test_flow.py",
        (
            "what the detector cannot see is not there",
            "half_width_s = blind_s / 2 if stretches else blind_s",
            "half_width_s = 0.0",
            "test_a_gap_that_the_detector_cannot_see_is_not_passed",
        ),
        (
            "evaporation is missed flow twice",
            "(masses_g + loss_g_h * grid_s / 3600)",
            "(masses_g - loss_g_h * grid_s / 3600)",
            "tests/harness/test_analyses.py::test_what_evaporates_is_missed_flow_unless_it_is_corrected",
        ),
        (
            "the longest stretch without delivery is the shortest",
            "longest_s = max(",
            "longest_s = min(",
            "test_of_several_stretches_without_delivery_the_longest_counts",
        ),
        (
            "half of a window is as long as a standstill has to be",
            "last + (half if last < len(low) - 1 else _STEPS)",
            "last",
            "test_a_stretch_without_delivery_is_found_where_it_is",
        ),
    ),
    *in_file(
        "harness/analysis/masses.py",
        "tests/harness/analysis/test_masses.py",
        (
            "a slope is as sure as if its readings were independent",
            "u_g_s = se_g_s * ((1 + alike) / (1 - alike)) ** 0.5",
            "u_g_s = se_g_s",
            "test_the_standard_error_holds_for_readings_that_hang_together",
        ),
        (
            "what evaporates is taken off the curve",
            "series.moments_s * (loss.loss_g_h / 3600 if",
            "series.moments_s * (-loss.loss_g_h / 3600 if",
            "test_the_curve_has_all_corrections_in_it",
        ),
        (
            "the needle displaces nothing along a curve",
            "weighing.sign * (1 - weighing.immersed) * factor_ml_g",
            "weighing.sign * factor_ml_g",
            "test_the_curve_has_all_corrections_in_it",
        ),
        (
            "a stale reading stands for the moment of a crossing",
            "return float(t0 + (mass_g - m0) / (m1 - m0) * (t1 - t0))",
            "return float(t0)",
            "test_a_crossing_lies_between_two_readings_by_a_straight_line",
        ),
    ),
    *in_file(
        "harness/analysis/grid.py",
        "tests/harness/analysis/test_grid.py",
        (
            "a stale reading is used again until the next one",
            "(1 - share) * near.volumes_ml[before] + share * near.volumes_ml[before + 1]",
            "near.volumes_ml[before] + 0 * share",
            "test_volumes_between_readings",
        ),
        (
            "gaps are bridged",
            "missing = (gaps_s > max_gap_s) &",
            "missing = (gaps_s > math.inf) &",
            "test_volumes_between_readings",
        ),
        (
            "the flow of an interval is per minute",
            "* (3600 / self.interval_s)",
            "* (60 / self.interval_s)",
            "test_flows_of_the_intervals",
        ),
    ),
    *in_file(
        "harness/analysis/startup.py",
        "tests/harness/analysis/test_startup.py",
        (
            "80 % of the rate is enough for SUD_90",
            "for share in (0.5, 0.9)]",
            "for share in (0.5, 0.8)]",
            "test_delays_of_an_exponential",
        ),
        (
            "a flow that is reached for a moment is reached",
            "(lengths > held) & (begins > 0)",
            "begins > 0",
            "test_reached_and_held",
        ),
        (
            "a moving mean stands for its end",
            "* grid.interval_s - over_s / 2",
            "* grid.interval_s",
            "test_a_pump_without_delay",
        ),
    ),
    *in_file(
        "harness/analysis/trumpet.py",
        "tests/harness/analysis/test_trumpet.py",
        (
            "Ep(max) and Ep(min) have changed places",
            "max_pct, min_pct = found.high_ml * pct_ml - 100, found.low_ml * pct_ml - 100",
            "min_pct, max_pct = found.high_ml * pct_ml - 100, found.low_ml * pct_ml - 100",
            "test_reference_vectors",
        ),
        (
            "windows with a missing reading count",
            "left_out = windows - sum(end - begin for begin, end in self.pieces)",
            "left_out = 0",
            "test_missing_readings_are_counted_and_never_bridged",
        ),
        (
            "the noise pulls the interval out and not in",
            "_estimate(grid, rate_ml_h, max_pct, -up_pct, level_pct)",
            "_estimate(grid, rate_ml_h, max_pct, up_pct, level_pct)",
            "test_the_pull_of_the_noise_is_in_the_value_and_not_in_the_interval",
        ),
        (
            "a window is resolved with an uncertainty as large as its tolerance",
            "u_pct > tolerance_pct / _LIMITING",
            "u_pct > tolerance_pct",
            "tests/harness/test_analyses.py::test_a_window_has_to_resolve_a_quarter_of_the_tolerance",
        ),
    ),
    *in_file(
        "harness/analysis/rate_change.py",
        "tests/harness/test_analyses.py",
        (
            "the lag of the line slows the pump's response",
            "trailing[..., _HALF:-_HALF] + lag_s * change",
            "trailing[..., _HALF:-_HALF] - lag_s * change",
            "test_the_lag_of_the_line_is_no_part_of_a_response",
        ),
    ),
    *in_file(
        "harness/analysis/changes.py",
        "tests/harness/judges/test_rates.py",
        (
            "a change that was not made was made",
            ">= _MADE:\n        return None",
            ">= -1e9:\n        return None",
            "test_a_change_of_rate",
        ),
    ),
    *in_file(
        "harness/analysis/empty.py",
        "tests/harness/analysis/test_empty.py",
        (
            "what the line holds is still in the reservoir",
            "(gap - ends_ml[0] + noise + held)",
            "(gap - ends_ml[0] + noise)",
            "test_what_the_line_holds_has_left_the_reservoir",
        ),
        (
            "a flow that comes back was empty before",
            "ended = len(low) - int(np.logical_and.accumulate(low[::-1]).sum())",
            "ended = int(low.argmax()) if low.any() else len(low)",
            "test_what_flows_again_was_not_empty",
        ),
        (
            "a reservoir is empty as late as the balance sees it",
            "/ (flow - drift) - lag",
            "/ (flow - drift)",
            "test_the_lag_is_taken_off_and_known_to_half",
        ),
        (
            "a low-reservoir alarm leads when it comes too late",
            "return self.empty_h - self.alarm_h",
            "return self.alarm_h - self.empty_h",
            "test_alarms_of_the_reference",
        ),
    ),
    *in_file(
        "harness/analysis/occlusion.py",
        "tests/harness/analysis/test_occlusion.py",
        (
            "an alarm may come before the line is closed",
            "latency_s((max(since_s, closed_s), until_s)",
            "latency_s((since_s, until_s)",
            "test_an_alarm_cannot_come_before_the_line_is_closed",
        ),
        ("the set rate is part of the occlusion's bolus", " - due_ml)", ")", "test_the_true_bolus_lies_in_its_interval"),
        (
            "the pressure's peak at the alarm is not seen",
            "low_kpa, high_kpa = float(found_kpa.min()), float(found_kpa.max())",
            "low_kpa, high_kpa = float(found_kpa.min()), float(found_kpa.min())",
            "test_a_pressure_that_is_relieved_at_the_alarm_counts_with_its_peak",
        ),
    ),
    *in_file(
        "harness/analysis/interval.py",
        "tests/harness/analysis/test_interval.py",
        (
            "a late beginning is the pump's fault",
            "if judged.verdict is not Verdict.FAIL:",
            "if True:",
            "test_the_interval_counts_from_start_to_start",
        ),
        ("waiting is a beginning", ' if event.data["name"] != WAITING]', "]", "test_waiting_is_no_beginning"),
    ),
    *in_file(
        "harness/analysis/daily_check.py",
        "tests/harness/analysis/test_daily_check.py",
        (
            "a balance that shows too much shows too little",
            "return shown - weight + _of",
            "return weight - shown + _of",
            "test_deviation_and_repeatability_are_those_of_each_weight_and_the_zero_after_it",
        ),
        (
            "the smallest change of the zero is judged",
            "np.abs(returns_mg).argmax()",
            "np.abs(returns_mg).argmin()",
            "test_the_zero_return_is_the_largest_change_of_the_zero_with_its_sign",
        ),
        (
            "a difference of two weighings repeats without its degrees of freedom",
            "s_mg / count**0.5, count - 1)",
            "s_mg / count**0.5)",
            "test_the_deviation_is_known_as_well_as_the_weight_and_the_weighings",
        ),
    ),
)
