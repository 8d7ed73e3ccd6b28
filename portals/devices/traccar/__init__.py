"""A Traccar server that forwards its positions: `forward.type = json`."""
