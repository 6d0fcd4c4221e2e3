"""README and docs, held to what the code does."""
