"""Where the product runs: database server, supervisor, demonstration, simulators."""
