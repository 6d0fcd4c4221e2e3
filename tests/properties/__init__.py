"""Properties of the decisions: for any files, any account, any policy and any time."""
