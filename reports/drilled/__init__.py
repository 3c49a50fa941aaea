"""The parts of the qualification report: its data, its words, its tables and figures."""
