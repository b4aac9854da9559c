"""A program without Kitaru."""

print("hello", flush=True)
