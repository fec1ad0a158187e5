"""BigQuery's rules for labels.

Belongs here: what a key and a value may be, and how many of them a table may have. Must not be here: which labels this product
uses. https://cloud.google.com/bigquery/docs/labels-intro#requirements
"""

import hashlib
import re

# Of a key, and of a value.
MAX_LENGTH = 63

# On one table, view or dataset.
MAX_LABELS = 64

# BigQuery takes letters of every script; these are the ones that nobody has to look up. A key begins with a letter.
_KEY = re.compile(rf"[a-z][a-z0-9_-]{{0,{MAX_LENGTH - 1}}}")
_VALUE = re.compile(rf"[a-z0-9_-]{{0,{MAX_LENGTH}}}")

# Hexadecimal digits of the hash: two of a thousand names that need one share it once in ten thousand such sets.
_DIGITS = 8


def is_key(text: str) -> bool:
    """May it be the key of a label?"""
    return _KEY.fullmatch(text) is not None


def label_value(text: str) -> str:
    """The text as the value of a label: itself where that is allowed.

    Otherwise in lower case, with `-` for what a label may not have, cut to length, and ending in a hash of the whole text, so
    that two texts stay different, and one text is always the same.
    """
    if _VALUE.fullmatch(text):
        return text
    legal = re.sub(r"[^a-z0-9_-]", "-", text.lower())[: MAX_LENGTH - _DIGITS - 1]
    return f"{legal}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"
