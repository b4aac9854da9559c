"""Measurements of speed and size, each in a process and a home of its own.

``python -m benchmarks`` measures everything and prints one table; ``python -m benchmarks side-by-side``
runs the same work on other libraries, in environments of their own.
"""
