"""The morning page: what moved, whether it is normal, what to expect, how good that was, and what is red.

Belongs here: its facts, its words, its page. Must not be here: Dagster, reading tables, sending it.
"""
