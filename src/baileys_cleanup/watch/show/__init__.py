"""What a look shows: page, table, metrics, plugin output."""
