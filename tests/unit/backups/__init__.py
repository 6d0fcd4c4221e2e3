"""Unit tests of the wing of backups."""
