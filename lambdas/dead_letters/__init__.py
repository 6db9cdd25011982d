"""Dead letters → quarantine: a message that no function could handle is kept before its queue forgets it."""
