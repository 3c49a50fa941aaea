"""From balance readings to volumes with their uncertainty, and from those to decisions."""
