"""Calls of language models: which model, with whose key, what came back and what it cost."""
