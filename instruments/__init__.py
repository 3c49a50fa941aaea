"""Talks to devices: ports, links, wire protocols, drivers, simulators. Knows nothing of plans, pytest or reports."""
