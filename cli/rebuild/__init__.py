"""MySQL dropped and rebuilt from the lake, and the digests that tell whether both hold the same."""
