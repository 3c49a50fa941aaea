"""Verdicts of a value, a case, a run, and of all runs of a requirement; what pytest, Allure and a shell are told of them."""

from __future__ import annotations

from benchmarks.mutants.mutant import in_file

MUTANTS = (
    *in_file(
        "harness/verdicts.py",
        "tests/harness/test_verdicts.py",
        (
            "ABORTED speaks before FAIL",
            "(Verdict.FAIL, Verdict.ABORTED,",
            "(Verdict.ABORTED, Verdict.FAIL,",
            "test_the_graver_verdict_speaks_for_both",
        ),
        (
            "PASS speaks before INCONCLUSIVE",
            "Verdict.INCONCLUSIVE, Verdict.PASS)",
            "Verdict.PASS, Verdict.INCONCLUSIVE)",
            "test_the_graver_verdict_speaks_for_both",
        ),
        (
            "nothing measured is green",
            "if verdict in given), Verdict.ABORTED)",
            "if verdict in given), Verdict.PASS)",
            "test_nothing_at_all_is_never_green",
        ),
        (
            "INCONCLUSIVE is taken for PASS",
            "Outcome.INCONCLUSIVE: Verdict.INCONCLUSIVE",
            "Outcome.INCONCLUSIVE: Verdict.PASS",
            "test_decisions",
        ),
        (
            "a conditional pass is green",
            "Outcome.CONDITIONAL_PASS: Verdict.INCONCLUSIVE",
            "Outcome.CONDITIONAL_PASS: Verdict.PASS",
            "test_only_what_is_sure_is_green_or_red_and_the_rest_is_told_in_words",
        ),
        (
            "any test uncertainty ratio is enough",
            "decision.tur < minimum_tur and verdict",
            "decision.tur < 0 and verdict",
            "test_too_small_a_test_uncertainty_ratio_passes_nothing_and_excuses_nothing",
        ),
        (
            "an aborted run leaves with status 0",
            "Verdict.ABORTED: 4}",
            "Verdict.ABORTED: 0}",
            "test_every_verdict_has_its_own_exit_status",
        ),
        (
            "an invalid run leaves with the status of a FAIL",
            "Verdict.INVALID: 3,",
            "Verdict.INVALID: 1,",
            "test_every_verdict_has_its_own_exit_status",
        ),
    ),
    *in_file(
        "harness/conclusion.py",
        "tests/harness/test_conclusion.py",
        (
            "an aborted run is shown as passed",
            "if _cut_short(events) or any(case.verdict is Verdict.ABORTED for case in own):",
            "if False:",
            "test_what_becomes_of_cases_and_run",
        ),
        (
            "a run that was cut after its last case is whole",
            "if _cut_short(events) or any(",
            "if any(",
            "test_what_becomes_of_cases_and_run",
        ),
        (
            "a case that was not reached has passed",
            'case["title"], Verdict.ABORTED, tuple(case["requirement"]), (), (_NOT_REACHED,)',
            'case["title"], Verdict.PASS, tuple(case["requirement"]), (), (_NOT_REACHED,)',
            "test_what_becomes_of_cases_and_run",
        ),
        (
            "what is wrong with the run as a whole is not heard",
            "if event.kind == MARK:",
            "if False:",
            "test_what_becomes_of_cases_and_run",
        ),
        (
            "values stay green in a run that was cut",
            "measurands = tuple(replace(found, verdict=Verdict.ABORTED) for found in case.measurands)",
            "measurands = case.measurands",
            "test_in_a_run_that_was_cut_no_value_is_green_but_all_are_there",
        ),
        (
            "a run that nobody closes has passed",
            "tuple(replace(_not_reached(case), reasons=(reason,)) for case in cases)",
            "tuple(replace(_not_reached(case), verdict=Verdict.PASS, reasons=(reason,)) for case in cases)",
            "test_a_run_that_nobody_closes_says_so_in_every_case",
        ),
    ),
    *in_file(
        "harness/judge.py",
        "tests/harness/test_judge.py",
        (
            "a bench that cannot be trusted judges all the same",
            "if faults or (doubts and verdict is not Verdict.FAIL):",
            "if doubts and verdict is not Verdict.FAIL:",
            "test_a_record_that_cannot_be_judged_is_invalid_and_says_why",
        ),
        (
            "a bad blank after a case is no doubt",
            "if faults or (doubts and verdict is not Verdict.FAIL):",
            "if faults:",
            "test_a_blank_after_that_is_none_makes_the_case_invalid",
        ),
        (
            "a bad blank before the first case is good",
            'return [f"blank: {fault}" for fault in faults]',
            "return []",
            "test_a_record_that_cannot_be_judged_is_invalid_and_says_why",
        ),
        (
            "alarms that should not come are ignored",
            ", *unexpected_alarms(view), ",
            ", ",
            "test_an_alarm_in_a_case_that_should_have_none_fails_it",
        ),
        (
            "what the day's check found is forgotten",
            "    conditions = _as_checked(record, conditions)\n    try:",
            "    try:",
            "test_what_the_days_check_found_counts_in_the_budget",
        ),
        (
            "an older day's check counts",
            "told, source = found[-1]",
            "told, source = found[0]",
            "test_of_several_checks_the_last_counts",
        ),
        (
            "a vessel that begins to lose after its blank blames the pump",
            "return [*faults, *losses(record, period.end_s, conditions), *open_vessel]",
            "return [*faults, *open_vessel]",
            "test_a_vessel_that_begins_to_lose_after_its_blank_does_not_blame_the_pump",
        ),
        (
            "a case that the bench began late is judged",
            ", *interval.faults]\n",
            "]\n",
            "tests/harness/analysis/test_interval.py::test_a_case_that_the_bench_began_late_is_not_judged",
        ),
        (
            "readings are stamped before the line",
            "transmission_s=_transmission_s(bench) if file.corrections.transmission else 0.0,",
            "transmission_s=0.0,",
            "test_how_long_a_reading_is_on_the_line",
        ),
    ),
    *in_file(
        "harness/traceability/matrix.py",
        "tests/harness/test_traceability.py",
        (
            "a run of an older plan counts",
            "current = [run for run in ours if run.plan_sha256 == now[run.plan].sha256]",
            "current = ours",
            "test_a_run_of_another_revision_does_not_count_and_is_listed",
        ),
        (
            "a requirement with a case that was not run has passed",
            "return PARTLY_RUN if spoken is Verdict.PASS and len(judged) < len(words) else spoken.value",
            "return spoken.value",
            "test_the_word_of_a_requirement",
        ),
        (
            "a run that does not hold counts",
            "overall([run.cases[case], standing.says])",
            "run.cases[case]",
            "test_a_run_counts_as_far_as_it_holds",
        ),
        (
            "a simulated PASS says something of a real pump",
            "for found in self.runs if found.run.data_source == source]",
            "for found in self.runs]",
            "test_the_latest_run_of_a_data_source_counts_and_all_are_listed",
        ),
    ),
    *in_file(
        "fixtures/outcomes.py",
        "tests/test_what_pytest_is_told.py",
        (
            "INCONCLUSIVE passes in pytest",
            "if case.verdict is Verdict.PASS:",
            "if case.verdict in (Verdict.PASS, Verdict.INCONCLUSIVE):",
            "test_only_a_fail_is_a_failure_of_the_pump",
        ),
        (
            "a bench that cannot be trusted fails the pump in pytest",
            "kind = CaseFailed if case.verdict is Verdict.FAIL else CaseBroken",
            "kind = CaseFailed",
            "test_only_a_fail_is_a_failure_of_the_pump",
        ),
    ),
    *in_file(
        "reports/allure_results.py",
        "tests/reports/test_allure_results.py",
        (
            "Allure shows what is inconclusive as passed",
            '_STATUS.get(case.verdict, "broken")',
            '_STATUS.get(case.verdict, "passed")',
            "test_what_is_shown_is_what_the_verdict_says",
        ),
        (
            "Allure shows an aborted case as passed",
            '"status": "broken", "statusDetails": details}',
            '"status": "passed", "statusDetails": details}',
            "test_what_is_shown_is_what_the_verdict_says",
        ),
        (
            "Allure shows a FAIL as broken",
            '_STATUS = {Verdict.PASS: "passed", Verdict.FAIL: "failed"}',
            '_STATUS = {Verdict.PASS: "passed"}',
            "test_what_is_shown_is_what_the_verdict_says",
        ),
    ),
    *in_file(
        "fixtures/ending.py",
        "tests/test_what_pytest_is_told.py",
        (
            "a stop that nobody confirmed leaves with the status of the verdict",
            "EXIT_STATUS[Verdict.ABORTED if self._campaign.unsafe else self._verdict.verdict]",
            "EXIT_STATUS[self._verdict.verdict]",
            "test_the_exit_status_of_a_session",
        ),
        (
            "something wrong beside the verdicts is status 0",
            "if not self.status and session.exitstatus:",
            "if False:",
            "test_the_exit_status_of_a_session",
        ),
    ),
)
