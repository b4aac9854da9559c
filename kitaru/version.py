"""The version of the distribution ``kitaru-jupyter``, as the build reads it."""

__version__ = "0.1.0"
