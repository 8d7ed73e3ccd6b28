"""driver_module: people who drive, and which vehicle is theirs when."""
