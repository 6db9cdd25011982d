"""Puts the live map's page and its configuration into the bucket that CloudFront serves."""
