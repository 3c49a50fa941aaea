"""The fault drill: what we ship, run against everything that can be wrong, and its verdicts beside those deserved."""
