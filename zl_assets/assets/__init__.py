"""The assets: thin. Each reads its inputs, calls a pure function and returns a MaterializeResult.

Belongs here: names, docstrings for the person looking at the graph, and metadata. Must not be here: calculations, SQL text,
files.
"""
