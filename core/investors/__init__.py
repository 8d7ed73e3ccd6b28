"""investor_interface: who holds which share of which vehicle."""
