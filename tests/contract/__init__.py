"""The contract, tested from outside: the tool is only ever a child process here."""
