"""The wing of backups: archives of company folders, where they lie, which stay, and the way back."""
