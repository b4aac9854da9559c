"""Parts for testing flows: see `kitaru.testing.llm_server`."""
