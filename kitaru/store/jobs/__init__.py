"""Jobs: what is to be run by processes that nobody waits in, and the workers that see to it."""
