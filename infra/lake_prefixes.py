"""Where in the lake records are, for who may read and fold them."""

from __future__ import annotations

from contract.lake import COMPACTED_PREFIX, COVERS_PREFIX, RAW_PREFIX

RECORD_PREFIXES = (RAW_PREFIX, COMPACTED_PREFIX, COVERS_PREFIX)
"""Raw objects, what they were folded into, and which raw objects are in it.

`rds_loader` reads all three, too: rows of a raw object that is gone are where the compactor put them.
"""
