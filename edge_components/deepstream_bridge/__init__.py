"""Detections of a running DeepStream app, from its KITTI folders to records."""
