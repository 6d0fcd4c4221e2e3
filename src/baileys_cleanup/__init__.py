"""Keeps the auth folders of a multi-tenant Baileys server small without losing a message or a pairing."""

__version__ = "0.1.0"
