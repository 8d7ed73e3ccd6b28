"""What happened to vehicles, and what was detected about them."""
