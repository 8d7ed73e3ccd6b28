"""telemetry_engine: points, latest state, refused points."""
