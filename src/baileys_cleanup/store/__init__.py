"""The door to where auth files lie, and the stores behind it."""
