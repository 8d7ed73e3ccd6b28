"""CSV files (RFC 4180) as offices have them: read whatever their program wrote, and written so that it opens them.

text.py: what the bytes say. records.py: where a line begins and ends. headings.py: which column is which.
reading.py: all of it together. writing.py: the way out.
"""

from __future__ import annotations

from portals.csv_files.headings import Column
from portals.csv_files.reading import MOST_BYTES, MOST_LINES, CsvFile, CsvLine, read_csv
from portals.csv_files.writing import write_bad_lines, write_csv

__all__ = ["MOST_BYTES", "MOST_LINES", "Column", "CsvFile", "CsvLine", "read_csv", "write_bad_lines", "write_csv"]
