"""The device's own view: annotated pictures of its cameras and how it is, in a browser or a video player."""
