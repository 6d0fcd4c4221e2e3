"""Stores in Redis: companies as hashes or strings of the bot's own, and the tool's own keys beside them."""
