"""From files, or from a seed, to frames of bars.

Belongs here: reading, converting and refusing input. Must not be here: dagster, google, and any calculation on sound bars.
"""
