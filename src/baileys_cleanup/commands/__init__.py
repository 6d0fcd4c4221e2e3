"""One room per command: its options, and what it says."""
