"""Measurements of the running product, from outside. What they mean and what they gave: docs/performance.md."""
