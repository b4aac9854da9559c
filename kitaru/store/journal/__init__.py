"""The append-only journal: what was accepted, in the order in which it was accepted."""
