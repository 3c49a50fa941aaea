"""What was recorded, cut, read back, judged again, signed; and whether a bench may begin, goes on, and has come to its end."""

from __future__ import annotations

from benchmarks.mutants.mutant import in_file

MUTANTS = (
    *in_file(
        "harness/journal.py",
        "tests/harness/test_journal.py",
        (
            "an entry is not bound to the one before it",
            'sha256(self.hash.encode("ascii") + canonical(entry))',
            "sha256(canonical(entry))",
            "test_an_entry_is_bound_to_the_one_before_it",
        ),
    ),
    *in_file(
        "harness/recorder.py",
        "tests/harness/test_recorder.py",
        (
            "samples are dropped",
            "            self._readings.append(readings)\n",
            "",
            "tests/harness/test_readback.py::test_a_run_reads_alike_while_it_goes_on_when_it_is_closed_and_when_it_was_cut",
        ),
        (
            "raw lines are dropped",
            'self._append(f"raw/{role}.log", raw_lines(frames, "<"))',
            'self._append(f"raw/{role}.log", b"")',
            "test_the_raw_file_holds_both_ways_in_order",
        ),
        (
            "the end of a record is in no batch",
            "        self._into_chain(at_us)\n        self._entry(Event(at_us, CLOSED))",
            "        self._entry(Event(at_us, CLOSED))",
            "test_every_byte_of_every_file_is_in_the_chain",
        ),
        (
            "a full disk is not told",
            "if self._told and not before:",
            "if False:",
            "test_a_full_disk_is_told_once_and_again_after_there_was_room",
        ),
    ),
    *in_file(
        "harness/record.py",
        "tests/harness/test_recording.py",
        (
            "what was excluded is judged",
            "for gap in self.excluded:",
            "for gap in ():",
            "test_what_is_excluded_is_left_out_and_told",
        ),
        (
            "a phase that was never ended is whole",
            'return set(self._edges(case, name)) == {"begin", "end"}',
            "return bool(self._edges(case, name))",
            "tests/harness/test_record.py::test_a_phase_has_two_ends",
        ),
    ),
    *in_file(
        "harness/recording.py",
        "tests/harness/test_recording.py",
        (
            "a recording's masses are in g",
            ' * column.factor("g"))',
            ")",
            "test_time_counts_from_the_first_row_and_units_are_those_of_the_mapping",
        ),
        (
            "a recording's time is in s",
            '(raw - raw[0]) * column.factor("s")',
            "raw - raw[0]",
            "test_time_counts_from_the_first_row_and_units_are_those_of_the_mapping",
        ),
        (
            "a vessel that was weighed out was weighed in",
            'sign = 1 if file.recording.weigh == "in" else -1',
            "sign = 1",
            "test_conditions_are_those_of_the_mapping",
        ),
    ),
    *in_file(
        "harness/readback.py",
        "tests/harness/test_readback.py",
        (
            "a run that was cut short counts as closed",
            "return bool(self.entries) and self.entries[-1].kind == CLOSED",
            "return bool(self.entries)",
            "tests/harness/test_reanalysis.py::test_a_run_that_is_not_closed_is_refused",
        ),
    ),
    *in_file(
        "harness/recovery.py",
        "tests/harness/test_recovery.py",
        (
            "a run that was cut is closed as passed",
            "entries.add(ENDED, mark(Verdict.ABORTED, reason))",
            "entries.add(ENDED, mark(Verdict.PASS, reason))",
            "test_a_run_that_was_cut_anywhere_is_closed_as_aborted",
        ),
        (
            "what a cut run holds beyond its last batch is not covered",
            '    entries.add(BATCH, {"files": _remainder(folder, journal.entries)})\n',
            "",
            "test_a_run_that_was_cut_anywhere_is_closed_as_aborted",
        ),
    ),
    *in_file(
        "harness/reanalysis.py",
        "tests/harness/test_reanalysis.py",
        (
            "the samples are judged again and not the raw lines",
            "conditions_of(bench, plan), replace(record, readings=readings)",
            "conditions_of(bench, plan), record",
            "test_what_is_judged_again_is_the_raw_lines_and_not_the_samples",
        ),
        (
            "samples that are not what the raw lines say are believed",
            "if same.all():",
            "if True:",
            "test_a_sample_that_is_not_what_the_raw_line_says_is_found",
        ),
        (
            "an answer to a question is a reading",
            "unasked[at] = (int(frames.stamps_us[at]), readable(frame)) not in answers",
            "unasked[at] = True",
            "test_an_answer_to_a_question_is_no_reading_of_the_stream",
        ),
        (
            "what was not judged from the record is judged",
            "judge(case) if judged[case.id].from_record else judged[case.id].verdict",
            "judge(case)",
            "test_what_was_not_judged_from_the_record_stays_as_it_was",
        ),
    ),
    *in_file(
        "harness/evidence/verifier.py",
        "tests/harness/evidence/test_copies.py",
        (
            "a hash of the manifest that does not fit is ignored",
            "(len(data) != size or sha256(data) != wanted)",
            "len(data) != size",
            "tests/harness/evidence/test_verifier.py::test_what_is_slipped_in_from_another_run_is_found",
        ),
        (
            "a hash of the chain that does not fit is ignored",
            'if entry["hash"] != wanted:',
            "if False:",
            "tests/harness/evidence/test_verifier.py::test_a_range_is_the_line_or_the_batch",
        ),
        (
            "an entry that is missing is not missed",
            'if entry["seq"] != journal.entries + 1:',
            "if False:",
            "tests/harness/evidence/test_verifier.py::test_an_entry_has_its_number",
        ),
        (
            "a verdict that the journal does not have is believed",
            'if case["verdict"] not in allowed:',
            "if False:",
            "test_a_change_is_found_although_the_manifest_was_made_again",
        ),
        (
            "the verdict of a run need not be that of its cases",
            "return problems if speaks == verdict else",
            "return problems if True else",
            "test_the_verdict_of_a_run_is_that_of_its_cases",
        ),
        (
            "any signature fits",
            "if ed25519(key, made, signed_bytes(signature)):",
            "if True:",
            "tests/harness/evidence/test_signing.py::test_a_signature_made_by_hand_has_to_hold_too",
        ),
        (
            "who executed a run reviews it",
            'if "executed" not in of_this_key or of_this_key == {"executed"}:',
            "if True:",
            "tests/harness/evidence/test_signing.py::test_who_executed_a_run_does_not_review_it",
        ),
        (
            "a simulated run is evidence",
            'if manifest["data_source"] != "real":',
            "if False:",
            "tests/harness/evidence/test_signing.py::test_a_simulated_run_that_was_signed_by_hand_does_not_hold",
        ),
        (
            "a signature by anybody is trusted",
            "if trusted and not set(signers) & set(trusted):",
            "if False:",
            "tests/harness/evidence/test_signing.py::test_keys_that_are_not_trusted_are_named",
        ),
    ),
    *in_file(
        "harness/campaign.py",
        "tests/harness/test_dependencies.py",
        (
            "a case is run although what it needs has failed",
            "if missing := [name for name in case.needs if not self._passed(name)]:",
            "if missing := []:",
            "test_a_case_is_run_only_when_what_it_needs_has_passed",
        ),
        (
            "a stop that nobody confirmed is not in the record",
            "        if self.unsafe:\n            self._mark(Verdict.ABORTED, self.unsafe)\n",
            "",
            "tests/harness/test_campaign.py::test_a_stop_that_nobody_confirmed_at_the_end_leaves_nothing_green",
        ),
        (
            "cases go on after the bench was lost",
            '            self._end(f"the bench was lost in case {case.id}: {err}", Verdict.INVALID)\n',
            "",
            "tests/harness/test_campaign.py::test_who_is_to_blame_for_the_end_of_a_case",
        ),
        (
            "a setting that the pump did not take is the bench's fault",
            "return without_measurands(case, Verdict.FAIL, str(err)",
            "return without_measurands(case, Verdict.INVALID, str(err)",
            "tests/harness/test_campaign.py::test_who_is_to_blame_for_the_end_of_a_case",
        ),
        (
            "an interlock that tripped is the bench's fault",
            "            self.abort(str(err))\n            return without_measurands(case, Verdict.ABORTED,",
            "            return without_measurands(case, Verdict.INVALID,",
            "tests/harness/test_campaign.py::test_who_is_to_blame_for_the_end_of_a_case",
        ),
    ),
    *in_file(
        "harness/interlocks.py",
        "tests/harness/test_interlocks.py",
        (
            "a vessel may overflow",
            "if gained_ml > limits.volume_ml:",
            "if False:",
            "test_an_interlock_trips_once_and_only_while_the_pump_is_to_infuse",
        ),
        (
            "a pump may infuse for ever",
            "if now_s > limits.duration_s:",
            "if False:",
            "test_an_interlock_trips_once_and_only_while_the_pump_is_to_infuse",
        ),
        ("an overload may last", "if lasted_s > _OVERLOAD_S:", "if False:", "test_an_overload_that_lasts_is_the_bench_s_fault"),
    ),
    *in_file(
        "harness/safe_state.py",
        "tests/harness/test_safe_state.py",
        (
            "a pump that says it stands and runs on is believed",
            "runs_on = self._runs_on(watched)",
            "runs_on = False",
            "test_a_pump_that_says_it_stands_and_runs_on_is_not_believed",
        ),
    ),
    *in_file(
        "harness/pump_watch.py",
        "tests/harness/test_rig.py",
        (
            "an alarm of the pump is not written down",
            "        if status.alarm:\n",
            "        if False:\n",
            "tests/harness/test_pump_watch.py::test_an_alarm_lies_between_the_poll_without_it_and_its_own_stamp",
        ),
        (
            "an alarm came at the poll that brought it, by the record",
            "since_us = before.stamp_us if before is not None else status.stamp_us",
            "since_us = status.stamp_us",
            "tests/harness/test_pump_watch.py::test_an_alarm_lies_between_the_poll_without_it_and_its_own_stamp",
        ),
    ),
    *in_file(
        "harness/checks.py",
        "tests/harness/test_checks.py",
        (
            "a balance that failed its check weighs",
            "if check.verdict != Verdict.PASS:",
            "if False:",
            "test_a_run_does_not_begin_under_one_that_does_not",
        ),
        (
            "a check of last week holds",
            "if age > timedelta(seconds=within_s):",
            "if False:",
            "test_a_run_does_not_begin_under_one_that_does_not",
        ),
        (
            "a check of another balance holds",
            "if expected is not None and expected != found:",
            "if False:",
            "test_a_run_does_not_begin_under_one_that_does_not",
        ),
        (
            "a check of simulated instruments holds for real ones",
            "_checks(path).get(data_source)",
            "next(iter(_checks(path).values()), None)",
            "test_a_check_of_simulated_instruments_says_nothing_of_real_ones",
        ),
        (
            "of two weights the better figures are kept",
            "return max(values_mg, key=abs)",
            "return min(values_mg, key=abs)",
            "test_of_two_weights_the_worse_figures_are_kept",
        ),
    ),
)
