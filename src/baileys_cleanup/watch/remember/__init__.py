"""What the watch remembers between looks."""
