"""The outside world in miniature: a fleet of trackers and the Wialon platform they also report to.

One separate program (`python -m infra.simulators`) that knows the product only by its ports.
"""
