"""access_control: locking a vehicle, and letting it go."""
