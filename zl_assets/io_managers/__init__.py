"""IO managers: where an asset's value goes, and where its reader gets it.

Belongs here: dagster over `warehouse`, and files. Must not be here: SQL, training, or rules about the data.
"""
