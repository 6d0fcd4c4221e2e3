"""Stores in PostgreSQL: companies as rows of the bot's own tables, and the tool's own schema beside them."""
