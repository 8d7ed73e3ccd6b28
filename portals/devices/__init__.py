"""Trackers come in here: one pure decoder per protocol, one socket server, one batcher in front of ingest."""
