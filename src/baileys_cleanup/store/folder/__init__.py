"""The store that is a folder: the sessions root, its company folders, and the tool's own folder."""
