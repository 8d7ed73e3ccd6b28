"""People and API clients: who may come in, and what they may do."""
