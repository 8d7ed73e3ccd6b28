"""People, sign-in, API clients and signing keys."""
