"""Unit tests of the rotation: one file per room of `rotation/`."""
