"""Files that people hand in: checked, scanned, and kept sealed."""
