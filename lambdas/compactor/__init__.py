"""Folds raw objects into few, large, sorted ones, each record once; docs/decisions/0009-compaction.md."""
