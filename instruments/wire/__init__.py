"""Protocols without I/O: bytes to frozen values and back, both directions, one file each. No port, no clock, no retry."""
