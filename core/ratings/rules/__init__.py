"""Pure decisions about ratings, feedback and appeals."""
