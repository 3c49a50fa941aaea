"""Plans, rigs, records, analysis, verdicts. Knows instruments through small interfaces; knows nothing of pytest or Allure."""
