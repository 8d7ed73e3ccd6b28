"""Teltonika trackers that speak Codec 8 Extended and Codec 12 to the product's own port, with relays that move."""
