"""The modules one by one, at their own edges."""
