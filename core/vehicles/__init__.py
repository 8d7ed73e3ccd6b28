"""transport_registry: parks, vehicles, their status, their trackers."""
