"""Unit tests of the commands: one file per room of `commands/`."""
