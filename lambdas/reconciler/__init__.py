"""Proves that nothing is lost: what devices made against what the lake and MySQL hold."""
