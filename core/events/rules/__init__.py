"""Pure detectors: what the points of a vehicle say has happened."""
