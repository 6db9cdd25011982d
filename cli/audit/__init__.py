"""Audit of a run against counts made by hand: samples, errors, confidence intervals, and a page."""
