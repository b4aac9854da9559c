"""What surfaces show of an execution: one bounded, plain document for every view.

The notebook's live view, the saved output, the Jupyter server's answers and the extension's
components all show an `ExecutionView`; nobody else decides what is folded, cut or left out.
"""
