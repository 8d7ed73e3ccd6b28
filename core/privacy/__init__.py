"""What people may ask of us about themselves: who looked at them, and to be forgotten."""
