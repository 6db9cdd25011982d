"""Models at work: packages, sessions, output layouts, detections."""
