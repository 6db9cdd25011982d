"""Training of the shipped models: a procedural renderer, a small detector, its evaluation and its export."""
