"""The simulated bench as physics: what leaves the syringe and what the balance shows are two ends of one model.

Everything is in closed form between events; see docs/explanation/simulated-bench.md for the equations and their sources.
"""
