"""Frames in, records out: sources, detectors, tracker, counting and the pipeline that joins them."""
