"""One module per measurement: ``measure(scene)`` is called once per round and returns samples by row."""
