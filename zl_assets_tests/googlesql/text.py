"""SQL as text: the names in it.

Belongs here: what can be said without understanding the SQL. Must not be here: an import that costs anything.
"""

import re
from collections.abc import Mapping

# Strings and comments, which must be left alone, or a name in backticks.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''(?:\\.|[^\\])*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])*'"
    r"|--[^\n]*|#[^\n]*|/\*.*?\*/"
    r"|`(?P<name>[^`]*)`",
    re.DOTALL,
)


def names_in(script: str) -> tuple[str, ...]:
    """Every name in backticks that has dots, in order of appearance, once each: project.dataset.table."""
    found = (token["name"] for token in _TOKEN.finditer(script))
    return tuple(dict.fromkeys(name for name in found if name is not None and "." in name))


def renamed(script: str, names: Mapping[str, str]) -> str:
    """The script with other names in its backticks; strings and comments stay."""
    return _TOKEN.sub(lambda token: f"`{names[token['name']]}`" if token["name"] in names else token[0], script)


def as_paths(script: str) -> str:
    """The script with `a.b.c` as `a`.`b`.`c`, which is how BigQuery reads it."""
    return renamed(script, {name: name.replace(".", "`.`") for name in names_in(script)})
