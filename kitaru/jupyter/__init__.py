"""The Jupyter server extension: what JupyterLab and Notebook ask for, under ``/kitaru/api``.

It is a client like any other: the database belongs to the home's service. Nothing here opens it, and nothing here
unpickles a value.
"""
