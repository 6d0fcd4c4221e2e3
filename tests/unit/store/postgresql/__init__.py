"""Rooms of the store that is a PostgreSQL database, without a server."""
