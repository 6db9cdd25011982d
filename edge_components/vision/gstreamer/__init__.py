"""GStreamer in a process of its own: what NVIDIA's plug-ins do there cannot take the other cameras along."""
