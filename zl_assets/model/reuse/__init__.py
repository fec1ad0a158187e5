"""An unchanged model is used again: what it was made of, what is kept of its making, and finding it.

Must not be here: fitting, gates, words, Dagster.
"""
