"""Where in the lake records are, for who may read and fold them."""

from __future__ import annotations

from contract.lake import COMPACTED_PREFIX, COVERS_PREFIX, RAW_PREFIX

RECORD_PREFIXES = (RAW_PREFIX, COMPACTED_PREFIX, COVERS_PREFIX)
"""Raw objects, what they were folded into, and which raw objects are in it.

`rds_loader` reads all three, too: rows of a raw object that is gone are where the compactor put them.
"""

OPEN_DATA_INBOX_PREFIX = "inbox/"
"""Of the inbox bucket: files of public data to take in. Held equal to `lambdas.open_data` by a test."""
OPEN_DATA_PROFILES_PREFIX = "profiles/"
"""Of the inbox bucket: the data sets that a user has confirmed."""
OPEN_DATA_PREFIXES = ("open_data/", "open_data_quarantine/", "open_data_reports/", "open_data_proposals/")
"""Of the lake: rows, bad rows, reports and proposed profiles of public data."""
