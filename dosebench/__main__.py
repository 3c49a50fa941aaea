"""``python -m dosebench`` does what ``dosebench`` does."""

from dosebench.cli import main

main()
