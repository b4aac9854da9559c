"""The local service: one process that owns a home's database, and the client that everyone else uses.

Nothing is imported here, because the service's own start passes through this module.
"""
