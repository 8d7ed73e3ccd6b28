"""A Traccar server, as far as a fleet's relays need it, over simulated units that really switch."""
