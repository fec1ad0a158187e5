"""What was done to files on the way to our columns, for a person.

Belongs here: the sentences, put together over files, and lists that are too long for one. Must not be here: what is done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zl_assets.warehouse.verdict import MAX_OFFENDERS

_NAMED = 3  # files named with a sentence; of a folder of thousands the first few tell which


@dataclass
class Notes:
    """Sentences about files, in the order in which they were made; a sentence that several files share stands once."""

    _files: dict[str, list[str]] = field(default_factory=dict)

    def add(self, file: Path, sentence: str) -> None:
        """Say this of a file. A sentence names no file, and ends without a full stop."""
        names = self._files.setdefault(sentence, [])
        if file.name not in names:
            names.append(file.name)

    def lines(self, files: Iterable[Path]) -> tuple[str, ...]:
        """One line a sentence about some of these files, with their names."""
        asked = {file.name for file in files}
        said = {sentence: [name for name in names if name in asked] for sentence, names in self._files.items()}
        return tuple(f"{first_of(names, _NAMED)}: {sentence}" for sentence, names in said.items() if names)


def first_of(texts: Sequence[str], most: int = MAX_OFFENDERS, between: str = ", ") -> str:
    """The first of these in a sentence, and how many more there are."""
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more
