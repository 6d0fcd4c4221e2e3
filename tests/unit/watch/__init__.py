"""Unit tests of the watch: one file per room of `watch/`."""
