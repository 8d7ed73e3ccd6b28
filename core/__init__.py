"""What the fleet is and what can happen to it. Knows neither web nor queue."""
