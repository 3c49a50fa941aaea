"""Which case answers which requirement, and what became of it: both ways, with all that is missing."""
