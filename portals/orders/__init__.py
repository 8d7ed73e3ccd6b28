"""Orders to lock and release in words, for the pages of operators and of administrators alike."""
