"""How many dates of a history may go, at a person's word, or be missing from a source.

Must not be here: which they are, and deleting them (vanished.py).
"""

# More than one date in a hundred gone at once is a damaged source, not a correction of it: of 3,893 dates, 38. Of the whole
# history, because one date is a twentieth of a table that has only the newest ones.
ONE_IN = 100


def may_go(rows: int) -> int:
    """How many dates of a history may go.

    Args:
        rows: of the history, one a date.
    """
    return rows // ONE_IN
