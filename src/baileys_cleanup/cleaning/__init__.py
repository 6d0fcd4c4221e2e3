"""Cleaning: a run over the companies, one company, and undo."""
