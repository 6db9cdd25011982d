"""From detections to records: tracking, lines, zones, ground, events, windows."""
