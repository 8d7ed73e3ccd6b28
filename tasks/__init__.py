"""Time and consequences come in here."""
