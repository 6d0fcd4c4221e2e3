"""Rotating a session: a new folder beside the live one, switched in one step, the former one kept aside."""
