"""The finished pages of the state folder in a browser: the briefings and the models' reports.

Belongs here: where a page is found, and serving it. Must not be here: making one, Dagster.
"""
