"""What a look sees."""
