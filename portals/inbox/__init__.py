"""The inbox as pages: the same for operators and administrators, each in their own portal."""
