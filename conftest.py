"""Loads the plugin for this repository."""

pytest_plugins = ["fixtures.plugin"]
