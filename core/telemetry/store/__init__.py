"""How telemetry is kept: nothing outside this folder knows its tables' storage."""
