"""Durable flows for notebooks: see `flow`, `checkpoint` and `wait`."""
