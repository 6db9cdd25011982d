"""Who may do what, by the policies themselves: an evaluator, and a reader of synthesised templates."""
