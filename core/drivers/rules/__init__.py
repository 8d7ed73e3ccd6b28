"""Pure decisions about people who drive and what they have. A file is a noun."""
