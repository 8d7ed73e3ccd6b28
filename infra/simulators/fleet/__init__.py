"""Five hundred taxis: streets, vehicles that drive on them, and the trackers they carry."""
