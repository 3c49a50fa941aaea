"""From masses to volumes, uncertainties and decisions: corrections, units, signs, coverage, guard bands."""

from __future__ import annotations

from benchmarks.mutants.mutant import in_file

MUTANTS = (
    *in_file(
        "harness/metrology/density.py",
        "tests/harness/metrology/test_density.py",
        ("the weights' own buoyancy is forgotten", " * (1 - air_density_kg_m3 / _STEEL_KG_M3)", "", "test_z_factor"),
        (
            "the air lifts the wrong way",
            "(liquid_kg_m3 - air_density_kg_m3)",
            "(liquid_kg_m3 + air_density_kg_m3)",
            "test_z_factor",
        ),
        (
            "saline weighs as little as water",
            "return water_kg_m3(t_c) + excess_kg_m3",
            "return water_kg_m3(t_c)",
            "test_saline_is_heavier_than_water",
        ),
        ("water has lost a digit of its density", "999.974950", "999.74950", "test_water"),
        ("the air has lost its humidity", " - 0.009 * humidity_pct * _exp(0.061 * t_c)", "", "test_air"),
    ),
    *in_file(
        "harness/metrology/volume.py",
        "tests/harness/metrology/test_volume.py",
        ("evaporation is taken off", " + lost_g)", " - lost_g)", "test_from_indicated_change_to_volume"),
        (
            "the needle takes nothing of the vessel",
            " * (1 - self._immersion(inputs))",
            "",
            "test_from_indicated_change_to_volume",
        ),
        (
            "the needle's share goes by diameters and not by areas",
            "(self.needle.outer_diameter / self.vessel.inner_diameter) ** 2",
            "(self.needle.outer_diameter / self.vessel.inner_diameter)",
            "test_from_indicated_change_to_volume",
        ),
        (
            "a vessel that is weighed out gains",
            "return self.sign * (",
            "return (",
            "tests/harness/metrology/test_vectors.py::test_weigh_out_is_the_mirror_of_weigh_in",
        ),
        (
            "evaporation is counted by the minute",
            "(end.moment_s - begin.moment_s) / 3600",
            "(end.moment_s - begin.moment_s) / 60",
            "test_from_indicated_change_to_volume",
        ),
        (
            "buoyancy that is not corrected is not uncertain either",
            'not corrected (1)", 1.0, effect)',
            'not corrected (1)", 1.0, 0.0)',
            "test_a_correction_that_is_left_out_stands_in_the_budget_with_all_that_it_would_have_been",
        ),
        (
            "evaporation that is not corrected is not uncertain either",
            "0.0, left_g_h * elapsed_h)",
            "0.0, 0.0)",
            "test_evaporation_that_is_left_out_counts_for_as_long_as_it_lasts",
        ),
        (
            "of all that is known of the noise the smallest counts",
            "return max(known, key=lambda noise: noise.sd_g)",
            "return min(known, key=lambda noise: noise.sd_g)",
            "test_the_noise_of_a_reading_is_the_largest_that_is_known",
        ),
        (
            "readings that hang together count in full",
            "self.count * (1 - self.correlation) / (1 + self.correlation)",
            "self.count",
            "test_readings_that_hang_together_count_for_fewer",
        ),
        (
            "a display that holds still averages its noise out",
            "self.noise(level), not self.balance.shows_noise",
            "self.noise(level), False",
            "test_where_no_noise_shows_nothing_averages_out",
        ),
        (
            "the wetting of the needle counts at the end alone",
            ' - inputs.rectangular(\n            "wetting of the needle, start (g)", 0.0, half_width_g\n        )',
            "",
            "test_what_stands_in_the_budget",
        ),
        (
            "the balance is exactly linear",
            ' + inputs.rectangular("linearity (g)", 0.0, sheet.linearity)'.strip(),
            '+ inputs.rectangular("linearity (g)", 0.0, 0.0)',
            "test_what_stands_in_the_budget",
        ),
        (
            "the sensitivity is no percentage",
            "abs(change_g) * sheet.sensitivity / 100",
            "abs(change_g) * sheet.sensitivity",
            "test_what_stands_in_the_budget",
        ),
        (
            "blanks on both sides take out drift that comes and goes",
            "return HALF * min(1.0, elapsed_h / _COURSE_H) if",
            "return 0.0 if",
            "test_blanks_from_both_sides_hold_the_drift_but_for_what_comes_and_goes",
        ),
        (
            "the density's uncertainty is a thousandth of what is stated",
            "known_to = self.liquid.density_uncertainty * 1000",
            "known_to = self.liquid.density_uncertainty",
            "test_what_is_uncertain_of_the_densities",
        ),
    ),
    *in_file(
        "harness/metrology/budget.py",
        "tests/harness/metrology/test_budget.py",
        (
            "k is 2 however few degrees of freedom there are",
            "k = 2.0 if dof >= _MANY_DOF or u == 0 else float(GTC.rp.k_factor(dof, COVERAGE_PCT))",
            "k = 2.0",
            "test_the_coverage_factor_is_students_below_fifty_degrees_of_freedom",
        ),
        (
            "U is the standard uncertainty",
            "found = Estimate(float(GTC.value(result)), k * u, k, dof, rows)",
            "found = Estimate(float(GTC.value(result)), u, 1.0, dof, rows)",
            "tests/harness/metrology/test_vectors.py::test_budgets_of_the_reference",
        ),
        (
            "a rectangle is as narrow as a triangle",
            '_WIDTH = {"rectangular": 3**0.5',
            '_WIDTH = {"rectangular": 6**0.5',
            "test_the_standard_uncertainty_of_each_shape",
        ),
        (
            "a scatter of few counts as known",
            "GTC.ureal(value, u, dof, label=source)",
            "GTC.ureal(value, u, label=source)",
            "test_degrees_of_freedom_are_those_of_welch_and_satterthwaite",
        ),
        (
            "the interval from draws leaves out twice as much",
            "tail = (1 - COVERAGE_PCT / 100) / 2",
            "tail = 1 - COVERAGE_PCT / 100",
            "test_draws_make_an_interval_with_as_much_below_as_above",
        ),
        (
            "what is far from normal is taken for normal",
            "if bent or abs(_excess_kurtosis(rows, u)) > _FAR else found",
            "if bent else found",
            "test_draws_are_taken_exactly_where_the_result_is_far_from_normal",
        ),
        (
            "an error in percent has the uncertainty of the volume",
            "expanded = found.expanded_uncertainty * abs(factor)",
            "expanded = found.expanded_uncertainty",
            "test_another_unit",
        ),
    ),
    *in_file(
        "harness/metrology/dosing.py",
        "tests/harness/metrology/test_dosing.py",
        (
            "the label's strength is exact",
            "half_width = concentration_ug_ml * tolerance_pct / 100",
            "half_width = 0.0",
            "test_dose_is_known_no_better_than_the_label",
        ),
        ("a day has one hour", "return 1000 * daily_ml / _HOURS_A_DAY", "return 1000 * daily_ml", "test_maintenance"),
    ),
    *in_file(
        "harness/metrology/rules.py",
        "tests/harness/metrology/test_rules.py",
        (
            "guard bands are halved",
            "return max(0.0, spread.below), max(0.0, spread.above)",
            "return max(0.0, spread.below) / 2, max(0.0, spread.above) / 2",
            "test_cases_of_the_reference",
        ),
        (
            "guard bands have changed sides",
            "return max(0.0, spread.below), max(0.0, spread.above)",
            "return max(0.0, spread.above), max(0.0, spread.below)",
            "test_each_limit_is_guarded_by_its_own_side_of_the_interval",
        ),
        ("guarded is simple", '"guarded": _Rule(_expanded),', '"guarded": _Rule(_none),', "test_cases_of_the_reference"),
        (
            "the one-sided rule lets 10 % through",
            "_ONE_SIDED_5_PCT = 1.645",
            "_ONE_SIDED_5_PCT = 1.282",
            "test_cases_of_the_reference",
        ),
        (
            "a value on its limit is outside",
            "return low <= value <= high",
            "return low < value < high",
            "test_edges_are_inclusive",
        ),
        (
            "the upper guard band lies outside the limit",
            "high - guard[1]",
            "high + guard[1]",
            "test_cases_of_the_reference",
        ),
        (
            "a conditional pass is a pass",
            "_Rule(_expanded, Outcome.CONDITIONAL_PASS,",
            "_Rule(_expanded, Outcome.PASS,",
            "test_cases_of_the_reference",
        ),
        (
            "the test uncertainty ratio goes by U and not by 2U",
            "width = spread.below + spread.above",
            "width = spread.above",
            "test_ratio_rules",
        ),
        (
            "a ratio rule decides with any ratio",
            "tur >= rule.least_tur",
            "tur > 0",
            "test_ratio_rules",
        ),
        (
            "what is no number is decided",
            "if any(map(math.isnan, (value, spread.u, spread.below, spread.above))):",
            "if False:",
            "test_what_is_not_a_number_decides_nothing",
        ),
        (
            "of several values the best is judged",
            "return beyond.index(max(beyond))",
            "return beyond.index(min(beyond))",
            "test_the_worst_of_several_values_is_the_one_nearest_beyond_its_limit",
        ),
        (
            "limits in percent are taken as shares",
            "nominal * (1 + side / 100)",
            "nominal * (1 + side)",
            "tests/harness/analysis/test_bolus.py::test_a_volume_s_limits_are_those_of_the_programmed_volume",
        ),
    ),
)
