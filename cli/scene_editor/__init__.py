"""Drawing a scene: a local page on which zones, lines and ground points are drawn over a camera's frame."""
