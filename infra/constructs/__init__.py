"""One capability each, with keyword-only parameters."""
