"""What is said: words, tables, JSON documents, the log."""
