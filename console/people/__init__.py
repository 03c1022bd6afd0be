"""People: accounts, sessions, tokens, roles, and what was done by whom."""
