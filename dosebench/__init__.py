"""The front door: the ``dosebench`` command. Parses, calls, prints; decides nothing."""
