"""Whether the harness can be trusted where it is installed: its numbers by reference numbers, its verdicts by the truth."""
