"""The real file system: links, permissions, races, mounts, crashes and faults."""
