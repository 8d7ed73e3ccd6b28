"""Programs and database killed at every step of an order: nothing lost, nothing doubled, always a verdict."""
